"""What providers are asked for over their APIs."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0024_alerts_that_return'),
    ]

    operations = [
        migrations.CreateModel(
            name='UsageFetch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('provider', models.CharField(max_length=40, verbose_name='provider')),
                ('first_day', models.DateField(verbose_name='first day')),
                ('last_day', models.DateField(verbose_name='last day')),
                ('state', models.CharField(choices=[('waiting', 'waiting'), ('running', 'running'), ('done', 'done'), ('failed', 'failed')], default='waiting', max_length=10, verbose_name='state')),
                ('pages', models.PositiveIntegerField(default=0, verbose_name='pages read')),
                ('days_changed', models.PositiveIntegerField(default=0, verbose_name='days with new figures')),
                ('failure', models.JSONField(blank=True, default=dict, verbose_name='failure')),
                ('made_at', models.DateTimeField(verbose_name='asked for')),
                ('made_by', models.CharField(max_length=254, verbose_name='asked for by')),
                ('lease_until', models.DateTimeField(null=True, verbose_name='lease until')),
                ('ended_at', models.DateTimeField(null=True, verbose_name='ended')),
            ],
            options={
                'verbose_name': "fetch of a provider's usage",
                'verbose_name_plural': "fetches of providers' usage",
                'ordering': ['-made_at', '-pk'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state__in', ['waiting', 'running'])), fields=('provider',), name='one_open_fetch_per_provider')],
            },
        ),
    ]

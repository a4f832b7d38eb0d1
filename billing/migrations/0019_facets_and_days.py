"""Facets, daily users, and how far databases that were rolled before are filled in."""

from django.db import migrations, models


def fill_in_later(apps, schema_editor):
    """What was rolled by an earlier version is in no slice yet: `catch_up` fills it in."""
    apps.get_model("billing", "RollupState").objects.update(slices_from=models.F("frontier"))


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0018_operators_cockpit'),
    ]

    operations = [
        migrations.CreateModel(
            name='DailyUser',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('tier', models.CharField(max_length=40)),
                ('language', models.CharField(max_length=8)),
                ('attempts', models.BigIntegerField()),
                ('calls', models.BigIntegerField()),
                ('answered', models.BigIntegerField()),
                ('cost_nanos', models.BigIntegerField()),
                ('estimated_nanos', models.BigIntegerField()),
                ('compared', models.BigIntegerField()),
                ('baseline_nanos', models.BigIntegerField()),
                ('saved_nanos', models.BigIntegerField()),
                ('fresh_input_tokens', models.BigIntegerField()),
                ('cache_read_tokens', models.BigIntegerField()),
                ('cache_write_tokens', models.BigIntegerField()),
                ('output_tokens', models.BigIntegerField()),
                ('day', models.DateField(db_index=True)),
                ('user_id', models.BigIntegerField()),
            ],
            options={
                'verbose_name': 'user on a day',
                'verbose_name_plural': 'users by day',
            },
        ),
        migrations.AddField(
            model_name='rollupstate',
            name='days_from',
            field=models.IntegerField(null=True),
        ),
        migrations.AddField(
            model_name='rollupstate',
            name='rows_from',
            field=models.IntegerField(null=True),
        ),
        migrations.AddField(
            model_name='rollupstate',
            name='slices_from',
            field=models.IntegerField(null=True),
        ),
        migrations.AddField(
            model_name='rollupstate',
            name='zone',
            field=models.CharField(db_default='', default='', max_length=40),
        ),
        migrations.CreateModel(
            name='DailyFacet',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('attempts', models.BigIntegerField()),
                ('calls', models.BigIntegerField()),
                ('answered', models.BigIntegerField()),
                ('cost_nanos', models.BigIntegerField()),
                ('estimated_nanos', models.BigIntegerField()),
                ('compared', models.BigIntegerField()),
                ('baseline_nanos', models.BigIntegerField()),
                ('saved_nanos', models.BigIntegerField()),
                ('fresh_input_tokens', models.BigIntegerField()),
                ('cache_read_tokens', models.BigIntegerField()),
                ('cache_write_tokens', models.BigIntegerField()),
                ('output_tokens', models.BigIntegerField()),
                ('facet', models.CharField(max_length=40)),
                ('value', models.CharField(max_length=160)),
                ('day', models.DateField()),
                ('other', models.CharField(max_length=160)),
            ],
            options={
                'verbose_name': 'facet of a day',
                'verbose_name_plural': 'facets by day',
                'indexes': [models.Index(fields=['facet', 'day'], name='facet_by_day')],
            },
        ),
        migrations.CreateModel(
            name='HourlyFacet',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('attempts', models.BigIntegerField()),
                ('calls', models.BigIntegerField()),
                ('answered', models.BigIntegerField()),
                ('cost_nanos', models.BigIntegerField()),
                ('estimated_nanos', models.BigIntegerField()),
                ('compared', models.BigIntegerField()),
                ('baseline_nanos', models.BigIntegerField()),
                ('saved_nanos', models.BigIntegerField()),
                ('fresh_input_tokens', models.BigIntegerField()),
                ('cache_read_tokens', models.BigIntegerField()),
                ('cache_write_tokens', models.BigIntegerField()),
                ('output_tokens', models.BigIntegerField()),
                ('facet', models.CharField(max_length=40)),
                ('value', models.CharField(max_length=160)),
                ('hour', models.IntegerField()),
            ],
            options={
                'verbose_name': 'facet of an hour',
                'verbose_name_plural': 'facets by hour',
                'indexes': [models.Index(fields=['facet', 'hour'], name='facet_by_hour')],
            },
        ),
        migrations.RunPython(fill_in_later, migrations.RunPython.noop),
    ]

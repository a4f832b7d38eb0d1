"""Usage and savings by day, and days of before are made once more to be in them."""

from django.db import migrations, models


def make_days_anew(apps, schema_editor):
    apps.get_model("billing", "RollupState").objects.update(days_from=models.F("frontier"))


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0022_rules_by_hour'),
    ]

    operations = [
        migrations.CreateModel(
            name='DailySaving',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('grain', models.SmallIntegerField(choices=[(0, 'all tiers and languages'), (1, 'by tier and language')])),
                ('tier', models.CharField(max_length=40)),
                ('language', models.CharField(max_length=8)),
                ('deployment', models.CharField(max_length=160)),
                ('model_class', models.CharField(max_length=10)),
                ('call_kind', models.CharField(max_length=40)),
                ('cache_layer', models.CharField(max_length=16)),
                ('answered', models.BigIntegerField()),
                ('own', models.BigIntegerField()),
                ('compared', models.BigIntegerField()),
                ('cost_nanos', models.BigIntegerField()),
                ('compared_nanos', models.BigIntegerField()),
                ('baseline_nanos', models.BigIntegerField()),
                ('prompt_cache_nanos', models.BigIntegerField()),
                ('precompute_nanos', models.BigIntegerField()),
                ('helpers_nanos', models.BigIntegerField()),
                ('failed_nanos', models.BigIntegerField()),
                ('input_tokens', models.BigIntegerField()),
                ('output_tokens', models.BigIntegerField()),
                ('compared_searches', models.BigIntegerField()),
                ('searches', models.BigIntegerField()),
                ('search_nanos', models.BigIntegerField()),
                ('day', models.DateField()),
            ],
            options={
                'verbose_name': 'savings of a day',
                'verbose_name_plural': 'savings by day',
                'indexes': [models.Index(fields=['grain', 'day', 'tier', 'language'], name='saving_by_day')],
            },
        ),
        migrations.CreateModel(
            name='DailyUsage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('grain', models.SmallIntegerField(choices=[(0, 'all tiers and languages'), (1, 'by tier and language')])),
                ('tier', models.CharField(max_length=40)),
                ('language', models.CharField(max_length=8)),
                ('deployment', models.CharField(max_length=160)),
                ('model_class', models.CharField(max_length=10)),
                ('cache_layer', models.CharField(max_length=16)),
                ('attempts', models.BigIntegerField()),
                ('calls', models.BigIntegerField()),
                ('answered', models.BigIntegerField()),
                ('cost_nanos', models.BigIntegerField()),
                ('estimated_nanos', models.BigIntegerField()),
                ('compared', models.BigIntegerField()),
                ('baseline_nanos', models.BigIntegerField()),
                ('saved_cache_nanos', models.BigIntegerField()),
                ('saved_search_nanos', models.BigIntegerField(default=0)),
                ('saved_prompt_cache_nanos', models.BigIntegerField()),
                ('saved_route_nanos', models.BigIntegerField()),
                ('saved_local_nanos', models.BigIntegerField(default=0)),
                ('saved_precompute_nanos', models.BigIntegerField(default=0)),
                ('saved_helpers_nanos', models.BigIntegerField(default=0)),
                ('saved_failed_nanos', models.BigIntegerField()),
                ('own', models.BigIntegerField(default=0)),
                ('fresh_input_tokens', models.BigIntegerField()),
                ('cache_read_tokens', models.BigIntegerField()),
                ('cache_write_tokens', models.BigIntegerField()),
                ('output_tokens', models.BigIntegerField()),
                ('first_baseline', models.CharField(max_length=160)),
                ('last_baseline', models.CharField(max_length=160)),
                ('day', models.DateField()),
            ],
            options={
                'verbose_name': 'usage of a day',
                'verbose_name_plural': 'usage by day',
                'indexes': [models.Index(fields=['grain', 'day', 'tier', 'language'], name='usage_by_day')],
            },
        ),
        migrations.RunPython(make_days_anew, migrations.RunPython.noop),
    ]

"""Errors, latencies, rules and debates by day, savings and users by month; days are made anew."""

from django.db import migrations, models


def make_days_anew(apps, schema_editor):
    """In the background: pages read hours meanwhile."""
    apps.get_model("billing", "RollupState").objects.update(days_from=models.F("frontier"))


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0026_price_corrections'),
    ]

    operations = [
        migrations.CreateModel(
            name='DailyOutcome',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(db_index=True)),
                ('tier', models.CharField(max_length=40)),
                ('language', models.CharField(max_length=8)),
                ('deployment', models.CharField(max_length=160)),
                ('outcome', models.CharField(max_length=12)),
                ('error_code', models.CharField(max_length=40)),
                ('attempts', models.BigIntegerField()),
            ],
            options={
                'verbose_name': 'errors of a day',
                'verbose_name_plural': 'errors by day',
            },
        ),
        migrations.CreateModel(
            name='DailyRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(db_index=True)),
                ('tier', models.CharField(max_length=40)),
                ('language', models.CharField(max_length=8)),
                ('deployment', models.CharField(max_length=160)),
                ('complexity', models.CharField(max_length=10)),
                ('is_economy', models.BooleanField()),
                ('calls', models.BigIntegerField()),
                ('cost_nanos', models.BigIntegerField()),
            ],
            options={
                'verbose_name': 'rule on a day',
                'verbose_name_plural': 'rules by day',
            },
        ),
        migrations.CreateModel(
            name='MonthlyUser',
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
                ('month', models.DateField(db_index=True)),
                ('user_id', models.BigIntegerField()),
            ],
            options={
                'verbose_name': 'user in a month',
                'verbose_name_plural': 'users by month',
            },
        ),
        migrations.CreateModel(
            name='DailyDebate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(db_index=True)),
                ('tier', models.CharField(max_length=40)),
                ('language', models.CharField(max_length=8)),
                ('user_id', models.BigIntegerField()),
                ('debate_id', models.CharField(max_length=128)),
                ('calls', models.BigIntegerField()),
                ('cost_nanos', models.BigIntegerField()),
                ('answered', models.BigIntegerField()),
                ('held_out', models.BigIntegerField()),
                ('baseline_nanos', models.BigIntegerField()),
                ('saved_nanos', models.BigIntegerField()),
            ],
            options={
                'verbose_name': 'debate on a day',
                'verbose_name_plural': 'debates by day',
                'indexes': [models.Index(fields=['debate_id', 'user_id', 'day'], name='day_of_debate'), models.Index(condition=models.Q(('held_out__gt', 0)), fields=['day'], name='held_out_on_day')],
            },
        ),
        migrations.CreateModel(
            name='DailyDebateCount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('facet', models.CharField(max_length=20)),
                ('tier', models.CharField(max_length=40)),
                ('language', models.CharField(max_length=8)),
                ('before', models.DateField(null=True)),
                ('debates', models.BigIntegerField()),
                ('calls', models.BigIntegerField()),
                ('cost_nanos', models.BigIntegerField()),
            ],
            options={
                'verbose_name': 'number of debates on a day',
                'verbose_name_plural': 'numbers of debates by day',
                'indexes': [models.Index(fields=['facet', 'day'], name='debate_count_by_day')],
            },
        ),
        migrations.CreateModel(
            name='DailyLatency',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('grain', models.SmallIntegerField(choices=[(0, 'all tiers and languages'), (1, 'by tier and language')])),
                ('day', models.DateField()),
                ('tier', models.CharField(max_length=40)),
                ('language', models.CharField(max_length=8)),
                ('deployment', models.CharField(max_length=160)),
                ('source', models.CharField(max_length=10)),
                ('histogram', models.BinaryField()),
            ],
            options={
                'verbose_name': 'latency of a day',
                'verbose_name_plural': 'latency by day',
                'indexes': [models.Index(fields=['grain', 'day', 'tier', 'language'], name='latency_by_day')],
            },
        ),
        migrations.CreateModel(
            name='MonthlySaving',
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
                ('month', models.DateField()),
            ],
            options={
                'verbose_name': 'savings of a month',
                'verbose_name_plural': 'savings by month',
                'indexes': [models.Index(fields=['grain', 'month', 'tier', 'language'], name='saving_by_month')],
            },
        ),
        migrations.RunPython(make_days_anew, migrations.RunPython.noop),
    ]

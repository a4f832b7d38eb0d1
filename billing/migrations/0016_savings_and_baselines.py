"""Savings by cause and kind of call. Hours that are rolled up already are marked, so that the next
rollup adds them up anew; until then pages say how many hours are missing."""

from django.db import migrations, models


def mark_rolled_hours(apps, schema_editor):
    HourlyUsage = apps.get_model("billing", "HourlyUsage")
    LateRow = apps.get_model("billing", "LateRow")
    hours = HourlyUsage.objects.order_by("hour").values_list("hour", flat=True).distinct()
    LateRow.objects.bulk_create((LateRow(hour=hour) for hour in hours), batch_size=500)


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0015_stored_answer_of_a_call'),
    ]

    operations = [
        migrations.AddField(
            model_name='hourlydebate',
            name='answered',
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='hourlydebate',
            name='baseline_nanos',
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='hourlydebate',
            name='held_out',
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='hourlydebate',
            name='saved_nanos',
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='hourlyusage',
            name='own',
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='hourlyusage',
            name='saved_helpers_nanos',
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='hourlyusage',
            name='saved_local_nanos',
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='hourlyusage',
            name='saved_precompute_nanos',
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='hourlyusage',
            name='saved_search_nanos',
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='usagerecord',
            name='search_nanos',
            field=models.BigIntegerField(null=True, verbose_name='of it for searches, nano-USD'),
        ),
        migrations.CreateModel(
            name='Baseline',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=40, verbose_name='name')),
                ('title', models.CharField(max_length=160, verbose_name='title')),
                ('version', models.PositiveSmallIntegerField(verbose_name='version')),
                ('frozen_at', models.DateTimeField(verbose_name='frozen')),
                ('superseded_at', models.DateTimeField(blank=True, null=True, verbose_name='superseded')),
                ('is_default', models.BooleanField(default=False, verbose_name='the usual one')),
                ('definition', models.JSONField(default=dict, verbose_name='definition')),
            ],
            options={
                'verbose_name': 'baseline of savings',
                'verbose_name_plural': 'baselines of savings',
                'ordering': ['-is_default', 'name', '-version'],
                'constraints': [models.UniqueConstraint(fields=('name', 'version'), name='one_baseline_per_version'), models.UniqueConstraint(condition=models.Q(('superseded_at', None)), fields=('name',), name='one_open_baseline')],
            },
        ),
        migrations.CreateModel(
            name='HourlySaving',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('grain', models.SmallIntegerField(choices=[(0, 'all tiers and languages'), (1, 'by tier and language')])),
                ('hour', models.IntegerField()),
                ('tier', models.CharField(max_length=40)),
                ('language', models.CharField(max_length=8)),
                ('deployment', models.CharField(max_length=160)),
                ('model_class', models.CharField(max_length=10)),
                ('call_kind', models.CharField(max_length=40)),
                ('cache_layer', models.CharField(max_length=10)),
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
            ],
            options={
                'verbose_name': 'savings of an hour',
                'verbose_name_plural': 'savings by hour',
                'indexes': [models.Index(fields=['grain', 'hour', 'tier', 'language'], name='saving_by_hour')],
            },
        ),
        migrations.RunPython(mark_rolled_hours, migrations.RunPython.noop),
    ]

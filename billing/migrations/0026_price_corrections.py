"""The price book was wrong: what was right, and rows of usage that say by how much."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0025_usage_fetches'),
    ]

    operations = [
        migrations.CreateModel(
            name='CorrectionPart',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('by', models.CharField(choices=[('day', 'day'), ('tier', 'plan'), ('payer', 'payer')], max_length=6, verbose_name='by')),
                ('key', models.CharField(max_length=60, verbose_name='which')),
                ('rows', models.BigIntegerField(default=0, verbose_name='attempts')),
                ('booked_nanos', models.BigIntegerField(default=0, verbose_name='booked, nano-USD')),
                ('right_nanos', models.BigIntegerField(default=0, verbose_name='as it should be, nano-USD')),
            ],
            options={
                'verbose_name': 'part of a price correction',
                'verbose_name_plural': 'parts of price corrections',
            },
        ),
        migrations.CreateModel(
            name='PriceCorrection',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('provider', models.CharField(max_length=40, verbose_name='provider')),
                ('model', models.CharField(max_length=120, verbose_name='model')),
                ('processing', models.CharField(max_length=10, verbose_name='processing')),
                ('min_input_tokens', models.PositiveIntegerField(default=0, verbose_name='from input tokens')),
                ('start', models.DateTimeField(verbose_name='from')),
                ('end', models.DateTimeField(verbose_name='until')),
                ('fresh_input', models.DecimalField(decimal_places=6, max_digits=14, null=True, verbose_name='input')),
                ('cache_read', models.DecimalField(decimal_places=6, max_digits=14, null=True, verbose_name='cache read')),
                ('cache_write', models.DecimalField(decimal_places=6, max_digits=14, null=True, verbose_name='cache write')),
                ('output', models.DecimalField(decimal_places=6, max_digits=14, null=True, verbose_name='output')),
                ('search_usd', models.DecimalField(decimal_places=6, max_digits=14, null=True, verbose_name='USD per search')),
                ('source', models.CharField(blank=True, max_length=200, verbose_name='source')),
                ('source_date', models.DateField(null=True, verbose_name='source read on')),
                ('reason', models.CharField(blank=True, max_length=500, verbose_name='reason')),
                ('made_by', models.CharField(max_length=254, verbose_name='made by')),
                ('made_at', models.DateTimeField(verbose_name='made')),
                ('posted_by', models.CharField(blank=True, max_length=254, verbose_name='posted by')),
                ('posted_at', models.DateTimeField(null=True, verbose_name='to be posted since')),
                ('ended_at', models.DateTimeField(null=True, verbose_name='ended')),
                ('state', models.CharField(choices=[('counting', 'being counted'), ('counted', 'not posted'), ('posting', 'being posted'), ('done', 'posted'), ('dropped', 'dropped')], default='counting', max_length=10, verbose_name='state')),
                ('place_at', models.DateTimeField(null=True)),
                ('place_id', models.BigIntegerField(null=True)),
                ('seen', models.BigIntegerField(default=0, verbose_name='rows looked at')),
                ('changed', models.BigIntegerField(default=0, verbose_name='rows corrected')),
                ('difference_nanos', models.BigIntegerField(default=0, verbose_name='difference, nano-USD')),
            ],
            options={
                'verbose_name': 'price correction',
                'verbose_name_plural': 'price corrections',
                'ordering': ['-made_at', '-pk'],
            },
        ),
        migrations.AddField(
            model_name='usagerecord',
            name='correction_id',
            field=models.BigIntegerField(null=True, verbose_name='price correction'),
        ),
        migrations.AddField(
            model_name='usagerecord',
            name='corrects_id',
            field=models.BigIntegerField(null=True, verbose_name='row that it corrects'),
        ),
        migrations.AddField(
            model_name='usagerecord',
            name='corrects_outcome',
            field=models.CharField(max_length=12, null=True, verbose_name='outcome of that row'),
        ),
        migrations.AlterField(
            model_name='usagerecord',
            name='outcome',
            field=models.CharField(choices=[('complete', 'complete'), ('incomplete', 'cut off'), ('cancelled', 'the client hung up'), ('failed', 'the provider failed'), ('cached', 'answered from the cache'), ('refused', 'refused'), ('corrected', 'price corrected')], max_length=12, verbose_name='outcome'),
        ),
        migrations.AddConstraint(
            model_name='usagerecord',
            constraint=models.UniqueConstraint(condition=models.Q(('correction_id__isnull', False)), fields=('correction_id', 'corrects_id', 'at'), name='one_correction_per_row'),
        ),
        migrations.AddField(
            model_name='pricecorrection',
            name='takes_back',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='taken_back_by', to='billing.pricecorrection', verbose_name='takes back'),
        ),
        migrations.AddField(
            model_name='correctionpart',
            name='correction',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='parts', to='billing.pricecorrection', verbose_name='price correction'),
        ),
        migrations.AddConstraint(
            model_name='pricecorrection',
            constraint=models.CheckConstraint(condition=models.Q(('start__lt', models.F('end'))), name='correction_has_a_range'),
        ),
        migrations.AddConstraint(
            model_name='correctionpart',
            constraint=models.UniqueConstraint(fields=('correction', 'by', 'key'), name='one_part_per_key'),
        ),
    ]

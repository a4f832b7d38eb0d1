"""Savings of days by model and for charts; debates of one day only. Days are made anew."""

from django.db import migrations, models

GRAINS = [
    (0, 'all tiers and languages'), (1, 'by tier and language'), (2, 'by tier, language and model'),
    (3, 'all kinds, tiers and languages'), (4, 'all kinds, by tier and language'),
    (5, 'all kinds, by tier, language and model'),
]


def make_days_anew(apps, schema_editor):
    """In the background: pages read hours meanwhile."""
    apps.get_model("billing", "RollupState").objects.update(days_from=models.F("frontier"))


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0028_corrections_that_fail'),
    ]

    operations = [
        *(
            migrations.AlterField(
                model_name=name, name='grain', field=models.SmallIntegerField(choices=GRAINS),
            )
            for name in ('dailysaving', 'hourlysaving', 'monthlysaving')
        ),
        migrations.AddIndex(
            model_name='dailysaving',
            index=models.Index(
                fields=['deployment', 'grain', 'day'], name='saving_of_model_by_day',
            ),
        ),
        migrations.AddIndex(
            model_name='monthlysaving',
            index=models.Index(
                fields=['deployment', 'grain', 'month'], name='saving_of_model_by_month',
            ),
        ),
        migrations.AddField(
            model_name='dailydebate', name='is_alone',
            field=models.BooleanField(default=False, db_default=False),
        ),
        migrations.AlterField(  # what is there is not known to be alone; what comes is, until told
            model_name='dailydebate', name='is_alone',
            field=models.BooleanField(default=True, db_default=True),
        ),
        migrations.AddIndex(
            model_name='dailydebate',
            index=models.Index(
                models.F('cost_nanos').desc(), models.F('user_id'), models.F('debate_id'),
                condition=models.Q(('is_alone', True)), name='dearest_debates',
            ),
        ),
        migrations.AddIndex(
            model_name='dailydebate',
            index=models.Index(
                fields=['day'], condition=models.Q(('is_alone', False)), name='debates_not_alone',
            ),
        ),
        migrations.RunPython(make_days_anew, migrations.RunPython.noop),
    ]

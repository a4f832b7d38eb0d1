"""The cap that a window was raised from, for that window only."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0019_facets_and_days'),
    ]

    operations = [
        migrations.AddField(
            model_name='window',
            name='raised_from',
            field=models.BigIntegerField(null=True, verbose_name='raised once, from'),
        ),
    ]

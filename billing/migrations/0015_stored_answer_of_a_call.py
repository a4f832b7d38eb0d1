
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0014_where_in_a_debate'),
    ]

    operations = [
        migrations.AddField(
            model_name='usagerecord',
            name='answer_id',
            field=models.BigIntegerField(null=True, verbose_name='stored answer'),
        ),
        migrations.AddField(
            model_name='usagerecord',
            name='is_holdout',
            field=models.BooleanField(null=True, verbose_name='held out to check savings'),
        ),
    ]


from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0012_credit_by_day'),
    ]

    operations = [
        migrations.AlterField(
            model_name='customer',
            name='sync_asked',
            field=models.BigIntegerField(default=0, editable=False, verbose_name='looks at Stripe begun'),
        ),
        migrations.AlterField(
            model_name='customer',
            name='sync_written',
            field=models.BigIntegerField(default=0, editable=False, verbose_name='last look written down'),
        ),
    ]

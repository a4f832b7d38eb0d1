from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0011_payer_days")]

    operations = [
        migrations.AddField(
            model_name="dailypayer",
            name="credit_nanos",
            field=models.BigIntegerField(default=0),
        ),
    ]

"""Hours by rule of the routing table. Filled with the slices: hours that are in them have it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0021_usage_by_month")]

    operations = [
        migrations.CreateModel(
            name="HourlyRule",
            fields=[
                ("id", models.BigAutoField(
                    auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                )),
                ("hour", models.IntegerField(db_index=True)),
                ("tier", models.CharField(max_length=40)),
                ("language", models.CharField(max_length=8)),
                ("deployment", models.CharField(max_length=160)),
                ("complexity", models.CharField(max_length=10)),
                ("is_economy", models.BooleanField()),
                ("calls", models.BigIntegerField()),
                ("cost_nanos", models.BigIntegerField()),
            ],
            options={
                "verbose_name": "rule in an hour", "verbose_name_plural": "rules by hour",
            },
        ),
    ]

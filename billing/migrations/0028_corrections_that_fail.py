"""Corrections that could not be posted say why, and look for attempts that were booked later."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0027_daily_and_monthly_sums")]

    operations = [
        migrations.AddField(
            model_name="pricecorrection",
            name="failed_call",
            field=models.UUIDField(null=True, verbose_name="call that failed"),
        ),
        migrations.AddField(
            model_name="pricecorrection",
            name="failure",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=400, verbose_name="failure"
            ),
        ),
        migrations.AddField(
            model_name="pricecorrection",
            name="late_until",
            field=models.DateTimeField(
                null=True, verbose_name="looked for late attempts until"
            ),
        ),
        migrations.AddField(
            model_name="pricecorrection", name="since_id", field=models.BigIntegerField(null=True)
        ),
        migrations.AlterField(
            model_name="pricecorrection",
            name="state",
            field=models.CharField(
                choices=[
                    ("counting", "being counted"), ("counted", "not posted"),
                    ("posting", "being posted"), ("done", "posted"),
                    ("failed", "could not be posted"), ("dropped", "dropped"),
                ],
                default="counting", max_length=10, verbose_name="state",
            ),
        ),
    ]

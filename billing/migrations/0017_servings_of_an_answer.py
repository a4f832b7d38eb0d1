"""Servings of a stored answer are found by it, and the layer "precomputed" fits.

SQLite holds no text to a length, and rebuilding these tables would lose their triggers: only
PostgreSQL is told.
"""

from django.db import migrations, models

TABLES = ("billing_usagerecord", "billing_hourlyusage", "billing_hourlysaving")


def widen(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    for table in TABLES:
        schema_editor.execute(f"ALTER TABLE {table} ALTER COLUMN cache_layer TYPE varchar(16)")


class Migration(migrations.Migration):
    dependencies = [("billing", "0016_savings_and_baselines")]
    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField(
                    "usagerecord", "cache_layer",
                    models.CharField("cache layer", max_length=16, blank=True),
                ),
                migrations.AlterField(
                    "hourlyusage", "cache_layer", models.CharField(max_length=16)
                ),
                migrations.AlterField(
                    "hourlysaving", "cache_layer", models.CharField(max_length=16)
                ),
            ],
            database_operations=[migrations.RunPython(widen, migrations.RunPython.noop)],
        ),
        migrations.AddIndex(
            "usagerecord",
            models.Index(
                fields=["answer_id", "-at"], condition=models.Q(answer_id__isnull=False),
                name="usage_by_answer",
            ),
        ),
    ]

"""SQLite makes a table anew to add a column, and its triggers are gone: here they are again."""

from importlib import import_module

from django.db import migrations

late_rows = import_module("billing.migrations.0007_late_rows")


def mark_late_rows(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        late_rows.mark_late_rows(apps, schema_editor)


class Migration(migrations.Migration):
    dependencies = [("billing", "0009_payments")]
    operations = [migrations.RunPython(mark_late_rows, migrations.RunPython.noop)]

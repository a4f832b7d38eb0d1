"""The database itself refuses to change or delete what was booked."""

from django.db import migrations

POSTGRESQL = (
    """
    CREATE FUNCTION billing_ledger_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'ledger entries are append-only'; END $$
    """,
    """
    CREATE TRIGGER billing_ledger_append_only BEFORE UPDATE OR DELETE ON billing_ledgerentry
    FOR EACH ROW EXECUTE FUNCTION billing_ledger_is_append_only()
    """,
)
SQLITE = tuple(
    f"""
    CREATE TRIGGER billing_ledger_no_{verb} BEFORE {verb} ON billing_ledgerentry
    BEGIN SELECT RAISE(ABORT, 'ledger entries are append-only'); END
    """
    for verb in ("UPDATE", "DELETE")
)


def forbid_changes(apps, schema_editor):
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    for statement in POSTGRESQL if is_postgresql else SQLITE:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_initial")]
    operations = [migrations.RunPython(forbid_changes, migrations.RunPython.noop)]

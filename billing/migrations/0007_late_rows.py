"""The database itself marks the hour of a usage row that comes, changes or goes after its end."""

from django.db import migrations

POSTGRESQL = (
    """
    CREATE FUNCTION billing_hour(instant timestamptz) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT CAST(FLOOR(EXTRACT(EPOCH FROM instant) / 3600) AS integer) $$
    """,
    """
    CREATE FUNCTION billing_mark_late() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE running integer := billing_hour(clock_timestamp());
    BEGIN
      IF TG_OP <> 'INSERT' AND billing_hour(OLD.at) < running THEN
        INSERT INTO billing_laterow (hour) VALUES (billing_hour(OLD.at));
      END IF;
      IF TG_OP <> 'DELETE' AND billing_hour(NEW.at) < running THEN
        INSERT INTO billing_laterow (hour) VALUES (billing_hour(NEW.at));
      END IF;
      RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER billing_usage_late_insert AFTER INSERT ON billing_usagerecord FOR EACH ROW
    WHEN (billing_hour(NEW.at) < billing_hour(clock_timestamp()))
    EXECUTE FUNCTION billing_mark_late()
    """,
    """
    CREATE TRIGGER billing_usage_late_change AFTER UPDATE OR DELETE ON billing_usagerecord
    FOR EACH ROW EXECUTE FUNCTION billing_mark_late()
    """,
)
RUNNING = "strftime('%Y-%m-%d %H', 'now')"  # as the column begins: cheaper than numbers


def hour(row):
    return f"CAST(strftime('%s', substr({row}.at, 1, 13) || ':00:00') AS INTEGER) / 3600"


SQLITE = tuple(
    f"""
    CREATE TRIGGER billing_usage_late_{verb}_{row} AFTER {verb} ON billing_usagerecord
    WHEN substr({row}.at, 1, 13) < {RUNNING}
    BEGIN INSERT INTO billing_laterow (hour) VALUES ({hour(row)}); END
    """
    for verb, row in (("INSERT", "NEW"), ("UPDATE", "OLD"), ("UPDATE", "NEW"), ("DELETE", "OLD"))
)


def mark_late_rows(apps, schema_editor):
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    for statement in POSTGRESQL if is_postgresql else SQLITE:
        schema_editor.execute(statement, params=None)  # "%" as it stands


class Migration(migrations.Migration):
    dependencies = [("billing", "0006_hourly_rollups")]
    operations = [migrations.RunPython(mark_late_rows, migrations.RunPython.noop)]

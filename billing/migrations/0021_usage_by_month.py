"""PostgreSQL keeps usage rows by month: rows, numbers, indexes and triggers are what they were.

A unique key of a partitioned table has to hold `at`: it is (id, at) and (reservation_id, at) from
here on. SQLite has no partitions.

The rows are copied once, while nobody else can use the table.
"""

from datetime import UTC, datetime

from django.db import migrations

TABLE = "billing_usagerecord"
BEFORE = f"{TABLE}_before"
SEQUENCE = f"{TABLE}_id_seq"
AHEAD = 3


def partition(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {TABLE} IN ACCESS EXCLUSIVE MODE")
        kept = [*indexes(cursor), *triggers(cursor)]
        following, months = next_id(cursor), all_months(cursor)
        for statement in (*as_parent(following), *partitions(months), *copied(), *kept):
            cursor.execute(statement)
    schema_editor.execute(f"ANALYZE {TABLE}")


def fetch(cursor, statement):
    cursor.execute(statement)
    return cursor.fetchall()


def indexes(cursor):
    """As they are, but those that say what is unique."""
    return [definition for (definition,) in fetch(
        cursor,
        "SELECT pg_get_indexdef(indexrelid) FROM pg_index"
        f" WHERE indrelid = '{TABLE}'::regclass AND NOT indisunique ORDER BY indexrelid",
    )]


def triggers(cursor):
    return [definition for (definition,) in fetch(
        cursor,
        "SELECT pg_get_triggerdef(oid) FROM pg_trigger"
        f" WHERE tgrelid = '{TABLE}'::regclass AND NOT tgisinternal ORDER BY tgname",
    )]


def next_id(cursor):
    ((following,),) = fetch(
        cursor,
        "SELECT GREATEST(last_value + is_called::int,"
        f" (SELECT COALESCE(MAX(id), 0) + 1 FROM {TABLE})) FROM {SEQUENCE}",
    )
    return following


def all_months(cursor):
    """That have rows, the running one and the next ones: years since 0, in months."""
    found = fetch(
        cursor,
        "SELECT DISTINCT EXTRACT(YEAR FROM at AT TIME ZONE 'UTC')::int * 12"
        f" + EXTRACT(MONTH FROM at AT TIME ZONE 'UTC')::int - 1 FROM {TABLE}",
    )
    now = datetime.now(UTC)
    running = now.year * 12 + now.month - 1
    return sorted({number for (number,) in found} | {running + n for n in range(AHEAD + 1)})


def as_parent(following):
    return (
        f"ALTER TABLE {TABLE} RENAME TO {BEFORE}",
        f"ALTER TABLE {BEFORE} ALTER COLUMN id DROP IDENTITY IF EXISTS",
        f"DROP SEQUENCE IF EXISTS {SEQUENCE} CASCADE",
        f"CREATE TABLE {TABLE} (LIKE {BEFORE} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)"
        " PARTITION BY RANGE (at)",
        f"CREATE SEQUENCE {SEQUENCE} AS bigint START {following} OWNED BY {TABLE}.id",
        f"ALTER TABLE {TABLE} ALTER COLUMN id SET DEFAULT nextval('{SEQUENCE}')",
    )


def partitions(months):
    for number in months:
        name = f"{TABLE}_y{number // 12:04d}m{number % 12 + 1:02d}"
        low, high = (
            f"{each // 12:04d}-{each % 12 + 1:02d}-01 00:00:00+00" for each in (number, number + 1)
        )
        yield f"CREATE TABLE {name} PARTITION OF {TABLE} FOR VALUES FROM ('{low}') TO ('{high}')"
    yield f"CREATE TABLE {TABLE}_default PARTITION OF {TABLE} DEFAULT"


def copied():
    """Indexes are made when the rows are in: it is quicker, and their names are free then."""
    return (
        f"INSERT INTO {TABLE} SELECT * FROM {BEFORE} ORDER BY id",
        f"DROP TABLE {BEFORE}",
        f"ALTER TABLE {TABLE} ADD CONSTRAINT {TABLE}_pkey PRIMARY KEY (id, at)",
        f"ALTER TABLE {TABLE} ADD CONSTRAINT {TABLE}_reservation_id_at_uniq"
        " UNIQUE (reservation_id, at)",
    )


class Migration(migrations.Migration):
    dependencies = [("billing", "0020_window_raised_once")]
    operations = [migrations.RunPython(partition, migrations.RunPython.noop)]

"""The rows that a new product begins with, for tests that are about something else.

The product makes them, once a process; every later test is given copies of the same rows, which
takes 1 ms instead of 50. What has been made in an empty database is copied into an empty one only:
where there is a row already, the product is asked as before.
"""

from collections.abc import Iterator
from datetime import datetime
from io import StringIO

from django.core.management import call_command
from django.db import connection, transaction

from costcontrol.lib import clock
from routing import snapshot
from routing.debates.topic_calibration import resolver_prepare
from tests.emptying.management.commands.flush import full_tables

_made: dict[datetime | None, list[str]] = {}  # one INSERT for each table


def defaults_copy() -> None:
    """`manage.py load_defaults`, at this time if the clock stands."""
    key, is_empty = clock._given.get(), not full_tables(connection)
    if key not in _made or not is_empty:
        _make(key, is_empty=is_empty)
        return
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in _made[key]:
            cursor.execute(statement)
    snapshot.forget()
    resolver_prepare()  # other tests have other embedders


def _make(key: datetime | None, *, is_empty: bool) -> None:
    call_command("load_defaults", stdout=StringIO())
    if is_empty:
        _made[key] = list(_inserts(full_tables(connection)))


def _inserts(tables: list[str]) -> Iterator[str]:
    """As text, which is the same on both databases, and needs no adapter for any type."""
    for table in tables:
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT * FROM "{table}" LIMIT 0')
            columns = [f'"{column[0]}"' for column in cursor.description]
            quoted = " || ',' || ".join(_quoted(column) for column in columns)
            cursor.execute(f'SELECT {quoted} FROM "{table}"')
            rows = "), (".join(row[0] for row in cursor.fetchall())
        yield f'INSERT INTO "{table}" ({", ".join(columns)}) VALUES ({rows})'


def _quoted(column: str) -> str:
    is_postgresql = connection.vendor == "postgresql"
    return f"quote_nullable({column}::text)" if is_postgresql else f"quote({column})"

"""The rows that a new product begins with, for tests that are about something else.

The product makes them, once a process; every later test is given copies of the same rows, which
takes 3 ms instead of 50. What has been made in an empty database is copied into an empty one only:
where there is a row already, the product is asked as before.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from io import StringIO

from django.core.management import call_command
from django.db import connection, transaction

from accounts.services import tiers_load
from costcontrol.lib import clock
from routing import snapshot
from routing.debates.topic_calibration import resolver_prepare
from tests.emptying.management.commands.flush import full_tables

Copies = dict[str, str]  # a table's rows, as the SQL that inserts them
_made: dict[tuple[str, datetime | None], Copies] = {}


def defaults_copy() -> None:
    """`manage.py load_defaults`."""
    if not _copy("defaults", lambda: call_command("load_defaults", stdout=StringIO())):
        return
    snapshot.forget()
    resolver_prepare()  # other tests have other embedders


def tiers_copy() -> None:
    _copy("tiers", tiers_load)


def _copy(name: str, make: Callable[[], object]) -> bool:
    """Whether copies are there now; else `make` has made the rows. A clock that stands is in them.
    """
    key = name, clock._given.get()
    if key not in _made:
        before = full_tables(connection)
        make()
        if not before:
            _made[key] = dict(_inserts(full_tables(connection)))
        return False
    if full_tables(connection):
        make()
        return False
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in _made[key].values():
            cursor.execute(statement)
    return True


def _inserts(tables: list[str]) -> Iterator[tuple[str, str]]:
    """As text, which is the same on both databases, and needs no adapter for any type."""
    for table in tables:
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT * FROM "{table}" LIMIT 0')
            columns = [f'"{column[0]}"' for column in cursor.description]
            quoted = " || ',' || ".join(_quoted(column) for column in columns)
            cursor.execute(f'SELECT {quoted} FROM "{table}"')
            rows = "), (".join(row[0] for row in cursor.fetchall())
        yield table, f'INSERT INTO "{table}" ({", ".join(columns)}) VALUES ({rows})'


def _quoted(column: str) -> str:
    is_postgresql = connection.vendor == "postgresql"
    return f"quote_nullable({column}::text)" if is_postgresql else f"quote({column})"

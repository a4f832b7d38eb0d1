"""Django's `flush` for the end of a test: only what has rows is emptied, and what migrations make
for every database alike (content types, permissions) stays instead of being made again.

Django's own empties every table and makes 300 such rows again, which takes longer than most tests.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any

from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management.commands import flush
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from billing.models import LateRow

MADE_BY_MIGRATIONS = {Permission._meta.db_table, ContentType._meta.db_table}


class Command(flush.Command):
    def handle(self, **options: Any) -> None:
        if options["interactive"] or options.get("reset_sequences", True):
            super().handle(**options)
            return
        connection = connections[options["database"]]
        empty(connection, full_tables(connection))


@cache
def tables(database: str) -> list[str]:
    found = connections[database].introspection.django_table_names(only_existing=True)
    return sorted(set(found) - MADE_BY_MIGRATIONS)


def full_tables(connection: BaseDatabaseWrapper) -> list[str]:
    quoted = {name: connection.ops.quote_name(name) for name in tables(connection.alias)}
    query = " UNION ALL ".join(
        f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {table})" for name, table in quoted.items()
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        return [name for (name,) in cursor.fetchall()]


def empty(connection: BaseDatabaseWrapper, names: Iterable[str]) -> None:
    """In any order: foreign keys are asked when all rows are gone. PostgreSQL's triggers, which
    Django's TRUNCATE does not ask, sleep. Of SQLite's, those that refuse have been dropped by
    whoever booked; another marks the hours of usage rows that go: so the marks go last."""
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL session_replication_role = replica")
        for name in [*names, LateRow._meta.db_table]:
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(name)}")

"""A database whose rows other connections and processes see, emptied afterwards."""

from collections.abc import Iterator

import pytest
from django.db import connection
from pytest_django.plugin import DjangoDbBlocker

from billing import debates, gauge, purses

# SQLite has one writer at a time, and no partitions: what they test cannot happen there.
ONLY_POSTGRESQL = ["test_rollup_writers.py", "test_partitions.py"]
collect_ignore = [] if connection.vendor == "postgresql" else ONLY_POSTGRESQL


class AppendOnly:
    """SQLite's triggers, which refuse to empty the ledger too. (PostgreSQL truncates.)"""

    def __init__(self) -> None:
        self._triggers: list[tuple[str, str]] = []

    def drop(self) -> None:
        if connection.vendor != "sqlite":
            return
        with connection.cursor() as cursor:
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            self._triggers = cursor.fetchall()
            for name, _ in self._triggers:
                cursor.execute(f"DROP TRIGGER {name}")

    def restore(self) -> None:
        with connection.cursor() as cursor:
            for _, sql in self._triggers:
                cursor.execute(sql)


@pytest.fixture
def append_only(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[AppendOnly]:
    """Torn down after the database is: the triggers come back when the tables are empty."""
    triggers = AppendOnly()
    yield triggers
    with django_db_blocker.unblock():
        triggers.restore()


@pytest.fixture
def committed(append_only: AppendOnly, transactional_db: None) -> Iterator[None]:
    yield
    append_only.drop()


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    """Windows and debates of other tests have the same numbers and are gone."""
    gauge.forget_all()
    debates._taken.clear()
    purses.forget_all()

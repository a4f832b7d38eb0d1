"""Writers of a SQLite file wait for each other, for as long as is allowed and no longer."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest
from django.db import OperationalError, connection, connections, transaction

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def other() -> Iterator[sqlite3.Connection]:
    """Another process's connection to the same file."""
    name = str(connection.settings_dict["NAME"])
    with closing(sqlite3.connect(name, isolation_level=None, check_same_thread=False)) as other:
        yield other


def own_wait_ms() -> int:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout")
        return int(cursor.fetchone()[0])


def begin_and_tell(has_begun: threading.Event) -> None:
    try:
        with transaction.atomic():
            has_begun.set()
    finally:
        connections.close_all()


def test_transaction_begins_when_the_other_writer_has_ended(other: sqlite3.Connection) -> None:
    has_begun = threading.Event()
    waiting = threading.Thread(target=begin_and_tell, args=[has_begun])
    other.execute("BEGIN IMMEDIATE")
    waiting.start()
    assert not has_begun.wait(0.1)
    other.execute("COMMIT")
    waiting.join(10)
    assert has_begun.is_set()


def test_patience_has_an_end(
    other: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "timeout", 0.02)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(OperationalError, match="locked"), transaction.atomic():
        pass


def test_statements_outside_of_transactions_wait_as_before() -> None:
    with transaction.atomic():
        pass
    assert own_wait_ms() == 20_000

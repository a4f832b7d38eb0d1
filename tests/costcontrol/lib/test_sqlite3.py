"""Writers of a SQLite file wait for each other, for as long as is allowed and no longer."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, OperationalError, connection, connections, transaction

from accounts.models import Tier

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def other() -> Iterator[sqlite3.Connection]:
    """Another process's connection to the same file."""
    name = str(connection.settings_dict["NAME"])
    with closing(sqlite3.connect(name, isolation_level=None, check_same_thread=False)) as other:
        yield other


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


def write_alone(is_open: threading.Event, raw: list[Any]) -> None:
    """A statement that is no part of a transaction."""
    try:
        connection.ensure_connection()
        raw.append(connection.connection)
        is_open.set()
        Tier.objects.filter(name="nobody").update(name="nobody")
    finally:
        connections.close_all()


def test_a_statement_alone_waits_too_and_stops_nobody_who_clears_up_after_it(
    other: sqlite3.Connection,
) -> None:
    """As the collector of circles does, in whichever thread it runs."""
    is_open, raw = threading.Event(), list[Any]()
    waiting = threading.Thread(target=write_alone, args=[is_open, raw])
    other.execute("BEGIN IMMEDIATE")
    waiting.start()
    assert is_open.wait(10)
    waiting.join(0.05)
    raw[0].create_function("of_its_connection", 0, lambda: 1)  # came back only after 20 s
    assert waiting.is_alive()
    other.execute("COMMIT")
    waiting.join(10)
    assert not waiting.is_alive()


def test_nothing_waits_inside_of_sqlite() -> None:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout")
        assert cursor.fetchone() == (0,)


def test_many_rows_are_written_together_or_not_at_all() -> None:
    insert = "INSERT INTO auth_group (name) VALUES (%s)"
    with connection.cursor() as cursor:
        with pytest.raises(IntegrityError):
            cursor.executemany(insert, [("a",), ("b",), ("a",)])
        assert not Group.objects.exists()
        cursor.executemany(insert, [("a",), ("b",)])
    assert Group.objects.count() == 2

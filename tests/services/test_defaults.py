"""Copies of the default rows are the rows that the product makes, in a database that is empty."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db import connection

from billing.models import LateRow, UsageRecord
from tests.emptying.management.commands.flush import full_tables
from tests.services import defaults

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]


@pytest.fixture
def nothing_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(defaults, "_made", {})


def test_copies_are_the_same_rows(nothing_made: None) -> None:
    defaults.defaults_copy()
    made = everything()
    emptied(made)
    defaults.defaults_copy()
    assert everything() == made
    assert len(made["routing_topic"]) > 100


def test_a_database_with_rows_is_left_to_the_product(nothing_made: None) -> None:
    defaults.defaults_copy()
    made = everything()
    defaults.defaults_copy()  # adds what is missing: nothing
    assert everything() == made


@pytest.mark.django_db(transaction=True)
def test_usage_rows_that_go_leave_no_marks_of_their_hours() -> None:
    UsageRecord.objects.create(
        call_id=uuid4(), attempt=1, at=datetime(2026, 1, 1, tzinfo=UTC), user_id=1,
        outcome="complete", confidence="exact",
    )
    assert LateRow.objects.exists()
    call_command("flush", interactive=False, reset_sequences=False, verbosity=0)
    assert full_tables(connection) == []


def everything() -> dict[str, list[Any]]:
    return dict(_rows())


def _rows() -> Iterator[tuple[str, list[Any]]]:
    for table in full_tables(connection):
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT * FROM "{table}" ORDER BY 1')
            yield table, list(cursor.fetchall())


def emptied(made: dict[str, list[Any]]) -> None:
    with connection.cursor() as cursor:
        for table in made:
            cursor.execute(f'DELETE FROM "{table}"')
    assert full_tables(connection) == []

"""Copies of the default rows are the rows that the product makes."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

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

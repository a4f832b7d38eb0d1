"""Rows of a model by words that are written once. Synchronous.

Django writes the words of a query anew each time it is asked, which takes several times as long as
the database takes to answer. What runs many times for every turn of a debate is asked this way: the
columns come from the model, only what follows FROM is written by hand.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from enum import Enum
from functools import lru_cache
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db import connection, models

M = TypeVar("M", bound=models.Model)
Convert = Callable[[Any], Any]


class Rows(Generic[M]):
    """`Rows(Turn, "WHERE debate_id = %s")(debate_id)`. `lock`: until the transaction ends."""

    def __init__(
        self, model: type[M], rest: str, *, without: Sequence[str] = (), lock: bool = False
    ) -> None:
        fields = [each for each in model._meta.concrete_fields if each.attname not in without]
        self._model, self._lock = model, lock
        self._names = [field.attname for field in fields]
        self.columns = ", ".join(f'"{field.column}"' for field in fields)
        self._words = f'SELECT {self.columns} FROM "{model._meta.db_table}" {rest}'

    def __call__(self, *params: Any) -> list[M]:
        may_lock = self._lock and connection.features.has_select_for_update
        found = asked(self._words + " FOR NO KEY UPDATE" if may_lock else self._words, *params)
        return self.made_of(found)

    def made_of(self, found: Sequence[Sequence[Any]]) -> list[M]:
        """Objects from raw rows of `columns`."""
        if not found:
            return []
        converters = _converters(self._model, tuple(self._names), connection.vendor)
        rows = [list(row) for row in found]
        for i, convert in converters:
            for row in rows:
                row[i] = convert(row[i])
        return [self._model.from_db(connection.alias, self._names, row) for row in rows]


def asked(words: str, *params: Any) -> list[tuple[Any, ...]]:
    """The rows as the database gives them."""
    with connection.cursor() as cursor:
        cursor.execute(words, [param(each) for each in params])
        return list(cursor.fetchall())


def changed(words: str, *params: Any) -> int:
    """How many rows a statement has changed."""
    with connection.cursor() as cursor:
        cursor.execute(words, [param(each) for each in params])
        return int(cursor.rowcount)


def insert(row: models.Model) -> None:
    """A new row whose key is known, as it is. Sends no signals."""
    words, fields = _insertion(type(row))
    changed(words, *(
        field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields
    ))
    row._state.adding, row._state.db = False, connection.alias


@lru_cache(maxsize=64)
def _insertion(model: type[models.Model]) -> tuple[str, tuple[Any, ...]]:
    fields = tuple(model._meta.concrete_fields)
    columns = ", ".join(f'"{field.column}"' for field in fields)
    marks = ", ".join(["%s"] * len(fields))
    return f'INSERT INTO "{model._meta.db_table}" ({columns}) VALUES ({marks})', fields


def param(value: Any) -> Any:
    """As this database wants it."""
    if isinstance(value, UUID):
        return value if connection.features.has_native_uuid_field else value.hex
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return value.value if isinstance(value, Enum) else value


@lru_cache(maxsize=64)
def _converters(
    model: type[models.Model], names: tuple[str, ...], vendor: str
) -> list[tuple[int, Convert]]:
    """Of the columns that need one, and their places. The same in every thread."""
    found: list[tuple[int, Convert]] = []
    for i, name in enumerate(names):
        field = model._meta.get_field(name)
        column = field.get_col(model._meta.db_table)  # type: ignore[union-attr]  # all are concrete
        steps = [
            *connection.ops.get_db_converters(column), *column.get_db_converters(connection)
        ]
        if steps:
            found.append((i, _one(steps, column)))
    return found


def _one(steps: Sequence[Callable[..., Any]], column: Any) -> Convert:
    def convert(value: Any) -> Any:
        for step in steps:
            value = step(value, column, connection)
        return value

    return convert

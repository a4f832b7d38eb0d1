"""The ledger's statements, in PostgreSQL's and SQLite's words. Only `ledger.py` calls them.

PostgreSQL: one statement each, rows locked in one order for all, `(rank, id)`, cold scopes first:
no deadlock, and the hot row is locked last. SQLite: inside BEGIN IMMEDIATE, which has one writer.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Protocol
from uuid import UUID

from django.db import connection, connections, models, transaction
from django.db.models.expressions import DatabaseDefault

from billing.models import UsageRecord

OPEN = (0, 1)
Rooms = list[tuple[int, int, int, int]]


@dataclass(frozen=True, slots=True)
class NewReservation:
    id: UUID
    call_id: UUID
    holds: list[list[int | None]]
    amount: int
    progress: int
    state: int
    lease_ms: int
    provider: str
    model: str
    facts: dict[str, Any]
    book_version: int | None = None


@dataclass(frozen=True, slots=True)
class Close:
    id: UUID
    state: int
    kind: str
    charged: int
    usage: UsageRecord | None = None
    is_release: bool = False
    from_states: tuple[int, ...] = OPEN
    is_only_expired: bool = False


class StaleBook(Exception):
    """Budgets or plans changed since the caller's book was loaded: load it again, then reserve."""


class Dialect(Protocol):
    NOW_MS: str
    DIFFERENCES: str

    def reserve(self, row: NewReservation) -> tuple[bool, bool, Rooms]: ...
    def close(self, close: Close) -> bool: ...


def dialect() -> Dialect:
    if connection.vendor == "postgresql":
        from billing import ledger_postgresql

        return ledger_postgresql.DIALECT
    from billing import ledger_sqlite

    return ledger_sqlite.DIALECT


def uuid_param(value: UUID) -> UUID | str:
    return value if connection.vendor == "postgresql" else value.hex


def mark_sent(reservation_id: UUID, progress: int, lease_ms: int) -> bool:
    now = dialect().NOW_MS
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE billing_reservation SET state = 1, progress = %s, lease_until_ms = {now} + %s"
            f" WHERE id = %s AND state = 0 AND lease_until_ms > {now}",
            [progress, lease_ms, uuid_param(reservation_id)],
        )
        return bool(cursor.rowcount == 1)


def checkpoint(reservation_id: UUID, progress: int, lease_ms: int) -> bool:
    now = dialect().NOW_MS
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE billing_reservation SET progress = %s, lease_until_ms = {now} + %s"
            " WHERE id = %s AND state = 1",
            [progress, lease_ms, uuid_param(reservation_id)],
        )
        return bool(cursor.rowcount == 1)


def expired(limit: int) -> list[UUID]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM billing_reservation WHERE state IN (0, 1)"
            f" AND lease_until_ms <= {dialect().NOW_MS} ORDER BY lease_until_ms LIMIT %s",
            [limit],
        )
        return [UUID(str(row[0])) for row in cursor.fetchall()]


def now_ms() -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {dialect().NOW_MS}")
        return int(cursor.fetchone()[0])


def instant(epoch_ms: int) -> datetime:
    return datetime.fromtimestamp(epoch_ms / 1000, UTC)


@cache
def usage_fields() -> tuple[Any, ...]:
    return tuple(field for field in UsageRecord._meta.concrete_fields if not field.primary_key)


@cache
def usage_columns() -> tuple[str, ...]:
    return tuple(str(field.column) for field in usage_fields())


def usage_values(usage: UsageRecord) -> list[Any]:
    """With the connection itself: its stand-in looks it up for each of the fields, twice. A text
    is what it is; most columns are texts."""
    own = connections[connection.alias]
    return [_prepared(_value(usage, field), field, own) for field in usage_fields()]


def _prepared(value: Any, field: Any, own: Any) -> Any:
    if type(value) is str and isinstance(field, models.CharField):
        return value
    return field.get_db_prep_save(value, own)


def _value(usage: UsageRecord, field: Any) -> Any:
    """A column that nobody set: what the database would put there."""
    value = field.pre_save(usage, add=True)
    return field.db_default if isinstance(value, DatabaseDefault) else value


def insert_usage(rows: Sequence[UsageRecord]) -> None:
    columns = usage_columns()
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO billing_usagerecord ({', '.join(columns)})"
            f" VALUES ({', '.join(['%s'] * len(columns))})",
            [usage_values(row) for row in rows],
        )


def dumps(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def atomic() -> Any:
    """One transaction, without a savepoint when it joins another."""
    return transaction.atomic(savepoint=False)

"""The one truth about money: reserve, mark sent, checkpoint, settle, release, sweep.

Admission is the reservation: one statement sets the worst case aside in every window or in none
(`docs/ledger.md`). Every function is idempotent by reservation id. Each is its own transaction,
or joins the caller's. Leases are read from the database's clock.

    HELD -> SENT -> SETTLED        HELD -> RELEASED
    SENT -> ESTIMATED (sweeper) -> SETTLED (late correction)
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from billing import ledger_sql as sql
from billing.ledger_sql import StaleBook as StaleBook
from billing.models import CallUse, LedgerEntry, Reservation, UsageRecord, Window

log = logging.getLogger(__name__)

LEASE_S = 60.0
State = Reservation.State


@dataclass(frozen=True, slots=True)
class Hold:
    """An amount to set aside in one window. `charge` None: decided when it settles."""

    window_id: int
    amount: int
    charge: int | None = None


@dataclass(frozen=True, slots=True)
class Room:
    """What one window looked like when we last touched it."""

    window_id: int
    cap: int
    spent: int
    held: int

    @property
    def left(self) -> int:
        return self.cap - self.spent - self.held


@dataclass(frozen=True, slots=True)
class Reserved:
    """`is_admitted` False: nothing is held, and `rooms` says which windows are full."""

    is_admitted: bool
    is_repeat: bool
    rooms: tuple[Room, ...]


class Closed(StrEnum):
    """What closing a reservation did."""

    DONE = "done"
    ALREADY = "already"
    CORRECTED = "corrected"
    LATE = "late"  # usage arrived for a released reservation: posted all the same, with an alarm


@dataclass(frozen=True, slots=True)
class Attempt:
    """What the reservation is for."""

    call_id: UUID
    provider: str
    model: str
    facts: dict[str, Any] = field(default_factory=dict)


def reserve(
    reservation_id: UUID, *, holds: Sequence[Hold], attempt: Attempt, amount: int,
    is_sent: bool = False, progress: int = 0, lease_s: float = LEASE_S,
    book_version: int | None = None,
) -> Reserved:
    """Set every hold aside, or none. Raises StaleBook if `book_version` is not the current one.

    The same id again changes nothing and is admitted. `is_sent` claims the right to send in the
    same write; `progress` is what is owed if nothing is heard of the attempt again.
    """
    row = sql.NewReservation(
        id=reservation_id, call_id=attempt.call_id, amount=amount, progress=progress,
        state=int(State.SENT if is_sent else State.HELD), lease_ms=int(lease_s * 1000),
        provider=attempt.provider, model=attempt.model, facts=attempt.facts,
        holds=[[hold.window_id, hold.amount, hold.charge] for hold in holds],
        book_version=book_version,
    )
    is_admitted, is_repeat, rows = sql.dialect().reserve(row)
    return Reserved(is_admitted, is_repeat, tuple(Room(*room) for room in rows))


def mark_sent(reservation_id: UUID, *, progress: int, lease_s: float = LEASE_S) -> bool:
    """Claim the right to send. False: the hold is gone, do not send."""
    return sql.mark_sent(reservation_id, progress, int(lease_s * 1000))


def checkpoint(progress: dict[UUID, int], *, lease_s: float = LEASE_S) -> set[UUID]:
    """Note what each running attempt owes so far. Returns those whose lease is lost: stop them."""
    with transaction.atomic():
        return {
            reservation_id
            for reservation_id, nanos in sorted(progress.items())
            if not sql.checkpoint(reservation_id, nanos, int(lease_s * 1000))
        }


def settle(
    reservation_id: UUID, *, charged: int, usage: UsageRecord | None = None,
    is_estimate: bool = False,
) -> Closed:
    """Close with what it cost; the rest of the hold is free again.

    Also right after the sweeper was there (the difference is posted) and after a release (posted,
    with an alarm). More than was held is posted too: the truth first, the next call is refused.
    """
    kind = LedgerEntry.Kind.ESTIMATE if is_estimate else LedgerEntry.Kind.SETTLE
    close = sql.Close(
        id=reservation_id, state=int(State.SETTLED), kind=kind, charged=charged, usage=usage
    )
    if sql.dialect().close(close):
        return Closed.DONE
    return _settle_late(reservation_id, charged=charged, usage=usage)


def release(reservation_id: UUID, *, usage: UsageRecord | None = None) -> bool:
    """Give everything back: nothing is owed. False: it was closed before."""
    close = sql.Close(
        id=reservation_id, state=int(State.RELEASED), kind="", charged=0, usage=usage,
        is_release=True,
    )
    return sql.dialect().close(close)


def sweep(*, limit: int = 500) -> tuple[int, int]:
    """Close what died: (released, estimated). Safe beside running workers and other sweepers."""
    released = estimated = 0
    for reservation_id in sql.expired(limit):
        was = _sweep_one(reservation_id)
        released += was == State.HELD
        estimated += was == State.SENT
    return released, estimated


def _sweep_one(reservation_id: UUID) -> int | None:
    """The state it was in, or None when somebody was faster.

    The closing statement checks state and lease again under its lock: a worker may have marked it
    SENT, or renewed its lease, since the sweeper's read.
    """
    row = Reservation.objects.filter(pk=reservation_id, state__in=sql.OPEN).first()
    if row is None:
        return None
    is_held = row.state == State.HELD
    charge = 0 if is_held else min(row.amount, row.progress + row.facts.get("checkpoint_nanos", 0))
    close = sql.Close(
        id=row.pk,
        state=int(State.RELEASED if is_held else State.ESTIMATED),
        kind=LedgerEntry.Kind.ESTIMATE,
        charged=charge,
        usage=None if is_held else _usage_of_the_dead(row, charge),
        is_release=is_held,
        from_states=(row.state,),
        is_only_expired=True,
    )
    return row.state if sql.dialect().close(close) else None


def _usage_of_the_dead(row: Reservation, charge: int) -> UsageRecord | None:
    """A usage row for an attempt whose worker died, so that reports and ledger stay one sum."""
    if not row.facts.get("usage"):
        return None
    return UsageRecord(
        **row.facts["usage"],
        reservation_id=row.pk,
        call_id=row.call_id,
        at=sql.instant(row.created_ms),
        outcome=UsageRecord.Outcome.INCOMPLETE,
        error_code="worker_lost",
        confidence=UsageRecord.Confidence.ESTIMATED,
        held_nanos=row.amount,
        cost_nanos=charge,
    )


@transaction.atomic
def _settle_late(reservation_id: UUID, *, charged: int, usage: UsageRecord | None) -> Closed:
    windows = _locked_money_windows(reservation_id)
    row = Reservation.objects.select_for_update().filter(pk=reservation_id).first()
    if row is None or row.state == State.SETTLED:
        return Closed.ALREADY
    was_released = row.state == State.RELEASED
    if was_released:
        log.error("ledger: usage arrived for the released reservation %s", reservation_id)
    _post(row, windows, delta=charged - (row.charged or 0))
    row.state, row.charged = State.SETTLED, charged
    row.save(update_fields=["state", "charged"])
    _replace_usage(row, usage)
    return Closed.LATE if was_released else Closed.CORRECTED


def _locked_money_windows(reservation_id: UUID) -> list[Window]:
    """In the lock order of all: windows by rank, and only then the reservation."""
    holds = Reservation.objects.filter(pk=reservation_id).values_list("holds", flat=True).first()
    ids = [window_id for window_id, _, charge in holds or [] if charge is None]
    windows = Window.objects.select_for_update().filter(pk__in=ids)
    return list(windows.order_by("rank", "pk"))


def _post(row: Reservation, windows: list[Window], *, delta: int) -> None:
    """Correct every money window of a closed reservation."""
    if not delta:
        return
    now_ms = sql.now_ms()
    for window in windows:
        window.spent += delta
        window.save(update_fields=["spent"])
        LedgerEntry.objects.create(
            window=window, reservation_id=row.pk, kind=LedgerEntry.Kind.CORRECTION,
            delta=delta, at_ms=now_ms,
        )


def _replace_usage(row: Reservation, usage: UsageRecord | None) -> None:
    if usage is None:
        return
    UsageRecord.objects.filter(reservation_id=row.pk).delete()
    usage.save(force_insert=True)


@transaction.atomic
def insert_usage(rows: Sequence[UsageRecord]) -> None:
    """Rows about calls that cost nothing, many at once."""
    sql.insert_usage(rows)


def insert_uses(rows: Sequence[CallUse]) -> None:
    """Each pair once, however often it is written."""
    CallUse.objects.bulk_create(rows, ignore_conflicts=True)


@dataclass(frozen=True, slots=True)
class Difference:
    """One window whose counters do not equal the rows behind them."""

    window: str
    spent: int
    ledger: int
    held: int
    open_holds: int


def differences() -> list[Difference]:
    """Windows where `spent` is not the ledger's sum or `held` not the open holds. Must be empty."""
    with connection.cursor() as cursor:
        cursor.execute(sql.dialect().DIFFERENCES)
        return [Difference(*row) for row in cursor.fetchall()]

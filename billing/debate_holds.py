"""Money that is held for a debate before its calls are made: one reservation a name.

A hold lies in the windows of money only: its calls are counted when they come. Its lease is long
and renewed by every draw (`billing.draws`); what is abandoned the sweeper releases. An id is made
of debate, name, and how often the name was held before, since what is closed stays closed.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from django.db import transaction

from billing import draws_sql as sql
from billing import ledger
from billing.budgets import WindowRef
from billing.draws import CEILINGS, LEASE_MS, LEASE_S, NAME, PAID_FROM, PaidFrom, locked
from billing.holds import NoRoom
from billing.ledger import Attempt, Hold, Reserved
from billing.models import Reservation
from costcontrol.lib.rows import Rows

_reservations = Rows(Reservation, "WHERE call_id = %s ORDER BY created_ms, id")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A name and an amount. `ceilings`: per complexity, the dearest prices it is kept for."""

    name: str
    amount: int
    ceilings: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Kept:
    """A hold that is open. `windows`: where it lies."""

    id: UUID
    name: str
    amount: int
    windows: frozenset[int]
    paid_from: str
    lease_until_ms: int = 0

    def is_as_of(self, moment: datetime) -> bool:
        """Made, drawn on or renewed since then."""
        return self.lease_until_ms - LEASE_MS >= moment.timestamp() * 1000


def hold(
    debate_id: UUID, wanted: Sequence[Wanted], *, windows: Sequence[WindowRef],
    book_version: int | None = None, paid_from: str = PaidFrom.PLAN,
) -> None:
    """Hold these, in place of what is open under their names; or leave all as it was.

    An amount of 0 holds nothing, nor does one that no window counts. Raises NoRoom or StaleBook.
    """
    with transaction.atomic():
        rows = _rows(debate_id)
        names = {each.name for each in wanted}
        _release([row for row in rows if row.facts.get(NAME) in names],
                 windows={ref.id for ref in windows})
        for each in wanted:
            if each.amount and windows:
                before = sum(row.facts.get(NAME) == each.name for row in rows)
                _reserve(debate_id, each, before, windows, book_version, paid_from)


def kept(debate_id: UUID) -> list[Kept]:
    """What is open now."""
    return [
        Kept(row.pk, row.facts[NAME], row.amount, frozenset(hold[0] for hold in row.holds),
             row.facts.get(PAID_FROM, PaidFrom.PLAN), row.lease_until_ms)
        for row in _rows(debate_id)
        if row.state == ledger.State.HELD
    ]


def renew(debate_id: UUID) -> int:
    """Keep what is open for another lease. How many those are."""
    return sum(sql.renew(each.id, LEASE_MS) for each in kept(debate_id))


@transaction.atomic
def release(
    debate_id: UUID, *, names: Collection[str] | None = None, also: Collection[int] = ()
) -> int:
    """Give back what is open, or of it these names. How many those were.

    `also`: windows that the caller's transaction will want after them.
    """
    rows = [row for row in _rows(debate_id) if names is None or row.facts.get(NAME) in names]
    return _release(rows, windows=also)


def _rows(debate_id: UUID) -> list[Reservation]:
    """All that were ever held for it. Its place in the quota is no hold, and has no name."""
    return [row for row in _reservations(debate_id) if NAME in row.facts]


def _release(rows: Sequence[Reservation], *, windows: Collection[int] = ()) -> int:
    """Under the locks of all windows: what is held may have been drawn on a moment ago."""
    still = locked([row.pk for row in rows], windows=set(windows))
    return sum(ledger.release(row.id) for row in still)


def _reserve(
    debate_id: UUID, wanted: Wanted, before: int, windows: Sequence[WindowRef],
    book_version: int | None, paid_from: str,
) -> None:
    facts: dict[str, Any] = {NAME: wanted.name, PAID_FROM: str(paid_from)}
    if wanted.ceilings:
        facts[CEILINGS] = wanted.ceilings
    reserved = ledger.reserve(
        uuid5(debate_id, f"{wanted.name}#{before}"),
        holds=[Hold(ref.id, wanted.amount) for ref in windows], amount=wanted.amount,
        attempt=Attempt(debate_id, provider="", model="", facts=facts),
        lease_s=LEASE_S, book_version=book_version,
    )
    if not reserved.is_admitted:
        raise _no_room(windows, reserved, wanted.amount)


def _no_room(windows: Sequence[WindowRef], reserved: Reserved, amount: int) -> NoRoom:
    left = {room.window_id: room.left for room in reserved.rooms}
    full = [ref for ref in windows if left.get(ref.id, 0) < amount]
    return NoRoom(full or windows, reserved.rooms)

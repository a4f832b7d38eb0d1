"""A call takes its room from money that was held for it, in one transaction: the hold gives way
by what the call needs, and the call's own reservation takes the room. Nobody comes in between.

Lock order as everywhere (docs/ledger.md): all windows by rank, then reservations. These holds are
the only reservations whose amounts change after they were made: here, under those locks.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from billing import draws_sql as sql
from billing import ledger
from billing.draws_sql import OpenHold
from billing.ledger import Attempt, Hold, Reserved
from billing.models import Reservation, UsageRecord
from billing.prices import Price

LEASE_S = 30 * 60.0
LEASE_MS = int(LEASE_S * 1000)
MAX_REMEMBERED = 20_000
# In a hold's facts: what it is called, who pays, and {complexity: [input, output]}, the dearest
# prices it is for.
NAME, PAID_FROM, CEILINGS = "name", "paid_from", "ceilings"

PaidFrom = UsageRecord.PaidFrom


@dataclass(frozen=True, slots=True)
class Draw:
    """What a call draws on, in this order. `is_last`: no cheaper model is left to try."""

    ids: tuple[UUID, ...]
    complexity: str = ""
    is_last: bool = True


@dataclass(frozen=True, slots=True)
class Terms:
    """What never changes of a hold: where it lies, who pays, and what it is kept for."""

    windows: frozenset[int]
    is_beyond: bool
    ceilings: Mapping[str, Sequence[str]]

    @classmethod
    def of(cls, row: Reservation) -> "Terms":
        paid_from = row.facts.get(PAID_FROM, PaidFrom.PLAN)
        windows = frozenset(hold[0] for hold in row.holds)
        return cls(windows, paid_from != PaidFrom.PLAN, row.facts.get(CEILINGS, {}))

    def is_for(self, draw: Draw, price: Price) -> bool:
        """Money that is kept for cheap models goes to no dearer one while they are left."""
        ceiling = self.ceilings.get(draw.complexity)
        if ceiling is None or draw.is_last:
            return True
        dearest_input, output = map(Decimal, ceiling)
        return price.dearest_input <= dearest_input and price.output <= output


_terms: dict[UUID, Terms] = {}


class _NotTaken(Exception):
    """Undo what gave way: the call was not admitted, or had been before."""

    def __init__(self, reserved: Reserved) -> None:
        self.reserved = reserved


def reserve(
    reservation_id: UUID, *, draw: Draw, price: Price, holds: Sequence[Hold], attempt: Attempt,
    amount: int, **how: Any,
) -> Reserved:
    """As `ledger.reserve`, with the room that the drawn holds give way. Raises StaleBook."""
    try:
        with transaction.atomic():
            if amount:
                _give_way(draw, price, amount=amount, windows={hold.window_id for hold in holds})
            reserved = ledger.reserve(
                reservation_id, holds=holds, attempt=attempt, amount=amount, **how
            )
            if not reserved.is_admitted or reserved.is_repeat:
                raise _NotTaken(reserved)
            if not amount and draw.ids:
                sql.renew_near(draw.ids, LEASE_MS)
            return reserved
    except _NotTaken as undone:
        return undone.reserved


def kept_in(window_ids: Iterable[int]) -> Counter[int]:
    """What debates hold in these windows. Asked where a call finds no room."""
    wanted, total = set(window_ids), Counter[int]()
    if not wanted:
        return total
    for holds, facts in sql.unsent():
        if NAME in facts:
            total.update({hold[0]: hold[1] for hold in holds if hold[0] in wanted})
    return total


def locked(ids: Sequence[UUID], *, windows: set[int]) -> list[OpenHold]:
    """These holds as far as they are open, under the locks of their windows and `windows`.

    The windows of a reservation never change, only its amounts: so they are known before.
    """
    touched = {window for terms in _terms_of(ids).values() for window in terms.windows}
    if touched | windows:
        sql.lock_windows(touched | windows)
    return sql.lock_holds(ids) if ids else []


def _give_way(draw: Draw, price: Price, *, amount: int, windows: set[int]) -> None:
    terms = _terms_of(draw.ids)
    rows = locked(draw.ids, windows=windows)
    for row in sorted(rows, key=lambda row: draw.ids.index(row.id)):
        given = min(amount, row.amount)
        if given and terms[row.id].is_for(draw, price):
            amount -= given
            sql.shrink(row, by=given, lease_ms=LEASE_MS)
        elif row.is_near_its_end:
            sql.renew(row.id, LEASE_MS)


def is_beyond_plan(draw: Draw) -> bool:
    """Credit, or use beyond the plan, holds what these calls draw on."""
    return any(terms.is_beyond for terms in _terms_of(draw.ids).values())


def _terms_of(ids: Sequence[UUID]) -> dict[UUID, Terms]:
    """Of those that there are. Read once by each process."""
    missing = [key for key in ids if key not in _terms]
    if missing:
        if len(_terms) >= MAX_REMEMBERED:
            _terms.clear()
            missing = list(ids)
        for row in Reservation.objects.filter(pk__in=missing).only("holds", "facts"):
            _terms[row.pk] = Terms.of(row)
    return {key: _terms[key] for key in ids if key in _terms}

"""A call takes its room from money that was held for it, in one transaction: the hold gives way
by what the call needs, and the call's own reservation takes the room. Nobody comes in between.

Lock order as everywhere (docs/ledger.md): all windows by rank, then reservations. These holds are
the only reservations that ever change after they were made. A draw also renews their leases, so
that a sweeper that read the old amounts finds the hold alive, and leaves it.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from billing import ledger
from billing import ledger_sql as sql
from billing.ledger import Attempt, Hold, Reserved
from billing.models import Reservation, UsageRecord, Window
from billing.prices import Price

LEASE_S = 30 * 60.0
LEASE_MS = int(LEASE_S * 1000)
MAX_REMEMBERED = 20_000
# In a hold's facts: what it is called, who pays, and {complexity: [input, output]}, the dearest
# prices it is for.
NAME, PAID_FROM, CEILINGS = "name", "paid_from", "ceilings"

PaidFrom = UsageRecord.PaidFrom
_beyond: dict[UUID, bool] = {}  # holds, and whether another purse than the plan holds them


@dataclass(frozen=True, slots=True)
class Draw:
    """What a call draws on, in this order. `is_last`: no cheaper model is left to try."""

    ids: tuple[UUID, ...]
    complexity: str = ""
    is_last: bool = True


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
            for key in sorted(draw.ids):
                sql.renew(key, LEASE_MS)
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


def locked(ids: Sequence[UUID], *, windows: set[int]) -> list[Reservation]:
    """These holds as far as they are open, under the locks of their windows and `windows`.

    The windows of a reservation never change, only its amounts: so they can be read first.
    """
    rows = Reservation.objects.filter(pk__in=ids, state=ledger.State.HELD)
    touched = {hold[0] for holds in rows.values_list("holds", flat=True) for hold in holds}
    if not touched and not windows:
        return list(rows.select_for_update().order_by("pk"))
    all_windows = Window.objects.filter(pk__in=touched | windows).order_by("rank", "pk")
    list(all_windows.select_for_update().values_list("pk"))
    return list(rows.select_for_update().order_by("pk"))


def _give_way(draw: Draw, price: Price, *, amount: int, windows: set[int]) -> None:
    rows = locked(draw.ids, windows=windows)
    for row in sorted(rows, key=lambda row: draw.ids.index(row.pk)):
        given = min(amount, row.amount)
        if given and _is_for(row, draw, price):
            amount -= given
            sql.shrink(row.pk, row.holds, by=given, left=row.amount - given, lease_ms=LEASE_MS)


def _is_for(row: Reservation, draw: Draw, price: Price) -> bool:
    """Money that is kept for cheap models does not go to a dearer one while they are left."""
    ceiling = row.facts.get(CEILINGS, {}).get(draw.complexity)
    if ceiling is None or draw.is_last:
        return True
    dearest_input, output = map(Decimal, ceiling)
    return price.dearest_input <= dearest_input and price.output <= output


def is_beyond_plan(draw: Draw) -> bool:
    """Credit, or use beyond the plan, holds what these calls draw on. It never changes."""
    found = [_beyond[key] for key in draw.ids if key in _beyond]
    return any(found) if len(found) == len(draw.ids) else _read_beyond(draw.ids)


def _read_beyond(ids: Sequence[UUID]) -> bool:
    if len(_beyond) >= MAX_REMEMBERED:
        _beyond.clear()
    for row in Reservation.objects.filter(pk__in=ids).only("facts"):
        _beyond[row.pk] = row.facts.get(PAID_FROM, PaidFrom.PLAN) != PaidFrom.PLAN
    return any(_beyond.get(key, False) for key in ids)

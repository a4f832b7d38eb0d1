"""A debate is taken from the quota when it is opened, once, whatever it does later.

One that does not fit in the day's quota is opened beyond the plan, if there is credit or use beyond
it is allowed: it is counted nowhere, and all its calls are paid from there.

One that was cancelled before anything was made for it is given back, once. If calls of its name
come all the same, it is counted again, and then for good.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from django.db import transaction
from django.db.models import F, QuerySet

from accounts.types import Payer
from billing import gauge, ledger
from billing import ledger_sql as sql
from billing.budgets import Rule, WindowRef, book_version
from billing.gauge import Reading
from billing.holds import NoRoom
from billing.ledger import Attempt, Hold, State
from billing.models import LedgerEntry, Reservation, Window
from billing.purses import purses_of

NAMESPACE = UUID("6d0a3f0e-5d0b-4c6c-9a53-5b0a3c1e7f10")
MAX_REMEMBERED = 20_000
BEYOND = "is_beyond"  # in the reservation's facts
GIVEN_BACK = "is_given_back"

_taken: dict[UUID, bool] = {}  # debate -> whether it was opened beyond the plan


@dataclass(frozen=True, slots=True)
class Opener:
    """Who opens a debate, and which call is its first."""

    payer: Payer
    user_id: int
    debate_id: str
    call_id: UUID

    @property
    def key(self) -> UUID:
        return debate_key(self.user_id, self.debate_id)

    def attempt(self, *, is_beyond: bool) -> Attempt:
        facts = {"debate_id": self.debate_id} | ({BEYOND: True} if is_beyond else {})
        return Attempt(self.call_id, provider="", model="", facts=facts)


def debate_key(user_id: int, debate_id: str) -> UUID:
    return uuid5(NAMESPACE, f"{user_id}:{debate_id}")


def is_taken(user_id: int, debate_id: str) -> bool:
    """Whether this process has seen it taken; False is not a no."""
    return debate_key(user_id, debate_id) in _taken


def is_beyond(user_id: int, debate_id: str) -> bool:
    """Of a debate that `is_taken`: its calls are not paid from the plan."""
    return _taken.get(debate_key(user_id, debate_id), False)


def take(rule: Rule, opener: Opener, *, now: datetime) -> tuple[Reading, ...]:
    """Count one debate; the same one again counts nothing. What is left now. Raises NoRoom."""
    window = gauge.windows([rule], now=now)[0]
    try:
        is_outside = count(window, opener)
    except NoRoom:
        if not purses_of(opener.payer, book_version=book_version(), now=now):
            raise
        is_outside = open_beyond(opener)
    remember(opener, is_beyond=is_outside)
    return gauge.read([rule], now=now)


def remember(opener: Opener, *, is_beyond: bool) -> None:
    """This process need not ask again."""
    if len(_taken) >= MAX_REMEMBERED:
        _taken.clear()
    _taken[opener.key] = is_beyond


@transaction.atomic
def give_back(user_id: int, debate_id: str) -> bool:
    """As if it had not been opened. False: it was given back before, or never taken."""
    key = debate_key(user_id, debate_id)
    _taken.pop(key, None)
    windows = list(_locked(windows_of(user_id, debate_id)))
    row = Reservation.objects.select_for_update().filter(pk=key, state=State.SETTLED).first()
    if row is None or GIVEN_BACK in row.facts:
        return False
    for window in windows:
        _refund(window, row)
    row.facts[GIVEN_BACK] = True
    row.save(update_fields=["facts"])
    return True


def windows_of(user_id: int, debate_id: str) -> list[int]:
    """Where it is counted: one, or none of a debate that was opened beyond the plan."""
    rows = Reservation.objects.filter(pk=debate_key(user_id, debate_id))
    holds = rows.values_list("holds", flat=True).first()
    return [window_id for window_id, _, charge in holds or [] if charge]


def _locked(ids: Sequence[int]) -> QuerySet[Window]:
    return Window.objects.filter(pk__in=ids).order_by("rank", "pk").select_for_update()


def _refund(window: Window, row: Reservation) -> None:
    charged = {window_id: charge for window_id, _, charge in row.holds}[window.pk]
    Window.objects.filter(pk=window.pk).update(spent=F("spent") - charged)
    LedgerEntry.objects.create(
        window=window, reservation_id=row.pk, kind=LedgerEntry.Kind.REFUND, delta=-charged,
        at_ms=sql.now_ms(),
    )


@transaction.atomic
def count(window: WindowRef, opener: Opener) -> bool:
    """Held and charged in one transaction: a crash in between would give it away for nothing.

    Whether it was opened beyond the plan before. Raises NoRoom.
    """
    return _settled(opener, opener.key, [Hold(window.id, 1, charge=1)], window)


@transaction.atomic
def open_beyond(opener: Opener) -> bool:
    """A reservation without holds keeps it. Somebody may have been faster, and within the plan:
    then it is not beyond."""
    return _settled(opener, opener.key, [])


def _settled(
    opener: Opener, key: UUID, holds: list[Hold], window: WindowRef | None = None
) -> bool:
    reserved = ledger.reserve(
        key, holds=holds, amount=0, attempt=opener.attempt(is_beyond=not holds)
    )
    if not reserved.is_admitted:
        raise NoRoom([window] if window else [], reserved.rooms)
    ledger.settle(key, charged=0)
    if not reserved.is_repeat:
        return not holds
    facts = Reservation.objects.filter(pk=key).values_list("facts", flat=True).first() or {}
    if GIVEN_BACK in facts:
        return _settled(opener, uuid5(key, "again"), holds, window)
    return bool(facts.get(BEYOND))

"""A debate is taken from the quota when it is opened, once, whatever it does later.

One that does not fit in the day's quota is opened beyond the plan, if there is credit or use beyond
it is allowed: it is counted nowhere, and all its calls are paid from there.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from django.db import transaction

from accounts.types import Payer
from billing import gauge, ledger
from billing.budgets import Rule, WindowRef, book_version
from billing.gauge import Reading
from billing.holds import NoRoom
from billing.ledger import Attempt, Hold
from billing.models import Reservation
from billing.purses import purses_of

NAMESPACE = UUID("6d0a3f0e-5d0b-4c6c-9a53-5b0a3c1e7f10")
MAX_REMEMBERED = 20_000
BEYOND = "is_beyond"  # in the reservation's facts

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
        is_outside = _count(window, opener)
    except NoRoom:
        if not purses_of(opener.payer, book_version=book_version(), now=now):
            raise
        is_outside = _open_beyond(opener)
    if len(_taken) >= MAX_REMEMBERED:
        _taken.clear()
    _taken[opener.key] = is_outside
    return gauge.read([rule], now=now)


@transaction.atomic
def _count(window: WindowRef, opener: Opener) -> bool:
    """Held and charged in one transaction: a crash in between would give it away for nothing.

    Whether it was opened beyond the plan before.
    """
    reserved = ledger.reserve(
        opener.key, holds=[Hold(window.id, 1, charge=1)], amount=0,
        attempt=opener.attempt(is_beyond=False),
    )
    if not reserved.is_admitted:
        raise NoRoom([window], reserved.rooms)
    ledger.settle(opener.key, charged=0)
    return reserved.is_repeat and _was_beyond(opener)


@transaction.atomic
def _open_beyond(opener: Opener) -> bool:
    """A reservation without holds keeps it. Somebody may have been faster, and within the plan."""
    reserved = ledger.reserve(
        opener.key, holds=[], amount=0, attempt=opener.attempt(is_beyond=True)
    )
    ledger.settle(opener.key, charged=0)
    return not reserved.is_repeat or _was_beyond(opener)


def _was_beyond(opener: Opener) -> bool:
    facts = Reservation.objects.filter(pk=opener.key).values_list("facts", flat=True).first()
    return bool((facts or {}).get(BEYOND))

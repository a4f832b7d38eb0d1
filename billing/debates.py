"""A debate is taken from the quota when it is opened, once, whatever it does later."""

from datetime import datetime
from uuid import UUID, uuid5

from django.db import transaction

from billing import gauge, ledger
from billing.budgets import Rule, WindowRef
from billing.gauge import Reading
from billing.holds import NoRoom
from billing.ledger import Attempt, Hold

NAMESPACE = UUID("6d0a3f0e-5d0b-4c6c-9a53-5b0a3c1e7f10")
MAX_REMEMBERED = 20_000

_taken: set[UUID] = set()


def debate_key(user_id: int, debate_id: str) -> UUID:
    return uuid5(NAMESPACE, f"{user_id}:{debate_id}")


def is_taken(user_id: int, debate_id: str) -> bool:
    """Whether this process has seen it taken; False is not a no."""
    return debate_key(user_id, debate_id) in _taken


def take(
    rule: Rule, *, user_id: int, debate_id: str, call_id: UUID, now: datetime
) -> tuple[Reading, ...]:
    """Count one debate; the same one again counts nothing. What is left now. Raises NoRoom."""
    key = debate_key(user_id, debate_id)
    window = gauge.windows([rule], now=now)[0]
    _count(key, window, Attempt(call_id, provider="", model="", facts={"debate_id": debate_id}))
    if len(_taken) >= MAX_REMEMBERED:
        _taken.clear()
    _taken.add(key)
    return gauge.read([rule], now=now)


@transaction.atomic
def _count(key: UUID, window: WindowRef, attempt: Attempt) -> None:
    """Held and charged in one transaction: a crash in between would give it away for nothing."""
    reserved = ledger.reserve(key, holds=[Hold(window.id, 1, charge=1)], amount=0, attempt=attempt)
    if not reserved.is_admitted:
        raise NoRoom([window], reserved.rooms)
    ledger.settle(key, charged=0)

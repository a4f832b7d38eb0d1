"""Windows, holds, leases that ran out, and whether the books agree: words for ledger tests."""

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar
from uuid import UUID, uuid4

from django.db import connection

from billing import ledger
from billing.budgets import RANKS
from billing.ledger import Attempt, Hold, Reserved
from billing.models import LedgerEntry, Reservation, ScopeKind, UsageRecord, Window

T = TypeVar("T")
NOW = datetime(2026, 11, 25, 3, tzinfo=UTC)  # noon in Seoul
_names = itertools.count(1)


def window_make(cap: int, *, scope: str = "platform", metric: str = "usd", **more: Any) -> Window:
    """A window of a scope that no other test has, open for ever."""
    values = {
        "scope_kind": scope, "scope_id": f"test-{next(_names)}", "metric": metric,
        "period": "total", "start": NOW, "zone": "Asia/Seoul", "cap": cap,
        "rank": RANKS[ScopeKind(scope)],
    }
    return Window.objects.create(**values | more)


def reserve(
    *windows: Window, amount: int, id: UUID | None = None, **more: Any
) -> tuple[UUID, Reserved]:
    """The same amount in each window, to be charged when it settles."""
    key = id or uuid4()
    holds = more.pop("holds", [Hold(window.pk, amount) for window in windows])
    facts = more.pop("facts", {})
    attempt = Attempt(uuid4(), "openai", "gpt-test", facts)
    return key, ledger.reserve(key, holds=holds, attempt=attempt, amount=amount, **more)


def held(*windows: Window, amount: int, **more: Any) -> UUID:
    """As `reserve`, where it must be admitted."""
    key, reserved = reserve(*windows, amount=amount, **more)
    assert reserved.is_admitted
    return key


def lease_end(*keys: UUID) -> None:
    """As if a minute had passed for these."""
    Reservation.objects.filter(pk__in=keys).update(lease_until_ms=1)


def state_of(key: UUID) -> int:
    return Reservation.objects.get(pk=key).state


def counters(window: Window) -> tuple[int, int]:
    """(spent, held) now."""
    return Window.objects.values_list("spent", "held").get(pk=window.pk)


def entries(window: Window) -> list[tuple[str, int]]:
    rows = LedgerEntry.objects.filter(window=window).order_by("pk")
    return list(rows.values_list("kind", "delta"))


def usage(key: UUID, *, cost: int, **more: Any) -> UsageRecord:
    """An unsaved usage row of this reservation."""
    values = {
        "call_id": uuid4(), "attempt": 1, "reservation_id": key, "at": NOW, "user_id": 1,
        "tier": "premium", "requested_model": "auto", "outcome": "complete",
        "confidence": "exact", "cost_nanos": cost,
    }
    return UsageRecord(**values | more)


def usage_facts() -> dict[str, Any]:
    """What a reservation remembers, so that the sweeper can write a row for the dead."""
    return {"user_id": 1, "tier": "premium", "requested_model": "auto", "attempt": 1}


def threads(count: int, work: Callable[[int], T]) -> list[T]:
    """The same work at once on so many connections; what each returned."""
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(partial(_connected, work), range(count)))


def _connected(work: Callable[[int], T], number: int) -> T:
    try:
        return work(number)
    finally:
        connection.close()

"""What was asked and spent with each of somebody's keys, today and in the last 30 days."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, Sum

from billing.models import Budget, ScopeKind, UsageRecord

DAYS = 30
Outcome = UsageRecord.Outcome


@dataclass(frozen=True, slots=True)
class KeyUse:
    """Calls as on every page: failed attempts are none, though they may cost."""

    calls_today: int = 0
    calls: int = 0
    nanos_today: int = 0
    nanos: int = 0


@dataclass(frozen=True, slots=True)
class KeyLimit:
    """A budget that staff gave to one key."""

    cap_nanos: int
    period: str


def use_of_keys(
    prefixes: Sequence[str], *, user_id: int | None, today: datetime, since: datetime
) -> dict[str, KeyUse]:
    """By prefix; one query. `user_id`: all calls were this user's own, which an index finds; None
    for service keys, whose calls are made for many."""
    calls = ~Q(outcome__in=[Outcome.FAILED, Outcome.CORRECTED])
    is_today = Q(at__gte=today)
    rows = UsageRecord.objects.filter(key_prefix__in=prefixes, at__gte=since)
    if user_id is not None:
        rows = rows.filter(user_id=user_id)
    sums = rows.values("key_prefix").annotate(
        calls_today=Count("pk", filter=calls & is_today), calls=Count("pk", filter=calls),
        nanos_today=Sum("cost_nanos", filter=is_today), nanos=Sum("cost_nanos"),
    ).order_by()
    return {
        row["key_prefix"]: KeyUse(
            row["calls_today"], row["calls"], row["nanos_today"] or 0, row["nanos"] or 0
        )
        for row in sums
    }


def limits_of_keys(prefixes: Sequence[str]) -> dict[str, tuple[KeyLimit, ...]]:
    found: dict[str, tuple[KeyLimit, ...]] = {}
    budgets = Budget.objects.filter(scope_kind=ScopeKind.KEY, scope_id__in=prefixes)
    for budget in budgets.order_by("pk"):
        limit = KeyLimit(budget.cap_nanos, budget.get_period_display())
        found[budget.scope_id] = (*found.get(budget.scope_id, ()), limit)
    return found

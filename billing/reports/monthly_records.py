"""What a month's report takes from other tables than usage: reached limits, and changes."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, Q

from accounts.models import AuditEvent
from billing.models import Budget, Metric, ScopeKind, Window

SCOPES = (ScopeKind.PLATFORM, ScopeKind.PROVIDER, ScopeKind.TIER, ScopeKind.ORGANISATION)
FULL_PERCENT = 99  # the last percent rarely pays for another call
MOST = 50
MONEY_ACTIONS = (  # changes to prices, budgets and what customers owe
    "price_", "budget_", "credit_", "overage_", "correction", "reprice", "usage_import", "baseline",
)


@dataclass(frozen=True, slots=True)
class ReachedLimit:
    """One budget, and on how many of its days (or months) it was used up."""

    scope_kind: str
    scope_id: str
    period: str
    times: int
    cap_nanos: int


@dataclass(frozen=True, slots=True)
class Correction:
    """One change that moves figures, by a person or a command."""

    at: datetime
    actor: str
    action: str
    target: str
    reason: str


def limits_reached(start: datetime, end: datetime) -> tuple[ReachedLimit, ...]:
    """Budgets of everything, providers, tiers and organisations; those of users are quotas, whose
    refusals the report counts."""
    rows = Window.objects.filter(
        scope_kind__in=SCOPES, metric=Metric.USD, start__gte=start, start__lte=end, cap__gt=0,
        period__in=(Budget.Period.DAY, Budget.Period.MONTH),
        spent__gte=F("cap") * FULL_PERCENT / 100,
    ).order_by("start").values_list("scope_kind", "scope_id", "period", "cap")
    times: Counter[tuple[str, str, str]] = Counter()
    caps: dict[tuple[str, str, str], int] = {}
    for kind, name, period, cap in rows:
        times[kind, name, period] += 1
        caps[kind, name, period] = cap
    return tuple(
        ReachedLimit(*key, number, caps[key]) for key, number in sorted(times.items())
    )


def corrections(start: datetime, end: datetime) -> tuple[Correction, ...]:
    """The newest MOST."""
    about_money = Q()
    for begin in MONEY_ACTIONS:
        about_money |= Q(action__startswith=begin)
    rows = AuditEvent.objects.filter(about_money, at__gte=start, at__lte=end)
    columns = ("at", "actor", "action", "target", "reason")
    return tuple(
        Correction(*row) for row in rows.order_by("-at", "-pk").values_list(*columns)[:MOST]
    )

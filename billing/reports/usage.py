"""What one user has used: today's calls, and how full each of their limits is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_

from django.db.models import Count, Q, Sum

from billing import budgets
from billing.budgets import Rule
from billing.models import Metric, UsageRecord, Window

Outcome = UsageRecord.Outcome
Place = tuple[str, str, str, str]  # kind and id of the scope, metric, period

ANSWERED = ~Q(outcome__in=[Outcome.FAILED, Outcome.REFUSED, Outcome.CORRECTED])
TOTALS = {  # of usage rows
    "answered": Count("pk", filter=ANSWERED),
    "from_cache": Count("pk", filter=Q(outcome=Outcome.CACHED)),
    "refused": Count("pk", filter=Q(outcome=Outcome.REFUSED)),
    "fresh": Sum("fresh_input_tokens", filter=ANSWERED),
    "read": Sum("cache_read_tokens", filter=ANSWERED),
    "written": Sum("cache_write_tokens", filter=ANSWERED),
    "output": Sum("output_tokens", filter=ANSWERED),
    "cost": Sum("cost_nanos"),
}


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit of the user: in calls, debates or nano-USD, by `metric`."""

    metric: str
    period: str
    limit: int
    used: int
    held: int
    resets_at: datetime | None
    since: datetime

    @property
    def remaining(self) -> int:
        return max(0, self.limit - self.used - self.held)


@dataclass(frozen=True, slots=True)
class Calls:
    """What was asked in one span of time, in full or in part. Each call counts once: failed
    attempts are no calls, though they may cost."""

    answered: int
    from_cache: int
    refused: int
    input_tokens: int
    output_tokens: int
    cost_nanos: int


def limits_of(rules: Sequence[Rule], *, now: datetime) -> list[Limit]:
    """Reads only, and once: a window that no call has opened yet is empty."""
    windows = _windows(rules, now)
    return [_limit(rule, windows.get(_place(rule)), now) for rule in rules]


def _windows(rules: Sequence[Rule], now: datetime) -> dict[Place, Window]:
    """The open window of each place; of two the older one, as the ledger takes it."""
    scopes = {(rule.scope_kind, rule.scope_id) for rule in rules}
    if not scopes:
        return {}
    of_them = reduce(or_, (Q(scope_kind=kind, scope_id=id) for kind, id in sorted(scopes)))
    rows = Window.objects.filter(
        of_them, Q(end__isnull=True) | Q(end__gt=now), start__lte=now
    )
    return {_place(window): window for window in rows.order_by("-start")}


def _place(where: Rule | Window) -> Place:
    return where.scope_kind, where.scope_id, where.metric, where.period


def _limit(rule: Rule, window: Window | None, now: datetime) -> Limit:
    if window is None:
        start, end = budgets.span(rule.period, zone=rule.zone, now=now)
        return Limit(rule.metric, rule.period, rule.cap, 0, 0, end, start)
    return Limit(
        rule.metric, rule.period, window.cap, window.spent, window.held, window.end, window.start
    )


def calls_of(user_id: int, *, start: datetime, end: datetime) -> Calls:
    rows = UsageRecord.objects.filter(user_id=user_id, at__gte=start, at__lt=end)
    return calls_from(rows.aggregate(**TOTALS))


def calls_from(totals: Mapping[str, int | None]) -> Calls:
    """The sums of `TOTALS`; nothing was asked where there are none."""
    sums = {name: totals.get(name) or 0 for name in TOTALS}
    return Calls(
        answered=sums["answered"],
        from_cache=sums["from_cache"],
        refused=sums["refused"],
        input_tokens=sums["fresh"] + sums["read"] + sums["written"],
        output_tokens=sums["output"],
        cost_nanos=sums["cost"],
    )


def limits_shown(rules: Sequence[Rule], *, may_see_costs: bool) -> list[Rule]:
    """Money is for staff and service keys; customers see calls and debates."""
    return [rule for rule in rules if may_see_costs or rule.metric != Metric.USD]

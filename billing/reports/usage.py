"""What one user has used: today's calls, and how full each of their limits is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, Sum

from billing import budgets
from billing.budgets import Rule
from billing.models import Metric, UsageRecord, Window

Outcome = UsageRecord.Outcome


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit of the user: in calls, debates or nano-USD, by `metric`."""

    metric: str
    period: str
    limit: int
    used: int
    held: int
    resets_at: datetime | None

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
    """Reads only: a window that no call has opened yet is empty."""
    return [_limit(rule, now) for rule in rules]


def _limit(rule: Rule, now: datetime) -> Limit:
    window = (
        Window.objects.filter(
            Q(end__isnull=True) | Q(end__gt=now), start__lte=now, scope_kind=rule.scope_kind,
            scope_id=rule.scope_id, metric=rule.metric, period=rule.period,
        )
        .order_by("start")
        .first()
    )
    if window is None:
        _start, end = budgets.span(rule.period, zone=rule.zone, now=now)
        return Limit(rule.metric, rule.period, rule.cap, 0, 0, end)
    return Limit(rule.metric, rule.period, window.cap, window.spent, window.held, window.end)


def calls_of(user_id: int, *, start: datetime, end: datetime) -> Calls:
    rows = UsageRecord.objects.filter(user_id=user_id, at__gte=start, at__lt=end)
    answered = ~Q(outcome__in=[Outcome.FAILED, Outcome.REFUSED])
    totals = rows.aggregate(
        answered=Count("pk", filter=answered),
        from_cache=Count("pk", filter=Q(outcome=Outcome.CACHED)),
        refused=Count("pk", filter=Q(outcome=Outcome.REFUSED)),
        fresh=Sum("fresh_input_tokens", filter=answered),
        read=Sum("cache_read_tokens", filter=answered),
        written=Sum("cache_write_tokens", filter=answered),
        output=Sum("output_tokens", filter=answered),
        cost=Sum("cost_nanos"),
    )
    return Calls(
        answered=totals["answered"],
        from_cache=totals["from_cache"],
        refused=totals["refused"],
        input_tokens=sum(totals[name] or 0 for name in ("fresh", "read", "written")),
        output_tokens=totals["output"] or 0,
        cost_nanos=totals["cost"] or 0,
    )


def limits_shown(rules: Sequence[Rule], *, may_see_costs: bool) -> list[Rule]:
    """Money is for staff and service keys; customers see calls and debates."""
    return [rule for rule in rules if may_see_costs or rule.metric != Metric.USD]

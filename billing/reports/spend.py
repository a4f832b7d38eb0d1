"""What was spent and saved in a span of time, and by which routes."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Count, QuerySet, Sum

from billing.budgets import span
from billing.models import Budget, UsageRecord

NO_ANSWER = (UsageRecord.Outcome.FAILED, UsageRecord.Outcome.REFUSED)


@dataclass(frozen=True, slots=True)
class Group:
    """Calls that went the same way."""

    name: str
    calls: int
    cost_nanos: int


@dataclass(frozen=True, slots=True)
class Saved:
    """An estimate: what the answers would have cost on the baseline, less all that was spent.

    `calls` are the answered ones with a baseline; what failed attempts cost is taken off.
    """

    nanos: int
    baseline_nanos: int
    baselines: tuple[str, ...]
    calls: int


@dataclass(frozen=True, slots=True)
class Spend:
    """`saved` None: no call of this span has a baseline, which is not a saving of 0."""

    start: datetime
    end: datetime
    calls: int
    cost_nanos: int
    estimated_nanos: int
    saved: Saved | None
    by_route: tuple[Group, ...]
    by_cache: tuple[Group, ...]
    by_outcome: tuple[Group, ...]


def spend_of_days(days: int, *, zone: str, now: datetime) -> Spend:
    """The last so many local days, today included."""
    tz = ZoneInfo(zone)
    first = now.astimezone(tz).date() - timedelta(days=days - 1)
    noon = datetime.combine(first, time(12), tz)  # exists on every day, whatever the clocks do
    return spend_between(span(Budget.Period.DAY, zone=zone, now=noon)[0], now)


def spend_between(start: datetime, end: datetime) -> Spend:
    """Rows of [start, end]: what is under way now is not yet in it."""
    records = UsageRecord.objects.filter(at__gte=start, at__lte=end)
    sums = records.aggregate(calls=Count("call_id", distinct=True), cost=Sum("cost_nanos"))
    estimated = records.filter(confidence=UsageRecord.Confidence.ESTIMATED)
    return Spend(
        start=start,
        end=end,
        calls=sums["calls"],
        cost_nanos=sums["cost"] or 0,
        estimated_nanos=total(estimated, "cost_nanos"),
        saved=saved_by(records),
        by_route=groups(records.filter(attempt__gt=0), "model_class", "deployment"),
        by_cache=groups(records.exclude(cache_layer=""), "cache_layer"),
        by_outcome=groups(records, "outcome", "error_code"),
    )


def saved_by(records: QuerySet[UsageRecord]) -> Saved | None:
    answered = records.exclude(outcome__in=NO_ANSWER)
    known = answered.filter(baseline_nanos__isnull=False)
    names = known.order_by("baseline").values_list("baseline", flat=True).distinct()
    baselines = tuple(names)
    if not baselines:
        return None
    without_baseline = answered.filter(baseline_nanos__isnull=True).values("call_id")
    baseline_nanos = total(known, "baseline_nanos")
    return Saved(
        nanos=baseline_nanos - total(records.exclude(call_id__in=without_baseline), "cost_nanos"),
        baseline_nanos=baseline_nanos,
        baselines=baselines,
        calls=known.values("call_id").distinct().count(),
    )


def groups(records: QuerySet[UsageRecord], *columns: str) -> tuple[Group, ...]:
    """Calls and cost by these columns, dearest first."""
    rows = (
        records.values_list(*columns)
        .annotate(calls=Count("call_id", distinct=True), cost=Sum("cost_nanos"))
        .order_by("-cost", "-calls", *columns)
    )
    return tuple(
        Group(" ".join(str(name) for name in names if name), calls, cost)
        for *names, calls, cost in rows
    )


def total(records: QuerySet[UsageRecord], column: str) -> int:
    return int(records.aggregate(total=Sum(column))["total"] or 0)

"""What was spent and saved in a span of time, and by which routes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import BigIntegerField, Count, IntegerField, Q, QuerySet, Sum
from django.db.models.expressions import RawSQL

from billing import savings
from billing.budgets import span
from billing.models import Budget, UsageRecord
from billing.reports.facts import Facts, by_bucket
from billing.reports.shapes import Series, Unit

DEBATE_PARTS = {"stage": "stage", "speaker": "speaker", "kind": "call_kind"}
CLASSES = ("local", "economy", "mid", "premium")
Outcome = UsageRecord.Outcome
IS_CALL = ~Q(outcome=Outcome.FAILED)


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
    by_debate_part: tuple[tuple[str, tuple[Group, ...]], ...] = ()  # as asked: name and groups


def by_class(facts: Facts) -> Series:
    """What was spent, by class of model, the cheapest first."""
    sums = by_bucket(
        (row for row in facts.usage if row.cost_nanos),
        lambda row: row.model_class or "other",
        lambda row: row.cost_nanos,
    )
    for name in CLASSES:
        sums.setdefault(name, {})
    names = [*CLASSES, *sorted(sums.keys() - set(CLASSES))]
    return facts.series({name: sums[name] for name in names}, Unit.NANOS)


def spend_of_days(
    days: int, *, zone: str, now: datetime, parts: Sequence[str] = ()
) -> Spend:
    """The last so many local days, today included. `parts`: of DEBATE_PARTS."""
    tz = ZoneInfo(zone)
    first = now.astimezone(tz).date() - timedelta(days=days - 1)
    noon = datetime.combine(first, time(12), tz)  # exists on every day, whatever the clocks do
    return spend_between(span(Budget.Period.DAY, zone=zone, now=noon)[0], now, parts=parts)


def spend_between(start: datetime, end: datetime, *, parts: Sequence[str] = ()) -> Spend:
    """Rows of [start, end]: what is under way now is not yet in it."""
    records = UsageRecord.objects.filter(at__gte=start, at__lte=end)
    sums = records.aggregate(calls=Count("pk", filter=IS_CALL), cost=Sum("cost_nanos"))
    estimated = records.filter(confidence=UsageRecord.Confidence.ESTIMATED)
    return Spend(
        start=start,
        end=end,
        calls=sums["calls"],
        cost_nanos=sums["cost"] or 0,
        estimated_nanos=total(estimated, "cost_nanos"),
        saved=saved_by(records),
        by_route=groups(
            records.filter(cache_layer="").exclude(deployment=""), "model_class", "deployment",
            counted=IS_CALL,
        ),
        by_cache=groups(records.exclude(cache_layer=""), "cache_layer"),
        by_outcome=groups(records, "outcome", "error_code"),
        by_debate_part=tuple(
            (part, groups(records.exclude(debate_id=""), DEBATE_PARTS[part], counted=IS_CALL))
            for part in parts
        ),
    )


def saved_by(records: QuerySet[UsageRecord]) -> Saved | None:
    is_known = RawSQL(f"CASE WHEN {savings.IS_KNOWN} THEN 1 ELSE 0 END", [], IntegerField())
    known = records.annotate(is_known=is_known).filter(is_known=1)
    baselines = tuple(known.order_by("baseline").values_list("baseline", flat=True).distinct())
    if not baselines:
        return None
    saved = RawSQL(savings.SAVED, [], output_field=BigIntegerField())
    return Saved(
        nanos=total(records.annotate(saved=saved), "saved"),
        baseline_nanos=total(known, "baseline_nanos"),
        baselines=baselines,
        calls=known.count(),
    )


def groups(
    records: QuerySet[UsageRecord], *columns: str, counted: Q | None = None
) -> tuple[Group, ...]:
    """Rows and cost by these columns, dearest first."""
    rows = (
        records.values_list(*columns)
        .annotate(calls=Count("pk", filter=counted), cost=Sum("cost_nanos"))
        .order_by("-cost", "-calls", *columns)
    )
    return tuple(
        Group(" ".join(str(name) for name in names if name), calls, cost)
        for *names, calls, cost in rows
    )


def total(records: QuerySet[UsageRecord], column: str) -> int:
    return int(records.aggregate(total=Sum(column))["total"] or 0)

"""What was spent and saved in a span of time, and by which routes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Count, IntegerField, Q, QuerySet, Sum
from django.db.models.expressions import RawSQL

from billing import savings
from billing.baselines import ByKind, Named
from billing.budgets import span
from billing.models import Budget, UsageRecord
from billing.reports.facts import Facts, by_bucket
from billing.reports.savings_parts import searches_of
from billing.reports.savings_sums import Statement, priced, statement_of, sums_between
from billing.reports.shapes import Series, Unit

DEBATE_PARTS = {"stage": "stage", "speaker": "speaker", "kind": "call_kind"}
CLASSES = ("local", "economy", "mid", "premium")
Outcome = UsageRecord.Outcome
IS_ATTEMPT = ~Q(outcome=Outcome.CORRECTED)
IS_CALL = ~Q(outcome__in=[Outcome.FAILED, Outcome.CORRECTED])


@dataclass(frozen=True, slots=True)
class Group:
    """Calls that went the same way."""

    name: str
    calls: int
    cost_nanos: int


@dataclass(frozen=True, slots=True)
class Saved:
    """An estimate: what the answers would have cost on the baseline, less all that was spent.

    `calls` are the answered ones with a baseline; what failed attempts cost is taken off. With no
    such call it is all that there is.
    """

    nanos: int
    baseline_nanos: int
    baselines: tuple[str, ...]
    calls: int


@dataclass(frozen=True, slots=True)
class Spend:
    """`saved` None: nothing is known of it, which is not a saving of 0."""

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
    by_step: tuple[Group, ...] = ()  # from the baseline to the spend, where one is compared
    searches: tuple[Group, ...] = ()  # by kind of call: how many were bought, and their cost


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
    days: int, *, zone: str, now: datetime, parts: Sequence[str] = (),
    against: Named | None = None,
) -> Spend:
    """The last so many local days, today included. `parts`: of DEBATE_PARTS."""
    tz = ZoneInfo(zone)
    first = now.astimezone(tz).date() - timedelta(days=days - 1)
    noon = datetime.combine(first, time(12), tz)  # exists on every day, whatever the clocks do
    start = span(Budget.Period.DAY, zone=zone, now=noon)[0]
    return spend_between(start, now, parts=parts, against=against)


def spend_between(
    start: datetime, end: datetime, *, parts: Sequence[str] = (), against: Named | None = None
) -> Spend:
    """Rows of [start, end]: what is under way now is not yet in it. `against` None: compared with
    what the rows say themselves."""
    rows = sums_between(start, end)
    statement = statement_of(priced(rows, against))
    records = UsageRecord.objects.filter(at__gte=start, at__lte=end)
    sums = records.aggregate(calls=Count("pk", filter=IS_CALL), cost=Sum("cost_nanos"))
    estimated = records.filter(confidence=UsageRecord.Confidence.ESTIMATED)
    return Spend(
        start=start,
        end=end,
        calls=sums["calls"],
        cost_nanos=sums["cost"] or 0,
        estimated_nanos=total(estimated, "cost_nanos"),
        saved=saved_by(records, statement, against),
        by_route=groups(
            records.filter(cache_layer="").exclude(deployment=""), "model_class", "deployment",
            counted=IS_CALL,
        ),
        by_cache=groups(records.exclude(cache_layer=""), "cache_layer"),
        by_outcome=groups(records, "outcome", "error_code", counted=IS_ATTEMPT),
        by_debate_part=tuple(
            (part, groups(records.exclude(debate_id=""), DEBATE_PARTS[part], counted=IS_CALL))
            for part in parts
        ),
        by_step=_steps(statement) if statement.is_known else (),
        searches=tuple(
            Group(kind, number, nanos) for kind, number, nanos in searches_of(rows).by_kind
        ),
    )


def saved_by(
    records: QuerySet[UsageRecord], statement: Statement, against: Named | None
) -> Saved | None:
    nanos = savings.known_sum(statement.saved_nanos, statement.compared)
    if nanos is None:
        return None
    if against is not None and isinstance(against.how, ByKind):
        names: tuple[str, ...] = (f"{against.name} {against.version}",)
    else:
        is_known = RawSQL(f"CASE WHEN {savings.IS_KNOWN} THEN 1 ELSE 0 END", [], IntegerField())
        known = records.annotate(is_known=is_known).filter(is_known=1)
        names = tuple(known.order_by("baseline").values_list("baseline", flat=True).distinct())
    return Saved(nanos, statement.baseline_nanos, names, statement.compared)


def _steps(statement: Statement) -> tuple[Group, ...]:
    """In their order, with what each adds to what is to be paid."""
    parts = {**statement.causes, **statement.own_costs}
    return (
        Group("baseline", statement.compared, statement.baseline_nanos),
        *(Group(name, 0, -nanos) for name, nanos in parts.items() if nanos),
        Group("uncompared", 0, statement.uncompared_nanos),
        Group("spend", 0, statement.cost_nanos),
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

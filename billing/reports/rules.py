"""Which rules of the routing table calls went by: tier, how hard they were, economy mode or not.

Only calls that a model answered by the table: none that named their model, came out of a cache, or
were held out to check savings.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from billing import rollups
from billing.hours import start_of
from billing.measures import RULE
from billing.models import HourlyRule, HourlyUsage
from billing.models_rollup import Grain
from billing.reports import facts, reading
from billing.reports.ranges import Bucket, Range
from billing.reports.shapes import Filters
from billing.reports.spans import Source, Span
from billing.rollups import HowFar

ROLLED = (Source.ROLLED, Source.OLD)
COLUMNS = ("tier", "complexity", "is_economy")


@dataclass(frozen=True, slots=True)
class RuleSum:
    tier: str
    complexity: str
    is_economy: bool
    calls: int
    cost_nanos: int


@dataclass(frozen=True, slots=True)
class RuleUse:
    """`known_from`: calls before it are not in it; None: all are. The busiest rules first."""

    rows: tuple[RuleSum, ...]
    known_from: datetime | None = None

    @property
    def calls(self) -> int:
        return sum(row.calls for row in self.rows)


def load(days: Range, *, now: datetime, filters: Filters) -> RuleUse:
    until = now + timedelta.resolution
    found = facts.located((Bucket(days.start, days.end),), until=until, now=now)
    edge = start_of(_filled_from(rollups.how_far(now=now)))
    spans = list(_filled(found.spans, edge))
    sums: dict[tuple[str, str, bool], tuple[int, int]] = {}
    for _bucket, tier, complexity, is_economy, calls, nanos in reading.rows_of(
        RULE, COLUMNS, spans, filters
    ):
        key = (tier, complexity, bool(is_economy))
        before = sums.get(key, (0, 0))
        sums[key] = (before[0] + calls, before[1] + nanos)
    rows = sorted((RuleSum(*key, *value) for key, value in sums.items()), key=_order)
    is_cut = any(span.source in ROLLED and span.start < edge for span in found.spans)
    return RuleUse(tuple(rows), edge if is_cut else None)


def _filled_from(far: HowFar) -> int:
    """The first hour whose rules are added up. Slices that were filled before there were rules say
    nothing of them."""
    if far.slices_from:
        return far.slices_from
    first = HourlyRule.objects.order_by("hour").values_list("hour", flat=True).first()
    known = far.frontier if first is None else first
    is_older = HourlyUsage.objects.filter(grain=Grain.WHOLE, hour__lt=known, answered__gt=0)
    return known if is_older.exists() else 0


def _order(row: RuleSum) -> tuple[int, str, str, bool]:
    return (-row.calls, row.tier, row.complexity, row.is_economy)


def _filled(spans: Sequence[Span], edge: datetime) -> Iterator[Span]:
    """Rolled hours before the edge are not in the table yet."""
    for span in spans:
        if span.source not in ROLLED or span.start >= edge:
            yield span
        elif span.end > edge:
            yield replace(span, start=edge)

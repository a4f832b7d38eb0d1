"""What the reports of one question are made of, read once.

Every report is a pure function of `Facts`. Whole hours come from the rollups; what is not rolled up
yet is read from the usage rows, in the same shape (`spans.py` decides, `reading.py` reads).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from accounts.models import Tier
from billing import rollups
from billing.histograms import Histogram
from billing.hours import hour_of, start_of
from billing.models import FilterValue, HourlyUsage, UsageRecord
from billing.models_rollup import Grain
from billing.reports import debate_reading, reading
from billing.reports.cube_sums import DebateSum, OutcomeSum, UsageSum
from billing.reports.ranges import Bucket
from billing.reports.shapes import Line, Question, Series, Unit
from billing.reports.spans import Source, Span, spans

T = TypeVar("T", UsageSum, OutcomeSum)


@dataclass(frozen=True, slots=True)
class Facts:
    """`lag_s`: how far the rollup is behind the last closed hour. `missing_hours`: hours so far
    behind that they were not read; their buckets are not known, and totals lack them."""

    question: Question
    as_of: datetime
    lag_s: int
    missing_hours: int
    buckets: tuple[Bucket, ...]
    is_known: tuple[bool, ...]
    usage: tuple[UsageSum, ...]
    outcomes: tuple[OutcomeSum, ...]
    latencies: Mapping[tuple[int, str], Histogram]
    debates: DebateSum | None

    @property
    def calls(self) -> int:
        return sum(row.calls for row in self.usage)

    @property
    def cost_nanos(self) -> int:
        return sum(row.cost_nanos for row in self.usage)

    def series(self, lines: Mapping[str, Mapping[int, int | None]], unit: Unit) -> Series:
        """Of values by bucket; 0 where a known bucket has none."""
        return Series(
            self.buckets,
            tuple(
                Line(key, tuple(
                    values.get(number, 0) if known else None
                    for number, known in enumerate(self.is_known)
                ))
                for key, values in lines.items()
            ),
            unit,
        )


@dataclass(frozen=True, slots=True)
class FilterChoices:
    tiers: tuple[str, ...]
    languages: tuple[str, ...]
    deployments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Located:
    """Where each hour of some buckets is read from, and how far the rollup is behind."""

    spans: tuple[Span, ...]
    lag_s: int

    @property
    def missing_hours(self) -> int:
        """Hours that were not read, or whose late rows were not."""
        behind = (Source.MISSING, Source.OLD)
        return sum(span.hours for span in self.spans if span.source in behind)

    @property
    def missing_buckets(self) -> frozenset[int]:
        return frozenset(span.bucket for span in self.spans if span.source == Source.MISSING)


def load(question: Question, *, at_once: bool = False) -> Facts:
    """`at_once`: only sums are wanted, so all of the range is one bucket."""
    days = question.range
    buckets = (Bucket(days.start, days.end),) if at_once else days.buckets
    until = question.now + timedelta.resolution  # what happens now is in it
    found = located(buckets, until=until, now=question.now)
    parts, filters = found.spans, question.filters
    return Facts(
        question=question,
        as_of=question.now,
        lag_s=found.lag_s,
        missing_hours=found.missing_hours,
        buckets=buckets,
        is_known=tuple(
            bucket.start < until and number not in found.missing_buckets
            for number, bucket in enumerate(buckets)
        ),
        usage=reading.usage(parts, filters),
        outcomes=reading.outcomes(parts, filters),
        latencies=reading.latencies(parts, filters),
        debates=debate_reading.debates(parts, filters),
    )


def located(buckets: tuple[Bucket, ...], *, until: datetime, now: datetime) -> Located:
    far = rollups.how_far(now=now)
    found = spans(
        buckets, until=until, frontier=far.frontier, rows_from=far.rows_from,
        marked=rollups.marked_hours(far.frontier),
    )
    return Located(
        tuple(replace(span, days_from=far.days_from) for span in found),
        lag_s=far.lag_hours(now=now) * 3600,
    )


def previous(question: Question) -> Question:
    """As many days right before, up to the same time of day: a day so far against a day so far."""
    zone = ZoneInfo(question.range.zone)
    now = question.now.astimezone(zone) - timedelta(days=question.range.days)
    return replace(question, range=question.range.previous(), now=now.astimezone(UTC))


def load_previous(question: Question) -> Facts | None:
    """The period before, at once; None where the calls began in it or after it: half of a period
    would look like growth."""
    before = previous(question)
    began = calls_began()
    if began is None or began > before.range.start:
        return None
    return load(before, at_once=True)


def calls_began() -> datetime | None:
    """When the first call was, whether its row is still there or not. None: there is none."""
    began = UsageRecord.objects.order_by("at").values_list("at", flat=True).first()
    rolled = HourlyUsage.objects.filter(grain=Grain.WHOLE).order_by("hour")
    hour = rolled.values_list("hour", flat=True).first()
    if hour is None or (began is not None and hour_of(began) <= hour):
        return began
    return start_of(hour)


def by_bucket(
    rows: Iterable[T], key: Callable[[T], str], value: Callable[[T], int]
) -> dict[str, dict[int, int | None]]:
    """Sums by key and bucket."""
    sums: dict[str, dict[int, int | None]] = {}
    for row in rows:
        line = sums.setdefault(key(row), {})
        line[row.bucket] = (line.get(row.bucket) or 0) + value(row)
    return sums


def filters_known() -> FilterChoices:
    """Of all hours that are rolled up; plans that nobody used yet are among them."""
    seen: dict[str, set[str]] = {column: set() for column in reading.FILTERS}
    for column, value in FilterValue.objects.values_list("column", "value"):
        seen[column].add(value)
    return FilterChoices(
        tiers=tuple(sorted(seen["tier"] | set(Tier.objects.values_list("name", flat=True)))),
        languages=tuple(sorted(seen["language"])),
        deployments=tuple(sorted(seen["deployment"])),
    )

"""Any question about spend: over some days, narrowed by anything, grouped by one thing.

A `Slices` is sums of usage rows by bucket and key, exact in every zone. They are read out of the
narrowest table that knows the columns in question (`slice_tables.py`), and what is not rolled up
yet out of the usage rows. A question that would read too much is answered for its newest days, and
the answer says so: `Slices.shortened` is then the range that it is about.

A key is what the column holds; `NONE` stands for nothing ("no cache"), in keys and in filters.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from billing.reports import facts, slice_reading
from billing.reports.ranges import Bucket, Range, day_span
from billing.reports.slice_shapes import GROUPS as GROUPS
from billing.reports.slice_shapes import NO_FILTERS as NO_FILTERS
from billing.reports.slice_shapes import NONE as NONE
from billing.reports.slice_shapes import OTHERS as OTHERS
from billing.reports.slice_shapes import USER as USER
from billing.reports.slice_shapes import SliceFilters as SliceFilters
from billing.reports.slice_shapes import SliceRow as SliceRow
from billing.reports.slice_spans import Clock, Parts, clock_at, is_filled, parts_of
from billing.reports.slice_tables import Plan, plan_of
from billing.slice_measures import MEASURES

MAX_ROWS = 300_000  # of a wide table: about 0.15 s

Group = Literal[
    "", "tier", "language", "provider", "deployment", "model_class", "call_kind", "cache_layer",
    "outcome", "user",
]


@dataclass(frozen=True, slots=True)
class Ask:
    """`now` ends the range early: the future has no calls. `group_by`: one of `GROUPS`. `at_once`:
    only sums are wanted, so all of the range is one bucket. `only`: measures that are wanted; the
    others are 0."""

    range: Range
    now: datetime
    filters: SliceFilters = NO_FILTERS
    group_by: str = ""
    at_once: bool = False
    only: tuple[str, ...] = tuple(measure.name for measure in MEASURES)

    def buckets_of(self, days: Range) -> tuple[Bucket, ...]:
        return (Bucket(days.start, days.end),) if self.at_once else days.buckets

    def __post_init__(self) -> None:
        if self.group_by not in GROUPS:
            raise ValueError(f"nothing is grouped by {self.group_by!r}")


@dataclass(frozen=True, slots=True)
class Slices:
    """`ask` as it was asked. Buckets are those of `shortened`, where it is set, and else of the
    range. Not in `is_known`: buckets ahead, and those that the rollup is too far behind for.
    `lag_s`, `missing_hours`: as in `facts.Facts`. `others`: keys whose rows are one, `OTHERS`
    (`slice_tops.py`)."""

    ask: Ask
    as_of: datetime
    lag_s: int
    missing_hours: int
    buckets: tuple[Bucket, ...]
    is_known: tuple[bool, ...]
    rows: tuple[SliceRow, ...]
    shortened: Range | None = None
    others: frozenset[str] = frozenset()

    @property
    def answered(self) -> Ask:
        """What the rows are about: the question, of the days that were read."""
        return replace(self.ask, range=self.shortened or self.ask.range)

    @property
    def total(self) -> SliceRow:
        """All rows together; its bucket and key say nothing."""
        return SliceRow(0, "", *(
            sum(getattr(row, measure.name) for row in self.rows) for measure in MEASURES
        ))


def load(ask: Ask, *, is_whole: bool = False, users: Sequence[str] = ()) -> Slices:
    """`is_whole`: all of the range, however much there is to read. `users`: keys; only these."""
    clock = clock_at(ask.now)
    shortened, days = None, ask.range
    buckets = ask.buckets_of(days)
    plan, parts = _planned(buckets, clock, ask)
    rows = 0 if is_whole else slice_reading.rows_to_read(parts, plan, ask.filters, most=MAX_ROWS)
    if rows > MAX_ROWS and days.days > 1:
        shortened = days = _newest(ask, max(1, days.days * MAX_ROWS // rows))
        buckets = ask.buckets_of(days)
        plan, parts = _planned(buckets, clock, ask)
    return Slices(
        ask=ask, as_of=ask.now, lag_s=clock.far.lag_hours(now=ask.now) * 3600,
        missing_hours=parts.missing_hours, buckets=buckets,
        is_known=tuple(
            bucket.start < clock.until and number not in parts.missing_buckets
            for number, bucket in enumerate(buckets)
        ),
        rows=slice_reading.read(
            parts, plan, ask.filters, ask.group_by, users=users, only=ask.only
        ),
        shortened=shortened,
    )


def _planned(buckets: tuple[Bucket, ...], clock: Clock, ask: Ask) -> tuple[Plan, Parts]:
    filled = is_filled(clock, buckets)
    plan = plan_of(ask.filters, ask.group_by, is_filled=filled)
    parts = parts_of(
        buckets, clock, has_days=plan.days is not None, is_slices=plan.is_slices,
        has_months=plan.months is not None,
    )
    return plan, parts


def _newest(ask: Ask, days: int) -> Range:
    """The last so many days of the range, of those that are not ahead."""
    today = ask.now.astimezone(ZoneInfo(ask.range.zone)).date()
    last = min(ask.range.last, max(today, ask.range.first))
    first = max(ask.range.first, last - timedelta(days=days - 1))
    return replace(ask.range, first=first)


def load_previous(ask: Ask) -> Slices | None:
    """As many days right before, up to the same time of day: what `Slices.answered` is compared
    with. None where the calls began in them or after them, which would look like growth, or where
    they would be too much to read."""
    if not has_previous(ask):
        return None
    found = load(previous(ask))
    return None if found.shortened else found


def has_previous(ask: Ask) -> bool:
    """There were calls before all of the days right before."""
    began = facts.calls_began()
    return began is not None and began <= previous(ask).range.start


def previous(ask: Ask) -> Ask:
    now = ask.now.astimezone(ZoneInfo(ask.range.zone)) - timedelta(days=ask.range.days)
    return replace(ask, range=ask.range.previous(), now=now.astimezone(UTC))


def span_costs(
    spans: Sequence[Bucket], *, now: datetime, filters: SliceFilters = NO_FILTERS,
    group_by: str = "",
) -> list[tuple[int, str, int]]:
    """(place of the span, key, nanos) of any spans, in order of time."""
    clock, buckets = clock_at(now), tuple(spans)
    plan = plan_of(filters, group_by, is_filled=is_filled(clock, buckets))
    parts = parts_of(buckets, clock, has_days=plan.days is not None, is_slices=plan.is_slices)
    rows = slice_reading.read(parts, plan, filters, group_by, only=("cost_nanos",))
    return [(row.bucket, row.key, row.cost_nanos) for row in rows]


class DayCosts(dict[tuple[date, str], SliceRow]):
    """By day and key. Days in `missing` are not known, for the rollup is too far behind for them.
    """

    missing: frozenset[date] = frozenset()


def day_costs(
    *, zone: str, first: date, last: date, now: datetime, filters: SliceFilters = NO_FILTERS,
    group_by: str = "",
) -> DayCosts:
    """Sums by local day of `zone` and key, both days included, however much there is to read. A
    day without a call is not in it. `SliceRow.bucket` counts days from `first`."""
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    ask, clock = Ask(Range(first, last, zone), now, filters, group_by), clock_at(now)
    plan, parts = _planned(tuple(day_span(day, zone) for day in days), clock, ask)
    rows = slice_reading.read(parts, plan, filters, group_by)
    found = DayCosts({(days[row.bucket], row.key): row for row in rows})
    found.missing = frozenset(days[number] for number in parts.missing_buckets)
    return found

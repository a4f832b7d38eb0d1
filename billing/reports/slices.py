"""Any question about spend: over some days, narrowed by anything, grouped by one thing.

A `Slices` is sums of usage rows by bucket and key, exact in every zone. They are read out of the
narrowest table that knows the columns in question (`slice_tables.py`), and what is not rolled up
yet out of the usage rows. A question that would read too much is answered for its newest days, and
the answer says so: `Slices.shortened` is then the range that it is about.

A key is what the column holds; `NONE` stands for nothing ("no cache"), in keys and in filters.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from billing import rollups
from billing.measures import SLICE_MEASURES
from billing.reports import facts, slice_reading
from billing.reports.ranges import Bucket, Range, day_span
from billing.reports.slice_shapes import GROUPS as GROUPS
from billing.reports.slice_shapes import NO_FILTERS as NO_FILTERS
from billing.reports.slice_shapes import NONE as NONE
from billing.reports.slice_shapes import SliceFilters as SliceFilters
from billing.reports.slice_shapes import SliceRow as SliceRow

Group = Literal[
    "", "tier", "language", "provider", "deployment", "model_class", "call_kind", "cache_layer",
    "outcome", "user",
]


@dataclass(frozen=True, slots=True)
class Ask:
    """`now` ends the range early: the future has no calls. `group_by`: one of `GROUPS`."""

    range: Range
    now: datetime
    filters: SliceFilters = NO_FILTERS
    group_by: str = ""

    def __post_init__(self) -> None:
        if self.group_by not in GROUPS:
            raise ValueError(f"nothing is grouped by {self.group_by!r}")


@dataclass(frozen=True, slots=True)
class Slices:
    """`ask` as it was asked. Buckets are those of `shortened`, where it is set, and else of the
    range. Not in `is_known`: buckets ahead, and those that the rollup is too far behind for.
    `lag_s`, `missing_hours`: as in `facts.Facts`."""

    ask: Ask
    as_of: datetime
    lag_s: int
    missing_hours: int
    buckets: tuple[Bucket, ...]
    is_known: tuple[bool, ...]
    rows: tuple[SliceRow, ...]
    shortened: Range | None = None

    @property
    def total(self) -> SliceRow:
        """All rows together; its bucket and key say nothing."""
        return SliceRow(0, "", *(
            sum(getattr(row, measure.name) for row in self.rows) for measure in SLICE_MEASURES
        ))


def load(ask: Ask) -> Slices:
    until = ask.now + timedelta.resolution  # what happens now is in it
    buckets = ask.range.buckets
    found = facts.located(buckets, until=until, now=ask.now)
    return Slices(
        ask=ask, as_of=ask.now, lag_s=rollups.lag_hours(now=ask.now) * 3600,
        missing_hours=0, buckets=buckets,
        is_known=tuple(bucket.start < until for bucket in buckets),
        rows=slice_reading.live(found.spans, ask.filters, ask.group_by),
    )


def load_previous(ask: Ask) -> Slices | None:
    """As many days right before, up to the same time of day. None where the calls began in them or
    after them: half of a period would look like growth."""
    before = previous(ask)
    began = facts.calls_began()
    return load(before) if began is not None and began <= before.range.start else None


def previous(ask: Ask) -> Ask:
    now = ask.now.astimezone(ZoneInfo(ask.range.zone)) - timedelta(days=ask.range.days)
    return replace(ask, range=ask.range.previous(), now=now.astimezone(UTC))


def day_costs(
    *, zone: str, first: date, last: date, now: datetime, filters: SliceFilters = NO_FILTERS,
    group_by: str = "",
) -> Mapping[tuple[date, str], SliceRow]:
    """Sums by local day of `zone` and key, both days included. A day without a call is not in it.
    `SliceRow.bucket` counts days from `first`."""
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    buckets = tuple(day_span(day, zone) for day in days)
    found = facts.located(buckets, until=now + timedelta.resolution, now=now)
    rows = slice_reading.live(found.spans, filters, group_by)
    return {(days[row.bucket], row.key): row for row in rows}

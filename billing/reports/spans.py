"""Where a report takes each hour from: the rollups, or the usage rows themselves.

Rolled: whole hours before the frontier. Live: hours from the frontier on, hours marked by late
rows, and hours that the edge of a bucket cuts (zones with half hours, and the running hour), so
that sums are exact in every zone. Live reading is bounded: where the rollup is days behind, the
newest hours are read and the others are missing, which is said.

Hours whose usage rows are gone are rolled, whatever marks they have, and are not cut: each counts
whole where it begins.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from itertools import groupby

from billing.hours import HOUR, hour_of, start_of
from billing.reports.ranges import Bucket

MAX_LIVE_HOURS = 24


class Source(Enum):
    ROLLED = "rolled"
    OLD = "old"  # rolled before late rows came, which are too many hours to be read live
    LIVE = "live"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Span:
    """[start, end) of one bucket. `days_from`: whole local days from this hour on are summed up."""

    bucket: int
    start: datetime
    end: datetime
    source: Source
    days_from: int | None = None

    @property
    def hours(self) -> int:
        return hour_of(self.end) - hour_of(self.start)


def spans(
    buckets: tuple[Bucket, ...], *, until: datetime, frontier: int, marked: frozenset[int],
    rows_from: int = 0,
) -> tuple[Span, ...]:
    """Every instant of the buckets before `until`, each in one span."""
    source_of = _sources(until, frontier, frozenset(hour for hour in marked if hour >= rows_from))

    def uncut(edge: datetime) -> datetime:
        hour = hour_of(edge)
        return start_of(hour) if hour < rows_from else edge

    return tuple(
        span
        for number, bucket in enumerate(buckets)
        for span in _spans_of(
            number, uncut(bucket.start), uncut(min(bucket.end, until)), source_of
        )
    )


def _sources(
    until: datetime, frontier: int, marked: frozenset[int]
) -> Callable[[int], Source]:
    """The newest are live, up to MAX_LIVE_HOURS."""
    after = hour_of(until) + 1
    oldest_live = max(frontier, after - MAX_LIVE_HOURS)
    room = MAX_LIVE_HOURS - max(0, after - oldest_live)
    live = frozenset(sorted((hour for hour in marked if hour < after), reverse=True)[:room])

    def source_of(hour: int) -> Source:
        if hour < frontier:
            return Source.LIVE if hour in live else Source.OLD if hour in marked else Source.ROLLED
        return Source.LIVE if hour >= oldest_live else Source.MISSING

    return source_of


def _spans_of(
    number: int, start: datetime, end: datetime, source_of: Callable[[int], Source]
) -> Iterator[Span]:
    first, last = hour_of(start + HOUR - timedelta.resolution), hour_of(end)  # whole hours
    if first >= last:
        if start < end:
            yield from _cut(number, start, end)
        return
    yield from _cut(number, start, start_of(first))
    for source, run in groupby(range(first, last), source_of):
        hours = list(run)
        yield Span(number, start_of(hours[0]), start_of(hours[-1] + 1), source)
    yield from _cut(number, start_of(last), end)


def _cut(number: int, start: datetime, end: datetime) -> Iterator[Span]:
    if start < end:
        yield Span(number, start, end, Source.LIVE)

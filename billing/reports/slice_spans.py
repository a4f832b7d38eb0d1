"""Spans of hours -> whole local days, hours, and what is read live: what each table is asked."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.conf import settings

from billing import local_days, rollups
from billing.hours import hour_of, start_of
from billing.reports import day_reading
from billing.reports.ranges import Bucket
from billing.reports.spans import Source, Span, spans
from billing.rollups import HowFar

Days = tuple[int, date, date]  # bucket, first day, day after the last
Hours = tuple[int, int, int]  # bucket, first hour, hour after the last


@dataclass(slots=True)
class Parts:
    """Where every instant of some buckets comes from. `months`: days too, from the first of a month
    to the first of another."""

    months: list[Days] = field(default_factory=list)
    days: list[Days] = field(default_factory=list)
    hours: list[Hours] = field(default_factory=list)
    live: list[Span] = field(default_factory=list)
    missing_hours: int = 0
    missing_buckets: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Clock:
    """How far everything is, read once for a question."""

    now: datetime
    far: HowFar
    marked: frozenset[int]

    @property
    def until(self) -> datetime:
        return self.now + timedelta.resolution  # what happens now is in it


def clock_at(now: datetime) -> Clock:
    far = rollups.how_far(now=now)
    return Clock(now, far, rollups.marked_hours(far.frontier))


def is_filled(clock: Clock, buckets: tuple[Bucket, ...]) -> bool:
    """All hours of these buckets that are rolled up are in the slices."""
    return hour_of(buckets[0].start) >= clock.far.slices_from


def parts_of(
    buckets: tuple[Bucket, ...], clock: Clock, *, has_days: bool, is_slices: bool,
    has_months: bool = False,
) -> Parts:
    """`has_days`: whole days may come from a daily table; `has_months`: whole months."""
    far, parts = clock.far, Parts()
    filled_from = far.slices_from if is_slices else 0
    days_from = far.days_from if has_days else None
    for span in spans(
        buckets, until=clock.until, frontier=far.frontier, marked=clock.marked,
        rows_from=far.rows_from,
    ):
        for piece in _filled(span, filled_from):
            _sort(piece, parts, days_from)
    if has_months:
        parts.months, parts.days = day_reading.months(parts.days)
    return parts


def _filled(span: Span, filled_from: int) -> Iterator[Span]:
    """What an earlier version rolled is missing until it is filled in."""
    edge = start_of(filled_from)
    if span.source not in (Source.ROLLED, Source.OLD) or span.start >= edge:
        yield span
        return
    yield Span(span.bucket, span.start, min(span.end, edge), Source.MISSING)
    if edge < span.end:
        yield Span(span.bucket, edge, span.end, span.source)


def _sort(span: Span, parts: Parts, days_from: int | None) -> None:
    if span.source in (Source.MISSING, Source.OLD):
        parts.missing_hours += span.hours
    if span.source == Source.MISSING:
        parts.missing_buckets.add(span.bucket)
    elif span.source == Source.LIVE:
        parts.live.append(span)
    else:
        _sort_hours(span.bucket, hour_of(span.start), hour_of(span.end), parts, days_from)


def _sort_hours(bucket: int, first: int, end: int, parts: Parts, days_from: int | None) -> None:
    """Whole days where they can be, and the hours around them."""
    low = end if days_from is None else max(first, days_from)
    within = local_days.within(low, end, settings.DEFAULT_ZONE) if low < end else None
    if within is None:
        _add_hours(parts.hours, bucket, first, end)
        return
    parts.days.append((bucket, within.day, within.after))
    _add_hours(parts.hours, bucket, first, within.first)
    _add_hours(parts.hours, bucket, within.end, end)


def _add_hours(hours: list[Hours], bucket: int, first: int, end: int) -> None:
    if first < end:
        hours.append((bucket, first, end))


def count_days(parts: Sequence[Days]) -> int:
    return sum((after - day).days for _, day, after in parts)


def count_hours(parts: Sequence[Hours]) -> int:
    return sum(end - first for _, first, end in parts)

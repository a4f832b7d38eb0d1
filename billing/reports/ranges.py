"""Which days a report is about: whole local days, cut in the zone of whoever looks."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import cached_property
from zoneinfo import ZoneInfo

from billing.budgets import span
from billing.models import Budget

MAX_DAYS = 400
DAYS_BY_HOUR = 2  # up to so many days are shown hour by hour,
DAYS_BY_DAY = 120  # up to so many day by day, longer ones week by week


class Step(StrEnum):
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Bucket:
    """One bar of a chart: [start, end), in UTC."""

    start: datetime
    end: datetime


@dataclass(frozen=True)
class Range:
    """The local days `first` to `last`, both included. `by`: the step somebody chose; None: the
    one that suits so many days."""

    first: date
    last: date
    zone: str
    by: Step | None = None

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @cached_property
    def start(self) -> datetime:
        return day_span(self.first, self.zone).start

    @cached_property
    def end(self) -> datetime:
        """The first instant after the range."""
        return day_span(self.last, self.zone).end

    @property
    def step(self) -> Step:
        if self.by:
            return self.by
        if self.days <= DAYS_BY_HOUR:
            return Step.HOUR
        return Step.DAY if self.days <= DAYS_BY_DAY else Step.WEEK

    @cached_property
    def buckets(self) -> tuple[Bucket, ...]:
        """They follow one another without a gap, from `start` to `end`."""
        if self.step == Step.HOUR:
            return tuple(hours(self.start, self.end))
        if self.step == Step.MONTH:
            return tuple(spans_of_months(self))
        days = 1 if self.step == Step.DAY else 7
        return tuple(spans_of_days(self, days))

    def previous(self) -> "Range":
        """As many days, right before."""
        length = timedelta(days=self.days)
        return replace(self, first=self.first - length, last=self.last - length)


def last_days(days: int, *, zone: str, now: datetime) -> Range:
    """The last so many local days, today included."""
    today = now.astimezone(ZoneInfo(zone)).date()
    return Range(today - timedelta(days=days - 1), today, zone)


def day_span(day: date, zone: str) -> Bucket:
    """One local day; 23 or 25 hours long when the clocks change."""
    noon = datetime.combine(day, time(12), ZoneInfo(zone))  # exists on every day
    start, end = span(Budget.Period.DAY, zone=zone, now=noon)
    assert end is not None
    return Bucket(start, end)


def hours(start: datetime, end: datetime) -> Iterator[Bucket]:
    while start < end:
        after = min(start + timedelta(hours=1), end)
        yield Bucket(start, after)
        start = after


def spans_of_days(days: Range, length: int) -> Iterator[Bucket]:
    """Spans of so many local days; the last one ends with the range."""
    first = days.first
    while first <= days.last:
        last = min(first + timedelta(days=length - 1), days.last)
        yield Bucket(day_span(first, days.zone).start, day_span(last, days.zone).end)
        first = last + timedelta(days=1)


def spans_of_months(days: Range) -> Iterator[Bucket]:
    """Calendar months; the first and the last are cut by the range."""
    first = days.first
    while first <= days.last:
        after = (first.replace(day=1) + timedelta(days=31)).replace(day=1)
        last = min(after - timedelta(days=1), days.last)
        yield Bucket(day_span(first, days.zone).start, day_span(last, days.zone).end)
        first = after

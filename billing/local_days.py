"""Local days in whole hours since 1970: what daily sums are made of.

In zones with half hours a day is not whole hours, and has no daily sum: hours are read instead.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from billing.hours import HOUR, hour_of, start_of
from billing.models import Budget
from billing.rules import span

ONE = timedelta(days=1)


@lru_cache(maxsize=2048)
def hours_of(day: date, zone: str) -> tuple[int, int] | None:
    """[first, end); 23 or 25 of them when the clocks change. None: this zone has no daily sums."""
    if not _is_whole(zone, day.year):
        return None
    noon = datetime.combine(day, time(12), ZoneInfo(zone))
    start, end = span(Budget.Period.DAY, zone=zone, now=noon)
    assert end is not None
    return hour_of(start), hour_of(end)


def month_of(day: date) -> date:
    return day.replace(day=1)


def month_after(first: date) -> date:
    return (first + 31 * ONE).replace(day=1)


def hours_of_month(first: date, zone: str) -> tuple[int, int] | None:
    """[first, end) of the month that begins on this day. None: this zone has no daily sums."""
    begin, last = hours_of(first, zone), hours_of(month_after(first) - ONE, zone)
    return (begin[0], last[1]) if begin and last else None


@lru_cache(maxsize=256)
def _is_whole(zone: str, year: int) -> bool:
    """Its clocks are whole hours away from UTC all year, and begin the next in the same way."""
    months = [datetime(year, month, 15, tzinfo=ZoneInfo(zone)) for month in range(1, 13)]
    months.append(datetime(year + 1, 1, 15, tzinfo=ZoneInfo(zone)))
    return all((month.utcoffset() or timedelta()) % HOUR == timedelta() for month in months)


def day_at(hour: int, zone: str) -> date:
    return start_of(hour).astimezone(ZoneInfo(zone)).date()


def touched(first: int, end: int, zone: str) -> Iterator[date]:
    """Days with one of the hours [first, end)."""
    day, last = day_at(first, zone), day_at(end - 1, zone)
    while day <= last:
        yield day
        day += ONE


@dataclass(frozen=True, slots=True)
class WholeDays:
    """[day, after), which are the hours [first, end)."""

    day: date
    after: date
    first: int
    end: int


def within(first: int, end: int, zone: str) -> WholeDays | None:
    """The whole days in the hours [first, end)."""
    day, after = day_at(first, zone), day_at(end, zone)
    if not all(_is_whole(zone, year) for year in range(day.year, after.year + 1)):
        return None
    if _hours(day, zone)[0] < first:
        day += ONE
    if day >= after:
        return None
    return WholeDays(day, after, _hours(day, zone)[0], _hours(after - ONE, zone)[1])


def _hours(day: date, zone: str) -> tuple[int, int]:
    found = hours_of(day, zone)
    assert found is not None
    return found


def months_within(day: date, after: date) -> tuple[date, date] | None:
    """The whole months in the days [day, after), as [first day, day after the last)."""
    first = day if day.day == 1 else month_after(month_of(day))
    end = month_of(after)
    return (first, end) if first < end else None

"""What part of a day's cost usually comes after this time of day: today's end is made of it."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from billing import measures
from billing.hours import HOUR, hour_of, start_of
from billing.reports import reading
from billing.reports.facts import located
from billing.reports.ranges import Bucket, day_span
from billing.reports.shapes import Filters

DAYS = 7  # a week: each weekday has hours of its own
BEFORE, RUNNING, AFTER = range(3)


def rest_of_today(*, zone: str, now: datetime) -> float:
    """0 to 1. By the last seven whole days, of everybody; where they cost nothing, by the clock.

    Cut at whole hours of UTC, so that no usage rows of past days are read; of an hour that is
    running, its part by the clock.
    """
    today = now.astimezone(ZoneInfo(zone)).date()
    hours = hour_of(now) - hour_of(day_span(today, zone).start)
    costs = [0, 0, 0]
    for bucket, nanos in _costs(today, zone, hours, now):
        costs[bucket % 3] += nanos
    running = 1 - (now - start_of(hour_of(now))) / HOUR
    if not sum(costs):
        return _by_the_clock(today, zone, now)
    return (costs[AFTER] + running * costs[RUNNING]) / sum(costs)


def _costs(today: date, zone: str, hours: int, now: datetime) -> list[tuple[int, int]]:
    buckets = [
        bucket
        for n in range(DAYS, 0, -1) for bucket in _thirds(today - timedelta(days=n), zone, hours)
    ]
    rows = reading.rows_of(
        measures.USAGE.only(["cost_nanos"]), ("model_class",),
        located(tuple(buckets), until=now, now=now).spans, Filters(),
    )
    return [(bucket, nanos) for bucket, _class, nanos in rows]


def _thirds(day: date, zone: str, hours: int) -> tuple[Bucket, Bucket, Bucket]:
    """As many hours as are over today, the one that is running, and the rest."""
    span = day_span(day, zone)
    first, last = start_of(hour_of(span.start)), start_of(hour_of(span.end))
    running = min(first + hours * HOUR, last)
    after = min(running + HOUR, last)
    return Bucket(first, running), Bucket(running, after), Bucket(after, last)


def _by_the_clock(today: date, zone: str, now: datetime) -> float:
    span = day_span(today, zone)
    return (span.end - now) / (span.end - span.start)

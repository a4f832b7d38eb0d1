"""What came after this time of day on each of the last days: today's end is made of it."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from billing.hours import HOUR, hour_of, start_of
from billing.reports.ranges import Bucket, day_span
from billing.reports.slices import NO_FILTERS, SliceFilters, span_costs

DAYS = 56  # eight of each weekday


def rests(
    *, zone: str, now: datetime, filters: SliceFilters = NO_FILTERS, group_by: str = ""
) -> Mapping[str, tuple[int, ...]]:
    """By key: nanos of each of the last DAYS whole days, oldest first, that came later in the day
    than it is now.

    Cut at whole hours of UTC, so that no usage rows of past days are read; of an hour that is
    running, its part by the clock.
    """
    today = now.astimezone(ZoneInfo(zone)).date()
    over = hour_of(now) - hour_of(day_span(today, zone).start)
    ahead = 1 - (now - start_of(hour_of(now))) / HOUR
    spans = [
        span for n in range(DAYS, 0, -1) for span in _spans(today - timedelta(days=n), zone, over)
    ]
    found: dict[str, list[float]] = defaultdict(lambda: [0.0] * DAYS)
    for place, key, nanos in span_costs(spans, now=now, filters=filters, group_by=group_by):
        is_running = place % 2 == 0
        found[key][place // 2] += nanos * ahead if is_running else nanos
    return {key: tuple(round(nanos) for nanos in values) for key, values in found.items()}


def _spans(day: date, zone: str, over: int) -> tuple[Bucket, Bucket]:
    """The hour that is running, and those after it, when so many hours of the day are over."""
    span = day_span(day, zone)
    last = start_of(hour_of(span.end))
    running = min(start_of(hour_of(span.start)) + over * HOUR, last)
    after = min(running + HOUR, last)
    return Bucket(running, after), Bucket(after, last)

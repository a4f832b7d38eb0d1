"""Which buckets a range is cut into: by its length, or as somebody chose."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from billing.reports.ranges import Range, Step

ZONES = ("UTC", "Asia/Seoul", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe")


@pytest.mark.parametrize(
    ("days", "step"), [(1, Step.HOUR), (2, Step.HOUR), (3, Step.DAY), (120, Step.DAY),
                       (121, Step.WEEK), (400, Step.WEEK)]
)
def test_step_follows_the_length(days: int, step: Step) -> None:
    last = date(2026, 11, 25)
    assert Range(last - timedelta(days=days - 1), last, "UTC").step == step


@pytest.mark.parametrize("step", Step)
@pytest.mark.parametrize("zone", ZONES)
def test_whatever_the_step_no_instant_is_lost_or_counted_twice(zone: str, step: Step) -> None:
    days = Range(date(2026, 1, 20), date(2026, 4, 10), zone, step)
    buckets = days.buckets
    assert (buckets[0].start, buckets[-1].end) == (days.start, days.end)
    for before, after in pairwise(buckets):
        assert before.end == after.start


def test_months_are_the_calendars_and_cut_by_the_range() -> None:
    days = Range(date(2026, 1, 20), date(2026, 3, 10), "UTC", Step.MONTH)
    starts = [bucket.start for bucket in days.buckets]
    assert starts == [datetime(2026, *day, tzinfo=UTC) for day in ((1, 20), (2, 1), (3, 1))]


def test_the_days_before_are_cut_the_same_way() -> None:
    days = Range(date(2026, 11, 24), date(2026, 11, 25), "UTC", Step.DAY).previous()
    assert days == Range(date(2026, 11, 22), date(2026, 11, 23), "UTC", Step.DAY)

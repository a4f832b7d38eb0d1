"""Local days in whole hours, over daylight changes and in zones that have none."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing import local_days
from billing.hours import hour_of, start_of
from billing.local_days import hours_of, touched, within

NEW_YORK = "America/New_York"
BASE = hour_of(datetime(2026, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 3, 8), 23), (date(2026, 11, 1), 25), (date(2026, 7, 1), 24)]
)
def test_a_day_is_as_long_as_its_clocks_say(day: date, hours: int) -> None:
    first, end = hours_of(day, NEW_YORK) or (0, 0)
    assert end - first == hours
    assert start_of(first).astimezone(UTC).hour in (4, 5)


def test_zones_with_half_hours_have_no_such_days() -> None:
    assert hours_of(date(2026, 7, 1), "Asia/Kolkata") is None
    assert hours_of(date(2026, 7, 1), "Australia/Lord_Howe") is None  # half of the year
    assert within(BASE, BASE + 100, "Asia/Kolkata") is None


def test_a_day_is_touched_by_any_of_its_hours() -> None:
    _, end = hours_of(date(2026, 3, 8), NEW_YORK) or (0, 0)
    assert list(touched(end - 1, end, NEW_YORK)) == [date(2026, 3, 8)]
    assert list(touched(end - 1, end + 1, NEW_YORK)) == [date(2026, 3, 8), date(2026, 3, 9)]


@given(
    st.sampled_from(["UTC", "Asia/Seoul", NEW_YORK, "Pacific/Auckland"]),
    st.integers(0, 8000), st.integers(1, 900),
)
def test_whole_days_are_all_that_fit_in(zone: str, start: int, length: int) -> None:
    first, end = BASE + start, BASE + start + length
    found = within(first, end, zone)
    fitting = [
        day for day in touched(first, end, zone)
        if (hours := hours_of(day, zone)) and hours[0] >= first and hours[1] <= end
    ]
    if found is None:
        assert fitting == []
        return
    days = (found.after - found.day) // local_days.ONE
    assert fitting == [found.day + timedelta(days=number) for number in range(days)]
    assert (hours_of(fitting[0], zone) or (0,))[0] == found.first
    assert (hours_of(fitting[-1], zone) or (0, 0))[1] == found.end

"""Days and months of a budget: every instant is in exactly one, also where clocks jump."""

from datetime import UTC, datetime, timedelta
from zoneinfo import available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.budgets import EPOCH, Rule, span, window_get
from billing.models import Window

HOUR, MOMENT = timedelta(hours=1), timedelta(microseconds=1)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


def day(zone: str, now: datetime) -> tuple[datetime, datetime]:
    start, end = span("day", zone=zone, now=now)
    assert end is not None
    return start, end


@pytest.mark.parametrize(
    ("zone", "noon", "start", "hours"),
    [
        ("Asia/Seoul", utc(2026, 11, 25, 3), utc(2026, 11, 24, 15), 24),
        ("UTC", utc(2026, 11, 25, 12), utc(2026, 11, 25), 24),
        ("America/New_York", utc(2026, 11, 1, 17), utc(2026, 11, 1, 4), 25),
        ("America/New_York", utc(2026, 3, 8, 16), utc(2026, 3, 8, 5), 23),
        ("Africa/Cairo", utc(2026, 4, 24, 9), utc(2026, 4, 23, 22), 23),  # no midnight
        ("America/Santiago", utc(2026, 9, 6, 15), utc(2026, 9, 6, 4), 23),  # no midnight
        ("America/Havana", utc(2026, 11, 1, 17), utc(2026, 11, 1, 4), 25),  # midnight twice
        ("Australia/Lord_Howe", utc(2026, 10, 4, 1), utc(2026, 10, 3, 13, 30), 23.5),
        ("Australia/Lord_Howe", utc(2026, 4, 5, 1, 30), utc(2026, 4, 4, 13), 24.5),
        ("Antarctica/Troll", utc(2026, 3, 29, 11), utc(2026, 3, 29), 22),
        ("Antarctica/Troll", utc(2026, 10, 25, 12), utc(2026, 10, 24, 22), 26),
    ],
)
def test_a_day_begins_at_the_local_midnight_and_is_as_long_as_it_is(
    zone: str, noon: datetime, start: datetime, hours: float
) -> None:
    assert day(zone, noon) == (start, start + hours * HOUR)


def test_the_hour_that_comes_twice_at_midnight_is_in_one_day() -> None:
    first, again = utc(2026, 11, 1, 4, 30), utc(2026, 11, 1, 5, 30)  # 00:30 in Havana, twice
    assert day("America/Havana", first) == day("America/Havana", again)


@pytest.mark.parametrize("zone", ["Asia/Seoul", "America/New_York", "Africa/Cairo"])
def test_the_last_moment_belongs_to_the_day_and_its_end_to_the_next(zone: str) -> None:
    start, end = day(zone, utc(2026, 4, 23, 12))
    assert day(zone, start) == day(zone, end - MOMENT) == (start, end)
    assert day(zone, start - MOMENT)[1] == start
    assert day(zone, end)[0] == end


def test_in_no_zone_is_there_a_gap_or_an_overlap_between_days() -> None:
    for zone in sorted(available_timezones()):
        start, end = day(zone, utc(2026, 1, 1, 12))
        while start.year < 2027:
            if end - start != 24 * HOUR:
                assert day(zone, end - MOMENT) == (start, end), zone
            next_start, next_end = day(zone, end)
            assert next_start == end, zone
            start, end = next_start, next_end


@settings(deadline=None)
@given(
    zone=st.sampled_from(sorted(available_timezones())),
    period=st.sampled_from(["day", "month"]),
    minute=st.integers(0, 16 * 366 * 24 * 60),
)
def test_every_instant_is_in_exactly_one_window(zone: str, period: str, minute: int) -> None:
    now = utc(2020, 1, 1) + timedelta(minutes=minute)
    start, end = span(period, zone=zone, now=now)
    assert end is not None
    assert start <= now < end
    assert span(period, zone=zone, now=start) == span(period, zone=zone, now=end - MOMENT)
    assert span(period, zone=zone, now=end)[0] == end
    assert span(period, zone=zone, now=start - MOMENT)[1] == start


@pytest.mark.parametrize(
    ("now", "start", "end"),
    [
        (utc(2026, 11, 30, 14, 59), utc(2026, 10, 31, 15), utc(2026, 11, 30, 15)),
        (utc(2026, 11, 30, 15), utc(2026, 11, 30, 15), utc(2026, 12, 31, 15)),
        (utc(2028, 2, 29, 3), utc(2028, 1, 31, 15), utc(2028, 2, 29, 15)),
        (utc(2026, 12, 31, 14, 59), utc(2026, 11, 30, 15), utc(2026, 12, 31, 15)),
    ],
)
def test_a_month_ends_at_the_local_midnight_of_the_first(
    now: datetime, start: datetime, end: datetime
) -> None:
    assert span("month", zone="Asia/Seoul", now=now) == (start, end)


@pytest.mark.parametrize("period", ["total", "always"])
def test_some_windows_never_end(period: str) -> None:
    assert span(period, zone="Asia/Seoul", now=utc(2026, 11, 25)) == (EPOCH, None)


# --- windows as rows ---------------------------------------------------------------------------

SEOUL_DAY = Rule("platform", "", "usd", "day", 100)
NEW_YORK_DAY = Rule("platform", "", "usd", "day", 100, zone="America/New_York")


class TestRows:
    pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]

    def test_a_window_is_made_on_first_use_and_found_afterwards(self) -> None:
        made = window_get(SEOUL_DAY, now=utc(2026, 11, 25, 3))
        found = window_get(SEOUL_DAY, now=utc(2026, 11, 25, 14, 59))
        assert found == made
        row = Window.objects.get()
        assert (row.cap, row.spent, row.held) == (100, 0, 0)
        assert (row.start, row.end) == (utc(2026, 11, 24, 15), utc(2026, 11, 25, 15))

    def test_a_new_day_is_a_new_row_and_the_old_one_stays(self) -> None:
        old = window_get(SEOUL_DAY, now=utc(2026, 11, 25, 14, 59, 59))
        Window.objects.update(spent=70)
        new = window_get(SEOUL_DAY, now=utc(2026, 11, 25, 15))
        assert new.id != old.id
        assert Window.objects.get(pk=old.id).spent == 70
        assert Window.objects.get(pk=new.id).spent == 0

    def test_day_and_month_that_begin_together_are_two_windows(self) -> None:
        first = utc(2026, 10, 31, 15)
        month = Rule("platform", "", "usd", "month", 100)
        daily, monthly = window_get(SEOUL_DAY, now=first), window_get(month, now=first)
        assert daily.start == monthly.start
        assert daily.id != monthly.id

    def test_a_new_zone_waits_for_the_next_window(self) -> None:
        now = utc(2026, 11, 25, 3)
        seoul = window_get(SEOUL_DAY, now=now)
        Window.objects.update(spent=100)
        assert window_get(NEW_YORK_DAY, now=now).id == seoul.id
        after = window_get(NEW_YORK_DAY, now=utc(2026, 11, 25, 15))
        assert after.id != seoul.id
        assert after.end == utc(2026, 11, 26, 5)

    def test_going_back_and_forth_between_zones_never_reopens_a_spent_day(self) -> None:
        seoul = window_get(SEOUL_DAY, now=utc(2026, 11, 25, 3))
        Window.objects.update(spent=100)
        window_get(NEW_YORK_DAY, now=utc(2026, 11, 25, 4))
        assert window_get(SEOUL_DAY, now=utc(2026, 11, 25, 5)).id == seoul.id
        assert Window.objects.count() == 1

    def test_a_budget_for_ever_is_one_window_whatever_its_zone(self) -> None:
        ever = Rule("debate", "d1", "usd", "total", 100)
        moved = Rule("debate", "d1", "usd", "total", 100, zone="America/New_York")
        made = window_get(ever, now=utc(2026, 11, 25))
        assert window_get(moved, now=utc(2030, 1, 1)).id == made.id

    def test_scopes_metrics_and_periods_do_not_share_a_window(self) -> None:
        rules = [
            SEOUL_DAY,
            Rule("tier", "free", "usd", "day", 100),
            Rule("tier", "premium", "usd", "day", 100),
            Rule("user", "1", "usd", "day", 100),
            Rule("user", "1", "requests", "day", 100),
            Rule("user", "1", "debates", "day", 100),
            Rule("user", "1", "concurrent", "always", 100),
        ]
        assert len({window_get(rule, now=utc(2026, 11, 25)).id for rule in rules}) == len(rules)

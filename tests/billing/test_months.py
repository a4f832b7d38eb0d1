"""Months of UTC, over the ends of years."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from billing.months import Month, month_at


def test_months_are_counted_over_the_ends_of_years() -> None:
    assert Month(2026, 11).plus(2) == Month(2027, 1)
    assert Month(2026, 1).plus(-13) == Month(2024, 12)
    assert Month(2026, 12) < Month(2027, 1)
    assert str(Month(2026, 3)) == "2026-03"


def test_a_month_begins_at_midnight_in_utc() -> None:
    start = Month(2026, 9).start
    assert start == datetime(2026, 9, 1, tzinfo=UTC)
    assert month_at(start.astimezone(ZoneInfo("Asia/Seoul"))) == Month(2026, 9)
    assert month_at(start - timedelta.resolution) == Month(2026, 8)

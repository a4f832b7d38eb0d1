"""Whole hours since 1970 in UTC: what rollups count in."""

from datetime import UTC, datetime, timedelta

HOUR = timedelta(hours=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def hour_of(at: datetime) -> int:
    return (at - EPOCH) // HOUR


def start_of(hour: int) -> datetime:
    return EPOCH + hour * HOUR

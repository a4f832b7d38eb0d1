"""The only place that reads the wall clock. Everything else is given its time as an argument."""

from datetime import UTC, datetime


def now() -> datetime:
    return datetime.now(UTC)

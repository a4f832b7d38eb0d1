"""Local months: revenue is told by them, as invoices are."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from billing.budgets import span
from billing.models import Budget
from billing.reports.ranges import Bucket

MONTHS = 12


def month_of(at: datetime, *, zone: str) -> Bucket:
    start, end = span(Budget.Period.MONTH, zone=zone, now=at)
    assert end is not None
    return Bucket(start, end)


def last_months(number: int, *, zone: str, now: datetime) -> tuple[Bucket, ...]:
    """So many, oldest first; the running one is the last."""
    months = [month_of(now, zone=zone)]
    while len(months) < number:
        months.append(month_of(months[-1].start - timedelta.resolution, zone=zone))
    return tuple(reversed(months))


def name_of(month: Bucket, *, zone: str) -> str:
    """`2026-11`: sortable, the same in all languages."""
    return f"{month.start.astimezone(ZoneInfo(zone)):%Y-%m}"

"""Credit: what was sold and given away, used, and lapsed, by month, in nano-USD of model calls.

What was taken back after a refund has no date of its own, so it is only in the totals.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Q, Sum

from billing.models import CreditGrant, DailyPayer
from billing.reports.ranges import Bucket
from billing.reports.shapes import Line, Series, Unit

STAFF = "staff:"


@dataclass(frozen=True, slots=True)
class CreditMonth:
    month: Bucket
    sold: int
    given: int
    used: int
    lapsed: int


@dataclass(frozen=True, slots=True)
class CreditTotals:
    """Of all time. What is left can still be used, lapse or be taken back."""

    granted: int
    lapsed: int
    taken_back: int


def credit_months(months: Sequence[Bucket]) -> tuple[CreditMonth, ...]:
    return tuple(_month(month) for month in months)


def _month(month: Bucket) -> CreditMonth:
    granted = Q(granted_at__gte=month.start, granted_at__lt=month.end)
    lapsed = Q(lapsed_at__gte=month.start, lapsed_at__lt=month.end)
    is_given = Q(source__startswith=STAFF)
    sums = CreditGrant.objects.filter(granted | lapsed).aggregate(
        sold=Sum("nanos", filter=granted & ~is_given, default=0),
        given=Sum("nanos", filter=granted & is_given, default=0),
        lapsed=Sum("lapsed_nanos", filter=lapsed, default=0),
    )
    return CreditMonth(
        month, int(sums["sold"]), int(sums["given"]), _used(month), int(sums["lapsed"])
    )


def _used(month: Bucket) -> int:
    """By the days that quotas are counted in."""
    zone = ZoneInfo(settings.DEFAULT_ZONE)
    days = DailyPayer.objects.filter(
        day__gte=month.start.astimezone(zone).date(),
        day__lte=(month.end - timedelta.resolution).astimezone(zone).date(),
    )
    return int(days.aggregate(used=Sum("credit_nanos", default=0))["used"])


def totals() -> CreditTotals:
    sums = CreditGrant.objects.aggregate(
        granted=Sum("nanos", default=0), lapsed=Sum("lapsed_nanos", default=0),
        reversed=Sum("reversed_nanos", default=0),
    )
    return CreditTotals(int(sums["granted"]), int(sums["lapsed"]), int(sums["reversed"]))


def series(found: Iterable[CreditMonth]) -> Series:
    months = tuple(found)
    lines = tuple(
        Line(name, tuple(getattr(each, name) for each in months))
        for name in ("sold", "given", "used", "lapsed")
    )
    return Series(tuple(each.month for each in months), lines, Unit.NANOS)

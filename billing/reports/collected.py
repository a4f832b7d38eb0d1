"""Money that came in: paid invoices less what was given back, by month and currency.

An invoice says how much of it was refunded, not when, so a refund is taken off the month in which
the invoice was paid: months that are over can still get less.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, Sum

from billing.models import Invoice
from billing.reports.ranges import Bucket
from billing.reports.rates import Rates, Total
from billing.reports.shapes import Line, Series, Unit


@dataclass(frozen=True, slots=True)
class Collected:
    """One month in one currency, in minor units."""

    month: Bucket
    currency: str
    paid_minor: int
    refunded_minor: int

    @property
    def kept_minor(self) -> int:
        return self.paid_minor - self.refunded_minor


def collected(months: Sequence[Bucket]) -> tuple[Collected, ...]:
    """Every month has a row for every currency of the whole time."""
    sums = {
        f"{column}{place}": Sum(f"{column}_minor", filter=_in(month), default=0)
        for place, month in enumerate(months)
        for column in ("paid", "refunded")
    }
    rows = (
        Invoice.objects.filter(paid_at__gte=months[0].start, paid_at__lt=months[-1].end)
        .order_by().values("currency").annotate(**sums)
    )
    found: dict[str, dict[str, Any]] = {row["currency"]: dict(row) for row in rows}
    return tuple(
        Collected(month, currency, int(row[f"paid{place}"]), int(row[f"refunded{place}"]))
        for place, month in enumerate(months)
        for currency, row in sorted(found.items())
    )


def _in(month: Bucket) -> Q:
    return Q(paid_at__gte=month.start, paid_at__lt=month.end)


def total(found: Sequence[Collected], month: Bucket, rates: Rates) -> Total:
    return rates.total({each.currency: each.kept_minor for each in found if each.month == month})


def series(found: Sequence[Collected], months: Sequence[Bucket], rates: Rates) -> Series:
    """In US dollars, one line a currency. A currency without a rate has no values."""
    kept = {(each.currency, each.month): each.kept_minor for each in found}
    lines = (
        Line(currency, tuple(rates.nanos(kept[currency, month], currency) for month in months))
        for currency in sorted({each.currency for each in found})
    )
    return Series(tuple(months), tuple(lines), Unit.NANOS)

"""Money that came in: paid invoices less what was given back, by month and currency.

An invoice says how much of it was refunded, not when, so a refund is taken off the month in which
the invoice was paid: months that are over can still get less.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Case, SmallIntegerField, Sum, When

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
    rows = (
        Invoice.objects.filter(paid_at__gte=months[0].start, paid_at__lt=months[-1].end)
        .order_by().annotate(place=_place(months)).values_list("currency", "place")
        .annotate(paid=Sum("paid_minor"), refunded=Sum("refunded_minor"))
    )
    found = {(currency, place): (int(paid), int(back)) for currency, place, paid, back in rows}
    currencies = sorted({currency for currency, _place in found})
    return tuple(
        Collected(month, currency, *found.get((currency, place), (0, 0)))
        for place, month in enumerate(months)
        for currency in currencies
    )


def _place(months: Sequence[Bucket]) -> Case:
    """Which month an invoice was paid in: the first one whose end is after it."""
    cases = (When(paid_at__lt=month.end, then=place) for place, month in enumerate(months))
    return Case(*cases, output_field=SmallIntegerField())


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

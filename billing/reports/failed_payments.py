"""Invoices that were tried and are still open: who owes how much, and what happens next."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F, Min, Q, QuerySet, Sum

from billing.models import Invoice
from billing.reports.paying import PAST_DUE, owner_name
from billing.reports.rates import Rates, Total

MOST = 50


@dataclass(frozen=True, slots=True)
class FailedPayment:
    """`grace_until`: until then the plan stays. None: nothing hangs on it, as for a credit pack."""

    customer_id: int
    name: str
    number: str
    currency: str
    due_minor: int
    tries: int
    created_at: datetime
    next_try_at: datetime | None
    grace_until: datetime | None
    page_url: str


@dataclass(frozen=True, slots=True)
class FailedPayments:
    """The oldest `MOST`; `number` and `total` are of all of them."""

    invoices: tuple[FailedPayment, ...]
    number: int
    total: Total


def failed_payments(rates: Rates) -> FailedPayments:
    rows = _open().select_related("customer__user", "customer__organisation").annotate(
        past_due_since=Min(
            "customer__subscriptions__past_due_since",
            filter=Q(customer__subscriptions__status=PAST_DUE),
        )
    )
    sums = dict(
        _open().values_list("currency").annotate(due=Sum(F("total_minor") - F("paid_minor")))
    )
    first = tuple(_failed(row) for row in rows.order_by("created_at", "pk")[:MOST])
    number = len(first) if len(first) < MOST else _open().count()
    return FailedPayments(first, number, rates.total({key: int(due) for key, due in sums.items()}))


def _open() -> QuerySet[Invoice]:
    return Invoice.objects.filter(status="open", tries__gt=0).order_by()


def _failed(row: Invoice) -> FailedPayment:
    since: datetime | None = getattr(row, "past_due_since", None)
    return FailedPayment(
        customer_id=row.customer_id,
        name=owner_name(row.customer),
        number=str(row),
        currency=row.currency,
        due_minor=row.total_minor - row.paid_minor,
        tries=row.tries,
        created_at=row.created_at,
        next_try_at=row.next_try_at,
        grace_until=since + timedelta(days=settings.GRACE_DAYS) if since else None,
        page_url=row.page_url,
    )

"""Who pays: one line a customer, newest first, a page at a time, found by email or name."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Prefetch, Q, QuerySet

from billing.models import Customer, Invoice, Subscription

PAGE = 50
MAX_ID = 2**62
PAST_DUE = "past_due"


@dataclass(frozen=True, slots=True)
class CustomerLine:
    """`plan` is what the newest running subscription gives; "" without one."""

    id: int
    name: str
    is_organisation: bool
    is_deleted: bool
    stripe_id: str
    plan: str
    next_plan: str
    status: str
    currency: str
    monthly_or_yearly_minor: int | None
    interval: str
    period_end: datetime | None
    is_ending: bool
    grace_until: datetime | None
    paid_minor: int | None
    paid_currency: str
    paid_at: datetime | None
    frozen_at: datetime | None
    frozen_reason: str


@dataclass(frozen=True, slots=True)
class CustomerPage:
    """`older`: the id before which the next page begins."""

    lines: tuple[CustomerLine, ...]
    older: int | None = None


def page(*, search: str = "", before: int | None = None, size: int = PAGE) -> CustomerPage:
    rows = list(_rows(search, before)[: size + 1])
    found = rows[:size]
    paid = _last_paid([row.pk for row in found])
    lines = tuple(_line(row, paid.get(row.pk)) for row in found)
    return CustomerPage(lines, older=found[-1].pk if len(rows) > size else None)


def is_anybody() -> bool:
    return Customer.objects.exists()


def owner_name(customer: Customer) -> str:
    """The email of a person (what their service calls them, if they have none), the name of an
    organisation; "" after the account was deleted."""
    if customer.organisation is not None:
        return customer.organisation.name
    user = customer.user
    return (user.email or user.external_id) if user else ""


def _rows(search: str, before: int | None) -> QuerySet[Customer]:
    running = Subscription.objects.filter(ended_at__isnull=True).order_by("-started_at", "-pk")
    rows = Customer.objects.select_related("user", "organisation").prefetch_related(
        Prefetch("subscriptions", running, to_attr="running")
    )
    if before is not None:
        rows = rows.filter(pk__lt=before)
    if search:
        rows = rows.filter(
            Q(user__email__icontains=search) | Q(user__external_id__icontains=search)
            | Q(organisation__name__icontains=search) | Q(stripe_id=search)
        )
    return rows.order_by("-pk")


def _last_paid(ids: list[int]) -> dict[int, Invoice]:
    """Later ones overwrite earlier ones."""
    paid = Invoice.objects.filter(customer_id__in=ids, paid_at__isnull=False)
    return {row.customer_id: row for row in paid.order_by("paid_at", "pk")}


def _line(row: Customer, paid: Invoice | None) -> CustomerLine:
    running: list[Subscription] = row.running  # type: ignore[attr-defined]
    sub = next((each for each in running if each.status in Subscription.ACCESS), None)
    since = sub.past_due_since if sub and sub.status == PAST_DUE else None
    return CustomerLine(
        id=row.pk,
        name=owner_name(row),
        is_organisation=row.organisation_id is not None,
        is_deleted=row.user_id is None and row.organisation_id is None,
        stripe_id=row.stripe_id or "",
        plan=(sub.tier_id or "") if sub else "",
        next_plan=(sub.next_tier_id or "") if sub else "",
        status=sub.status if sub else "",
        currency=sub.currency if sub else "",
        monthly_or_yearly_minor=sub.amount_minor if sub else None,
        interval=sub.interval if sub else "",
        period_end=sub.period_end if sub else None,
        is_ending=bool(sub and sub.is_ending),
        grace_until=since + timedelta(days=settings.GRACE_DAYS) if since else None,
        paid_minor=paid.paid_minor - paid.refunded_minor if paid else None,
        paid_currency=paid.currency if paid else "",
        paid_at=paid.paid_at if paid else None,
        frozen_at=row.frozen_at,
        frozen_reason=row.frozen_reason,
    )

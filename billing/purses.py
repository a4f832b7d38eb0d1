"""What pays for a call when the plan's quota is used up: credit, then use beyond the plan.

Asked only when the plan is full, so that calls within it pay no query for it. Who has neither is
remembered for a moment, and no longer than the budgets' version stays: whatever gives credit, or
takes it, makes a new one.
"""

import time
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q

from accounts.types import Payer
from billing.budgets import Rule, current_windows, customer_filter
from billing.models import (
    Budget,
    CreditGrant,
    Customer,
    Invoice,
    Metric,
    ScopeKind,
    Subscription,
    UsageRecord,
)

PaidFrom = UsageRecord.PaidFrom
MAX_REMEMBERED = 20_000
OWING = ("past_due", "unpaid")
NOT_CHARGED = Q(status="open", tries__gt=0) | Q(status="uncollectible")

_nothing: dict[Payer, tuple[int, float]] = {}  # payers without a purse: book version, when seen


@dataclass(frozen=True, slots=True)
class Purse:
    """One place that may pay, and the window it is counted in."""

    paid_from: str
    rule: Rule
    customer_id: int


def forget_all() -> None:
    _nothing.clear()


def payer_of(customer: Customer) -> Payer:
    """Whose calls this customer pays. Of a deleted account nobody's."""
    if customer.organisation_id is not None:
        return Payer(ScopeKind.ORGANISATION, str(customer.organisation_id))
    if customer.user_id is not None:
        return Payer(ScopeKind.USER, str(customer.user_id))
    return Payer("customer", str(customer.pk))


def credit_rule(payer: Payer) -> Rule:
    """One window for ever. It is made empty: only grants move its cap (`billing.credits`)."""
    return Rule(
        ScopeKind.CREDIT, str(payer), Metric.USD, Budget.Period.TOTAL, 0, zone="UTC",
        is_quota=True,
    )


def overage_rule(payer: Payer, ceiling: int) -> Rule:
    return Rule(
        ScopeKind.OVERAGE, str(payer), Metric.USD, Budget.Period.MONTH, ceiling,
        zone=settings.DEFAULT_ZONE, is_quota=True,
    )


def purses_of(payer: Payer, *, book_version: int, now: datetime) -> tuple[Purse, ...]:
    """What may pay beyond the plan and is not used up, in this order. Synchronous: may query."""
    seen = _nothing.get(payer)
    fresh_since = time.monotonic() - settings.SNAPSHOT_SECONDS
    if seen is not None and seen[0] == book_version and seen[1] > fresh_since:
        return ()
    found = _purses_of(payer, now)
    if not found:
        if len(_nothing) >= MAX_REMEMBERED:
            _nothing.clear()
        _nothing[payer] = (book_version, time.monotonic())
    return found


def _purses_of(payer: Payer, now: datetime) -> tuple[Purse, ...]:
    row = _facts(payer, now)
    if row is None:
        return ()
    customer_id, ceiling, has_credit, has_overage = row
    purses = []
    if has_credit:
        purses.append(Purse(PaidFrom.CREDIT, credit_rule(payer), customer_id))
    if has_overage:
        purses.append(Purse(PaidFrom.OVERAGE, overage_rule(payer, ceiling or 0), customer_id))
    return tuple(purses)


def owes(customer: Customer) -> bool:
    """A payment of theirs did not go through: nothing beyond the plan until it has."""
    return Customer.objects.filter(_owes(customer.pk), pk=customer.pk).exists()


def _owes(customer: OuterRef | int) -> Q:
    """Also the invoice of what was used beyond the plan, which no subscription is behind."""
    plans = Subscription.objects.filter(customer=customer, status__in=OWING)
    return Q(Exists(plans) | Exists(Invoice.objects.filter(NOT_CHARGED, customer=customer)))


def _facts(payer: Payer, now: datetime) -> tuple[int, int | None, bool, bool] | None:
    """All that decides, in one query: customer, ceiling, and whether there is anything left."""
    windows = current_windows(now).filter(scope_id=str(payer))
    own_grants = CreditGrant.objects.filter(customer=OuterRef("pk"))
    return (
        Customer.objects.filter(customer_filter(payer), frozen_at=None)
        .annotate(
            has_credit=Exists(own_grants.filter(expires_at__gt=now, lapsed_at=None))
            & Exists(windows.filter(scope_kind=ScopeKind.CREDIT, cap__gt=F("spent"))),
            has_overage=Q(overage_ceiling_nanos__gt=0) & ~_owes(OuterRef("pk"))
            & ~Exists(windows.filter(scope_kind=ScopeKind.OVERAGE, cap__lte=F("spent"))),
        )
        .values_list("pk", "overage_ceiling_nanos", "has_credit", "has_overage")
        .first()
    )

"""Which plan somebody has: the table status -> access, on the rows that the last look wrote.

    active, trialing                              the plan
    past_due                                      the plan for GRACE_DAYS, then none
    incomplete                                    none: the first payment is not done
    unpaid, paused, canceled, incomplete_expired  none
    anything new                                  none, and an alert

Of several plans the highest counts; without any it is the one that staff gave (`base_tier`).
"""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from accounts.models import Organisation, Tier, User
from billing import budgets
from billing.models import Customer, Subscription
from billing.payments import customers
from billing.payments.requests import locked

log = logging.getLogger(__name__)
ACTOR = "stripe"
FULL = frozenset(("active", "trialing"))
NONE = frozenset(("incomplete", "unpaid", "paused", "canceled", "incomplete_expired"))
PAST_DUE = "past_due"


def has_access(row: Subscription, *, now: datetime) -> bool:
    if row.status in FULL:
        return True
    if row.status != PAST_DUE:
        return False
    return now < (row.past_due_since or now) + grace()


def grace() -> timedelta:
    return timedelta(days=settings.GRACE_DAYS)


def tier_due(customer: Customer, rows: Iterable[Subscription], *, now: datetime) -> Tier:
    """What Stripe and staff say together. A price that no plan has gives nothing."""
    paid = [row.tier for row in rows if row.tier is not None and has_access(row, now=now)]
    return max([customer.base_tier, *paid], key=lambda tier: tier.rank)


def alerts(rows: Iterable[Subscription]) -> list[str]:
    """What an operator must look at: nothing is granted for it."""
    rows = list(rows)
    alive = [row.stripe_id for row in rows if row.status in Subscription.ACCESS]
    found = [f"{' and '.join(alive)} are paid by the same customer"] if len(alive) > 1 else []
    for row in rows:
        if row.status not in FULL | NONE | {PAST_DUE}:
            found.append(f"{row.stripe_id} has the unknown status {row.status}")
        elif row.tier is None and row.status in Subscription.ACCESS:
            found.append(f"{row.stripe_id} is paid for, but no plan has the price {row.price_id}")
    return found


@transaction.atomic
def stand(
    customer: Customer, *, now: datetime, because: dict[str, Any]
) -> tuple[str, str]:
    """Give the payer the plan that is due: tier, caps and audit row at once. (before, after)"""
    payer = customers.payer_of_customer(customer)
    before = _owner_tier(customer)
    if payer is None or before is None:
        return "", ""
    due = tier_due(customer, customer.subscriptions.select_related("tier"), now=now)
    if due.pk != before:
        budgets.plan_change(payer=payer, tier=due, actor=ACTOR, at=now, because=because)
    return before, due.pk


def locked_with_owner(customer: Customer) -> Customer:
    """The owner first, then the customer: as whoever closes an account or changes a plan does."""
    _owner_tier(customer)
    return locked(customer)


def _owner_tier(customer: Customer) -> str | None:
    """The plan that the payer has now, locked until the end of the transaction. None: is gone."""
    owners: QuerySet[User] | QuerySet[Organisation] = User.objects.filter(pk=customer.user_id or 0)
    if customer.organisation_id is not None:
        owners = Organisation.objects.filter(pk=customer.organisation_id)
    owner = owners.select_for_update(no_key=True).first()
    return str(owner.tier_id) if owner is not None else None


def grace_ended(*, now: datetime) -> int:
    """Take the plan of those whose days of grace are over. Works while Stripe is away."""
    over = Subscription.objects.filter(status=PAST_DUE, past_due_since__lte=now - grace())
    ended = 0
    for customer in Customer.objects.filter(subscriptions__in=over).distinct():
        with transaction.atomic():
            row = locked_with_owner(customer)
            before, after = stand(row, now=now, because={"grace": "ended"})
        ended += before != after
    return ended

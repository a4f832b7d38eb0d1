"""One customer's plan, limits and bills, read for their pages and for `/api/v1/me/plan`.

What Stripe said last is in the mirror rows; nobody is asked here. `None` and empty texts: there is
none of it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.db.models import Q

from accounts.models import Tier
from accounts.types import Payer, TierRules
from billing import budgets
from billing.budgets import Book
from billing.models import Budget, Customer, PlanPrice, ScopeKind, Subscription
from billing.purses import owes
from billing.reports import usage
from billing.reports.bills import Bill, bills
from billing.reports.purse import Purse, purse
from billing.reports.usage import Limit


class Standing(StrEnum):
    """Where a customer stands with the subscription that counts."""

    NONE = "none"  # there is none: the plan without a payment
    TRIAL = "trialing"
    ACTIVE = "active"
    ENDING = "ending"  # paid for until the end of the period, then over
    CHANGING = "changing"  # another plan from the next period on
    PAST_DUE = "past_due"  # the last payment failed; the plan stays for the days of grace
    UNCONFIRMED = "incomplete"  # the first payment waits for its payer
    SUSPENDED = "unpaid"  # not paid in time, or paused: the plan is off


STANDINGS = {
    "trialing": Standing.TRIAL, "active": Standing.ACTIVE, "past_due": Standing.PAST_DUE,
    "incomplete": Standing.UNCONFIRMED, "unpaid": Standing.SUSPENDED,
    "paused": Standing.SUSPENDED,
}
UNPAID = (Standing.PAST_DUE, Standing.UNCONFIRMED, Standing.SUSPENDED)


@dataclass(frozen=True, slots=True)
class PlanState:
    """The subscription that counts, as far as pages tell about it."""

    standing: Standing = Standing.NONE
    title: str = ""  # of the plan it is for, which a customer who has not paid does not have
    tier: str = ""
    currency: str = ""
    amount_minor: int = 0
    interval: str = ""
    price_id: str = ""
    renews_at: datetime | None = None
    ends_at: datetime | None = None
    trial_ends_at: datetime | None = None
    next_tier: str = ""
    next_title: str = ""
    changes_at: datetime | None = None
    grace_until: datetime | None = None

    @property
    def is_paid(self) -> bool:
        """Whether there is something to change or to cancel."""
        return self.standing not in (Standing.NONE, Standing.UNCONFIRMED)

    def is_grace_over(self, now: datetime) -> bool:
        """Whether the plan is off, though Stripe still tries to get its money."""
        return self.grace_until is not None and self.grace_until <= now


@dataclass(frozen=True, slots=True)
class AccountView:
    """`customer` None: nothing was ever bought, so there is no row."""

    payer: Payer
    as_of: datetime
    tier: TierRules
    rank: int  # of the tier
    plan: PlanState
    limits: tuple[Limit, ...]
    purse: Purse
    customer: Customer | None
    unpaid: Bill | None
    owes: bool = False  # a payment did not go through: nothing beyond the plan

    @property
    def is_frozen(self) -> bool:
        return self.customer is not None and self.customer.frozen_at is not None

    @property
    def goes_on(self) -> bool:
        """Whether something pays for calls when the plan is used up."""
        if self.is_frozen:
            return False
        return self.purse.has_credit or (self.purse.overage_left > 0 and not self.owes)


def account(
    payer: Payer, *, tier: Tier, user_id: int, now: datetime, may_see_costs: bool = False
) -> AccountView:
    """Money that is spent on models is for staff, and for who pays for it beside the plan."""
    customer = customer_of(payer)
    own = purse(customer, now=now)
    rules = TierRules.of(tier)
    limits = own_limits(
        payer, rules, user_id=user_id, now=now, may_see_costs=may_see_costs or own.is_used
    )
    plan = plan_state(customer) if customer else PlanState()
    unpaid = bills(customer, only_open=True)[:1] if customer else ()
    return AccountView(
        payer, now, rules, tier.rank, plan, limits, own, customer,
        unpaid[0] if unpaid else None,
        owes=customer is not None and own.has_overage and owes(customer),
    )


def customer_of(payer: Payer) -> Customer | None:
    column = "user_id" if payer.kind == "user" else "organisation_id"
    return Customer.objects.filter(**{column: int(payer.id)}).first()


def own_limits(
    payer: Payer, tier: TierRules, *, user_id: int, now: datetime, may_see_costs: bool
) -> tuple[Limit, ...]:
    """Debates, calls, calls at once, money. Those of the platform are nobody's business."""
    rules = budgets.own_rules(own_book(payer, user_id), tier=tier, payer=payer, user_id=user_id)
    shown = usage.limits_shown(rules, may_see_costs=may_see_costs)
    return tuple(usage.limits_of(shown, now=now))


def own_book(payer: Payer, user_id: int) -> Book:
    """Budgets of their own: the payer's, and a member's on top."""
    own = Budget.objects.filter(
        Q(scope_kind=payer.kind, scope_id=payer.id)
        | Q(scope_kind=ScopeKind.USER, scope_id=str(user_id))
    )
    return Book(budgets.rule_of_budget(row) for row in own)


def plan_state(customer: Customer) -> PlanState:
    """Of several subscriptions, the best that gives access; else the latest that is not over."""
    rows = customer.subscriptions.filter(ended_at=None).select_related("tier", "next_tier")
    alive = [row for row in rows if row.status in STANDINGS]
    if not alive:
        return PlanState()
    return _state(max(alive, key=_weight))


def _weight(row: Subscription) -> tuple[bool, int, int]:
    rank = row.tier.rank if row.tier else -1
    return row.status in Subscription.ACCESS, rank, row.pk


def _state(row: Subscription) -> PlanState:
    standing = STANDINGS[row.status]
    is_running = row.status in Subscription.ACCESS
    is_changing = row.next_tier is not None and row.next_tier_id != row.tier_id
    if standing in (Standing.ACTIVE, Standing.TRIAL):
        standing = _later(standing, is_ending=row.is_ending, is_changing=is_changing)
    return PlanState(
        standing=standing,
        title=row.tier.title if row.tier else "",
        tier=row.tier_id or "",
        currency=row.currency, amount_minor=row.amount_minor, interval=row.interval,
        price_id=row.price_id,
        renews_at=row.period_end if is_running and not row.is_ending else None,
        ends_at=row.period_end if row.is_ending else None,
        trial_ends_at=row.trial_end if row.status == "trialing" else None,
        grace_until=_grace_until(row),
        **(_next(row) if is_changing and not row.is_ending else {}),
    )


def _later(standing: Standing, *, is_ending: bool, is_changing: bool) -> Standing:
    if is_ending:
        return Standing.ENDING
    return Standing.CHANGING if is_changing else standing


def _next(row: Subscription) -> dict[str, Any]:
    assert row.next_tier is not None
    return {
        "next_tier": row.next_tier.name, "next_title": row.next_tier.title,
        "changes_at": row.period_end,
    }


def _grace_until(row: Subscription) -> datetime | None:
    """Until when a plan goes on that was not paid."""
    if row.status != "past_due" or row.past_due_since is None:
        return None
    return row.past_due_since + timedelta(days=settings.GRACE_DAYS)


def next_amount(plan: PlanState) -> int | None:
    """What the next invoice will be for the plan alone, minor units; None: there will be none."""
    if plan.renews_at is None or plan.standing == Standing.UNCONFIRMED:
        return None
    if not plan.next_tier:
        return plan.amount_minor
    price = PlanPrice.objects.filter(
        tier_id=plan.next_tier, currency=plan.currency, interval=plan.interval
    )
    return price.values_list("amount_minor", flat=True).first()

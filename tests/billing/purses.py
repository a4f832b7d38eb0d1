"""Customers with credit, and calls that look for somebody who pays: words for tests."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from accounts.models import Tier, User
from accounts.types import Payer, TierRules
from billing import credits, gauge
from billing.budgets import Book, WindowRef, book_version, rules_of_call
from billing.holds import Want
from billing.ledger import Attempt, StaleBook
from billing.models import CreditGrant, Customer, Window
from billing.payment import Paid, hold_in_order
from billing.prices import Price
from billing.purses import payer_of
from tests.billing.books import NOW, usage_facts

DAY = timedelta(days=1)
FACTS = {"usage": usage_facts()}
A_NANO_A_TOKEN = Price(
    id=1, provider="openai", model="gpt-test", processing="standard", min_input_tokens=0,
    fresh_input=Decimal(0), cache_read=Decimal(0), cache_write=Decimal(0),
    output=Decimal("0.001"), search_usd=Decimal(0),
)


def customer_make(name: str = "alice", *, tier: str = "premium", **more: Any) -> Customer:
    user = User.objects.create_user(f"{name}@example.com", tier_id=tier)
    return Customer.objects.create(user=user, **more)


def plan(**limits: Any) -> Tier:
    """A plan with these limits and no others."""
    nothing = {
        "debates_per_day": None, "requests_per_day": None, "calls_per_debate": None,
        "usd_per_day_nanos": None, "requests_per_minute": None, "concurrent_calls": None,
    }
    values = {"title": "Tiny", "route_mode": "cloud", "allowed_classes": ["premium"]}
    return Tier.objects.update_or_create(name="tiny", defaults=values | nothing | limits)[0]


def give(
    customer: Customer, nanos: int, *, days: float = 30, source: str = "", charge: str = "",
    now: datetime = NOW,
) -> CreditGrant:
    return credits.grant(
        customer=customer, source=source or f"test:{uuid4()}", nanos=nanos, charge_id=charge,
        expires_at=now + days * DAY, now=now,
    )


def left(customer: Customer, *, now: datetime = NOW) -> int:
    return credits.balance(customer, now=now).left_nanos


def windows_of(payer: Payer, tier: Tier, *, now: datetime = NOW) -> tuple[WindowRef, ...]:
    """Those of a call outside debates."""
    rules = rules_of_call(
        Book.load(), tier=TierRules.of(tier), payer=payer, user_id=0, key_prefix="abcd1234",
        provider="openai", debate_id="",
    )
    return gauge.windows(rules, now=now)


def pay(
    customer: Customer, nanos: int, *windows: WindowRef, now: datetime = NOW,
    may_wait: bool = False, **more: Any,
) -> tuple[UUID, Paid]:
    """Hold so much for a call: one token is one nano. Raises NoRoom, MustWait."""
    price = more.pop("price", A_NANO_A_TOKEN)
    while True:
        want = Want(
            reservation_id=uuid4(), attempt=Attempt(uuid4(), "openai", "gpt-test", FACTS),
            windows=windows, book_version=book_version(), price=price, input_tokens=0,
            output_tokens=nanos,
        )
        try:
            paid = hold_in_order(want, payer=payer_of(customer), now=now, may_wait=may_wait, **more)
        except StaleBook:  # credit was given meanwhile: read again, as calls do
            continue
        return want.reservation_id, paid


def beyond(customer: Customer, nanos: int, *, now: datetime = NOW, **more: Any) -> UUID:
    """As `pay`, of a debate that is not paid from the plan."""
    return pay(customer, nanos, now=now, is_beyond=True, **more)[0]


def credit_window(customer: Customer) -> Window:
    return Window.objects.get(scope_kind="credit", scope_id=str(payer_of(customer)))

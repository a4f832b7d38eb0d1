"""Customers, subscriptions and invoices for tests: as Stripe might have described them."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from accounts.models import User
from billing.models import Customer, DailyPayer, Invoice, Subscription
from billing.reports.subscriptions import Sub

NOW = datetime(2026, 11, 25, 3, tzinfo=UTC)  # noon in Seoul
DAY = timedelta(days=1)
_numbers = itertools.count(1)


def customer(email: str = "", **columns: Any) -> Customer:
    number = next(_numbers)
    user = User.objects.create_user(email or f"buyer-{number}@example.org", tier_id="premium")
    return Customer.objects.create(user=user, stripe_id=f"cus_{number}", **columns)


def subscription(of: Customer | None = None, **columns: Any) -> Subscription:
    """$19 a month for premium, for 100 days now."""
    usual: dict[str, Any] = {
        "stripe_id": f"sub_{next(_numbers)}", "status": "active", "tier_id": "premium",
        "currency": "usd", "amount_minor": 1900, "interval": "month",
        "started_at": NOW - 100 * DAY, "period_end": NOW + 9 * DAY, "seen_at": NOW,
    }
    return Subscription.objects.create(customer=of or customer(), **usual | columns)


def invoice(of: Customer | None = None, **columns: Any) -> Invoice:
    """$19, paid at once."""
    usual: dict[str, Any] = {
        "stripe_id": f"in_{next(_numbers)}", "status": "paid", "currency": "usd",
        "total_minor": 1900, "paid_minor": 1900, "created_at": NOW, "paid_at": NOW,
    }
    return Invoice.objects.create(customer=of or customer(), **usual | columns)


def day(payer: str, **columns: Any) -> DailyPayer:
    """Ten debates for $1 on the day of NOW, which is 10 cents each."""
    usual: dict[str, Any] = {
        "day": NOW.date(), "tier": "premium", "calls": 100, "debates": 10,
        "debate_nanos": 10**9, "plan_nanos": 10**9, "beyond_nanos": 0,
    }
    return DailyPayer.objects.create(payer=payer, **usual | columns)


def sub(**columns: Any) -> Sub:
    """As reports read it, without a database."""
    usual: dict[str, Any] = {
        "customer_id": 1, "user_id": 1, "organisation_id": None, "tier": "premium",
        "status": "active", "currency": "usd", "amount_minor": 1900, "interval": "month",
        "started_at": NOW - 100 * DAY, "trial_end": None, "past_due_since": None,
        "ended_at": None, "is_ending": False,
    }
    return Sub(**usual | columns)

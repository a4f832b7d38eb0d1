"""The table status -> plan, row by row, and what stands beside it."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from accounts.models import Tier, User
from accounts.services import tiers_load
from accounts.types import Payer
from billing.models import Customer, Subscription
from billing.payments import services, standing

NOW = datetime.fromisoformat("2026-11-25T12:00:00+00:00")
pytestmark = pytest.mark.django_db


@pytest.fixture
def customer() -> Customer:
    tiers_load()
    user = User.objects.create_user("mina@example.com")
    return services.customer_of(Payer("user", str(user.pk)))


def subscribe(customer: Customer, status: str, **fields: Any) -> Subscription:
    values: dict[str, Any] = {"tier_id": "premium", "currency": "usd", "seen_at": NOW}
    return Subscription.objects.create(
        customer=customer, stripe_id=f"sub_{Subscription.objects.count()}", status=status,
        **values | fields,
    )


def stand(customer: Customer, now: datetime = NOW) -> str:
    return standing.stand(customer, now=now, because={"notice": "test"})[1]


@pytest.mark.parametrize(("status", "tier"), [
    ("active", "premium"),
    ("trialing", "premium"),
    ("past_due", "premium"),
    ("incomplete", "free"),
    ("unpaid", "free"),
    ("paused", "free"),
    ("canceled", "free"),
    ("incomplete_expired", "free"),
    ("a status of next year", "free"),
])
def test_each_status_means_a_plan(customer: Customer, status: str, tier: str) -> None:
    subscribe(customer, status, past_due_since=NOW)
    assert stand(customer) == tier
    assert User.objects.get().tier_id == tier


@pytest.mark.parametrize(("days", "tier"), [(0, "premium"), (6, "premium"), (7, "free")])
def test_a_failed_payment_leaves_the_plan_for_the_days_of_grace(
    customer: Customer, days: int, tier: str
) -> None:
    subscribe(customer, "past_due", past_due_since=NOW)
    assert stand(customer, NOW + timedelta(days=days)) == tier


def test_the_end_of_grace_comes_without_asking_stripe(customer: Customer) -> None:
    subscribe(customer, "past_due", past_due_since=NOW)
    stand(customer)
    assert standing.grace_ended(now=NOW + timedelta(days=6, hours=23)) == 0
    assert standing.grace_ended(now=NOW + timedelta(days=7)) == 1
    assert User.objects.get().tier_id == "free"
    assert standing.grace_ended(now=NOW + timedelta(days=8)) == 0


def test_of_two_plans_the_higher_one_counts(customer: Customer) -> None:
    subscribe(customer, "active", tier_id="enterprise")
    subscribe(customer, "active")
    assert stand(customer) == "enterprise"


def test_a_subscription_does_not_take_away_what_staff_gave(customer: Customer) -> None:
    customer.base_tier = Tier.objects.get(pk="enterprise")
    customer.save()
    subscribe(customer, "active")
    assert stand(customer) == "enterprise"


def test_a_price_that_no_plan_has_gives_nothing_and_an_alert(customer: Customer) -> None:
    row = subscribe(customer, "active", tier_id=None, price_id="price_odd")
    assert stand(customer) == "free"
    assert "no plan has the price price_odd" in standing.alerts([row])[0]


def test_two_subscriptions_of_one_customer_give_an_alert(customer: Customer) -> None:
    rows = [subscribe(customer, "active"), subscribe(customer, "past_due")]
    assert standing.alerts(rows) == ["sub_0 and sub_1 are paid by the same customer"]


def test_an_unknown_status_gives_an_alert(customer: Customer) -> None:
    rows = [subscribe(customer, "on_holiday"), subscribe(customer, "canceled")]
    assert standing.alerts(rows) == ["sub_0 has the unknown status on_holiday"]

"""A house with plans, a Stripe of its own, and customers who pay there."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from django.core.management import call_command
from django.test import RequestFactory

from accounts.models import User
from accounts.services import tiers_load
from accounts.types import Payer
from billing.models import Customer, PackPrice, PlanPrice
from billing.payments import events, services, webhooks
from tests.services.stripe import KEY, StripeFake, running_stripe

NOON = datetime.fromisoformat("2030-01-15T12:00:00+00:00")  # later than any clock that runs this
SECRET = "whsec_fake"
BACK = {"success_url": "https://example.org/done", "cancel_url": "https://example.org/no"}


@pytest.fixture
def stripe_fake() -> Iterator[StripeFake]:
    """Its clock stands at noon until it is moved."""
    with running_stripe(clock=NOON) as fake:
        yield fake


@pytest.fixture
def stripe(stripe_fake: StripeFake, settings: Any, db: None) -> StripeFake:
    """With our plans in it, and us connected to it."""
    settings.STRIPE_SECRET_KEY = KEY
    settings.STRIPE_API_BASE = stripe_fake.url
    settings.STRIPE_WEBHOOK_SECRET = [SECRET]
    tiers_load()
    call_command("stripe_setup")
    return stripe_fake


@dataclass(frozen=True)
class Shopper:
    """Somebody who buys, and whose browser pays what it is led to."""

    user: User
    stripe: StripeFake

    @property
    def customer(self) -> Customer:
        return services.customer_of(Payer("user", str(self.user.pk)))

    @property
    def tier(self) -> str:
        return User.objects.get(pk=self.user.pk).tier_id

    @property
    def now(self) -> datetime:
        return self.stripe.now

    def buys(self, lookup_key: str, *, card: str = "4242424242424242") -> None:
        url = services.checkout_begin(
            customer=self.customer, price=price(lookup_key), now=self.now, **BACK
        )
        self.stripe.pay(url, card)

    def buys_pack(self, name: str = "small", *, currency: str = "usd") -> None:
        url = services.pack_begin(
            customer=self.customer, pack=pack(name, currency), now=self.now, **BACK
        )
        self.stripe.pay(url)

    def changes(self, lookup_key: str) -> services.Changed:
        return services.plan_change_begin(
            customer=self.customer, price=price(lookup_key), now=self.now
        )

    def looks(self) -> services.Synced:
        return services.sync(customer=self.customer, now=self.now, because="test")


def price(lookup_key: str) -> PlanPrice:
    return PlanPrice.objects.select_related("tier").get(lookup_key=lookup_key)


def pack(name: str, currency: str = "usd") -> PackPrice:
    return PackPrice.objects.select_related("pack").get(pack=name, currency=currency)


@pytest.fixture
def mina(stripe: StripeFake) -> Shopper:
    return Shopper(User.objects.create_user("mina@example.com"), stripe)


@pytest.fixture
def premium(mina: Shopper) -> Shopper:
    """Mina, who has bought premium for a month."""
    mina.buys("premium_month_usd")
    mina.looks()
    assert mina.tier == "premium"
    return mina


def post(body: bytes, signature: str) -> int:
    """One delivery to our webhook."""
    request = RequestFactory().post(
        "/webhooks/stripe/", body, content_type="application/json",
        headers={"Stripe-Signature": signature},
    )
    return webhooks.receive(request).status_code


def deliver(stripe: StripeFake) -> int:
    """All notices that are due, and what a worker does about them."""
    sent = stripe.deliver(post)
    events.work_off(now=stripe.now)
    return len(sent)

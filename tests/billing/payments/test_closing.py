"""Who leaves pays nothing more, and Stripe forgets them."""

from typing import Any

from accounts import signals
from billing.models import Customer, StripeEvent, StripeRequest
from billing.payments import repeat
from billing.payments.client import stripe_client
from tests.billing.payments.conftest import Shopper, deliver


def leave(shopper: Shopper) -> str:
    stripe_id = shopper.customer.stripe_id or ""
    signals.account_closed.send(sender=None, user=shopper.user, at=shopper.now)
    return stripe_id


def at_stripe(stripe_id: str) -> Any:
    return stripe_client().v1.customers.retrieve(stripe_id)


def test_the_subscription_ends_and_the_customer_is_deleted_there(premium: Shopper) -> None:
    stripe_id = leave(premium)
    assert "deleted" not in at_stripe(stripe_id)
    assert repeat.repeat_open(now=premium.now) == 1
    assert at_stripe(stripe_id).deleted
    subscriptions = stripe_client().v1.subscriptions.list({"customer": stripe_id, "status": "all"})
    assert {it.status for it in subscriptions.data} == {"canceled"}
    row = Customer.objects.get()
    assert (row.stripe_id, row.card, row.topup_pack) == (None, "", None)
    assert row.subscriptions.get().status == "canceled"
    deliver(premium.stripe)  # what Stripe says about it alarms nobody
    assert not StripeEvent.objects.exclude(note="nothing depends on this type").exclude(
        note="deleted customer"
    ).exists()


def test_nobody_is_kept_while_stripe_is_away(premium: Shopper, settings: Any) -> None:
    stripe_id = leave(premium)
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    assert repeat.repeat_open(now=premium.now) == 0
    assert StripeRequest.objects.get(kind="close").state == "open"
    settings.STRIPE_API_BASE = premium.stripe.url
    premium.stripe.advance(days=3)  # much longer than Stripe remembers a key
    assert repeat.repeat_open(now=premium.now) == 1
    assert at_stripe(stripe_id).deleted


def test_who_never_bought_leaves_nothing_to_do(mina: Shopper) -> None:
    assert mina.customer
    leave(mina)
    assert not StripeRequest.objects.exists()

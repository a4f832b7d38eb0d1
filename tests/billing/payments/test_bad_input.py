"""What cannot be bought or changed: a clear sentence, nothing half done, nothing charged."""

from typing import Any

import pytest

from accounts.models import User
from accounts.types import Payer
from billing.models import Customer, Invoice, PackPrice, PlanPrice, StripeRequest
from billing.payments import services
from costcontrol.lib.errors import (
    BadRequest,
    Conflict,
    NotFound,
    PaymentRefused,
    PaymentsOff,
)
from tests.billing.payments.conftest import BACK, Shopper, pack, price


@pytest.fixture(autouse=True)
def nothing_is_charged(mina: Shopper) -> Any:
    """Whatever a test bought on purpose it has looked at itself."""
    yield
    before = Invoice.objects.filter(status="paid").count()
    mina.looks()
    assert Invoice.objects.filter(status="paid").count() == before


def test_a_plan_that_is_not_offered(mina: Shopper) -> None:
    PlanPrice.objects.filter(lookup_key="premium_month_usd").update(is_offered=False)
    with pytest.raises(BadRequest, match="not offered any more"):
        mina.buys("premium_month_usd")


def test_a_plan_that_stripe_does_not_know(mina: Shopper) -> None:
    row = PlanPrice.objects.create(
        tier_id="premium", lookup_key="premium_week_usd", currency="usd", amount_minor=500
    )
    with pytest.raises(BadRequest, match="missing at Stripe"):
        services.checkout_begin(customer=mina.customer, price=row, now=mina.now, **BACK)


def test_a_plan_whose_price_was_deleted_at_stripe(mina: Shopper) -> None:
    PlanPrice.objects.filter(lookup_key="premium_month_usd").update(stripe_price_id="price_gone")
    with pytest.raises(NotFound, match="Load the page again"):
        mina.buys("premium_month_usd")
    assert not StripeRequest.objects.filter(state="open").exists()


@pytest.mark.parametrize("lookup_key", ["premium_month_krw", "enterprise_month_krw"])
def test_a_plan_of_another_currency(premium: Shopper, lookup_key: str) -> None:
    with pytest.raises(BadRequest, match="You are billed in USD"):
        premium.changes(lookup_key)
    assert premium.tier == "premium"


def test_a_pack_of_another_currency(premium: Shopper) -> None:
    with pytest.raises(BadRequest, match="You are billed in USD"):
        premium.buys_pack(currency="krw")


def test_the_currency_stays_after_the_plan_has_ended(premium: Shopper) -> None:
    services.cancel(customer=premium.customer, now=premium.now)
    premium.stripe.advance(days=40)
    premium.looks()
    with pytest.raises(BadRequest, match="You are billed in USD"):
        premium.buys("premium_month_krw")


def test_the_plan_that_one_has(premium: Shopper) -> None:
    with pytest.raises(Conflict, match="You have this plan already"):
        premium.changes("premium_month_usd")


def test_a_change_without_a_plan(mina: Shopper) -> None:
    with pytest.raises(Conflict, match="Buy this one instead"):
        mina.changes("premium_month_usd")


def test_cancelling_twice(premium: Shopper) -> None:
    services.cancel(customer=premium.customer, now=premium.now)
    with pytest.raises(Conflict, match="cancelled already"):
        services.cancel(customer=premium.customer, now=premium.now)


def test_cancelling_nothing(mina: Shopper) -> None:
    with pytest.raises(Conflict, match="no plan that could be cancelled"):
        services.cancel(customer=mina.customer, now=mina.now)


def test_taking_back_nothing(premium: Shopper) -> None:
    with pytest.raises(Conflict, match="your plan goes on"):
        services.resume(customer=premium.customer, now=premium.now)


@pytest.mark.parametrize("amount", [-1, 0, 100_000_000, 10**18])
def test_a_pack_of_a_negative_or_huge_amount(mina: Shopper, amount: int) -> None:
    row = PackPrice(pack=pack("small").pack, currency="usd", amount_minor=amount)
    with pytest.raises(BadRequest, match="cannot be charged"):
        services.pack_begin(customer=mina.customer, pack=row, now=mina.now, **BACK)
    assert not StripeRequest.objects.exists()


def test_a_pack_that_is_too_small_for_a_card(mina: Shopper) -> None:
    row = PackPrice(pack=pack("small").pack, currency="usd", amount_minor=1)
    with pytest.raises(PaymentRefused, match="Nothing was charged"):
        services.pack_begin(customer=mina.customer, pack=row, now=mina.now, **BACK)


def test_an_account_that_is_gone(mina: Shopper) -> None:
    with pytest.raises(NotFound, match="does not exist any more"):
        services.customer_of(Payer("user", "987654"))
    with pytest.raises(NotFound):
        services.customer_of(Payer("org", "987654"))


def test_a_customer_without_owner_gets_nothing(premium: Shopper) -> None:
    row = premium.customer
    Customer.objects.filter(pk=row.pk).update(user=None)
    User.objects.filter(pk=premium.user.pk).update(tier="free")
    assert not services.sync(customer=row, now=premium.now, because="test").is_written
    assert premium.tier == "free"
    Customer.objects.filter(pk=row.pk).update(user=premium.user)


@pytest.mark.parametrize("ask", [
    lambda it: it.buys("premium_month_usd"),
    lambda it: it.buys_pack(),
    lambda it: it.changes("premium_month_usd"),
    lambda it: services.cancel(customer=it.customer, now=it.now),
    lambda it: services.resume(customer=it.customer, now=it.now),
    lambda it: services.top_up(customer=it.customer, now=it.now),
    lambda it: services.portal_begin(customer=it.customer, return_url="https://e.org", now=it.now),
    lambda it: services.change_preview(
        customer=it.customer, price=price("premium_month_usd"), now=it.now
    ),
])
def test_without_stripe_everything_says_so(mina: Shopper, settings: Any, ask: Any) -> None:
    settings.STRIPE_SECRET_KEY = ""
    try:
        with pytest.raises(PaymentsOff, match="not connected to Stripe"):
            ask(mina)
    finally:
        settings.STRIPE_SECRET_KEY = mina.stripe.key
    assert not StripeRequest.objects.exists()


def test_plans_can_be_shown_without_stripe(mina: Shopper, settings: Any) -> None:
    settings.STRIPE_SECRET_KEY = ""
    assert not services.is_on()
    assert [it.lookup_key for it in services.offers(currency="krw")] == [
        "premium_month_krw", "premium_year_krw", "enterprise_month_krw", "enterprise_year_krw"
    ]
    assert [it.pack_id for it in services.pack_offers(currency="usd")] == [
        "small", "medium", "large"
    ]
    assert services.offers(currency="eur") == ()
    settings.STRIPE_SECRET_KEY = mina.stripe.key


def test_stripe_cannot_be_reached(mina: Shopper, settings: Any) -> None:
    url, settings.STRIPE_API_BASE = settings.STRIPE_API_BASE, "http://127.0.0.1:9"
    with pytest.raises(PaymentRefused, match="cannot be reached") as caught:
        mina.buys("premium_month_usd")
    assert caught.value.retry_after_s == 60
    settings.STRIPE_API_BASE = url
    mina.buys("premium_month_usd")  # the open row is asked again
    assert StripeRequest.objects.filter(kind="customer").count() == 1
    mina.looks()
    assert mina.tier == "premium"


def test_stripe_refuses_our_key(mina: Shopper, settings: Any) -> None:
    settings.STRIPE_SECRET_KEY = "nonsense"
    with pytest.raises(PaymentsOff, match="Nothing was charged"):
        mina.buys("premium_month_usd")
    settings.STRIPE_SECRET_KEY = mina.stripe.key

"""What customers are told about their payments, once each."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from billing.models import PlanPrice, SentNotice
from billing.payments import services
from tests.billing.payments.conftest import Shopper, deliver


@pytest.fixture(autouse=True)
def commits(django_capture_on_commit_callbacks: Callable[..., Any]) -> Iterator[None]:
    with django_capture_on_commit_callbacks(execute=True):
        yield


def told(shopper: Shopper, run: Callable[..., Any]) -> list[str]:
    """The kinds of emails so far; everything is looked at twice."""
    with run(execute=True):
        deliver(shopper.stripe)
        shopper.looks()
    return list(SentNotice.objects.order_by("pk").values_list("kind", flat=True))


def test_a_payment_is_followed_by_a_receipt(
    mina: Shopper, django_capture_on_commit_callbacks: Any, mailoutbox: list[Any]
) -> None:
    mina.buys("premium_month_usd")
    assert told(mina, django_capture_on_commit_callbacks) == ["receipt"]
    assert mailoutbox[0].subject == "Paid: $19.00"
    assert "For: 1 × Premium" in mailoutbox[0].body


def test_a_failed_renewal_says_until_when_the_plan_stays(
    premium: Shopper, django_capture_on_commit_callbacks: Any, mailoutbox: list[Any]
) -> None:
    told(premium, django_capture_on_commit_callbacks)
    premium.stripe.card(premium.customer.stripe_id or "", "4000000000000341")
    premium.stripe.advance(days=31)
    assert told(premium, django_capture_on_commit_callbacks) == ["receipt", "payment_failed"]
    assert mailoutbox[-1].subject == "A payment of $19.00 failed"
    assert "Your plan stays as it is until" in mailoutbox[-1].body


def test_a_bank_that_asks_at_a_renewal_is_answered_by_the_customer(
    premium: Shopper, django_capture_on_commit_callbacks: Any
) -> None:
    told(premium, django_capture_on_commit_callbacks)
    premium.stripe.card(premium.customer.stripe_id or "", "4000002760003184")
    premium.stripe.advance(days=31)
    assert told(premium, django_capture_on_commit_callbacks) == ["receipt", "payment_action"]


def test_the_end_of_a_trial_is_announced(
    mina: Shopper, django_capture_on_commit_callbacks: Any
) -> None:
    PlanPrice.objects.filter(lookup_key="premium_month_usd").update(trial_days=14)
    mina.buys("premium_month_usd")
    assert told(mina, django_capture_on_commit_callbacks) == []
    mina.stripe.advance(days=11, hours=1)
    assert told(mina, django_capture_on_commit_callbacks) == ["trial_ending"]


def test_the_end_of_a_plan_is_told(
    premium: Shopper, django_capture_on_commit_callbacks: Any
) -> None:
    services.cancel(customer=premium.customer, now=premium.now)
    premium.stripe.advance(days=32)
    assert "subscription_ended" in told(premium, django_capture_on_commit_callbacks)
    assert premium.tier == "free"


def test_old_invoices_are_not_told_about(
    premium: Shopper, django_capture_on_commit_callbacks: Any
) -> None:
    premium.stripe.advance(days=5)
    assert told(premium, django_capture_on_commit_callbacks) == []

"""Use beyond the plan becomes an invoice once its month is over."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from billing.models import Invoice, Metric, StripeRequest, Window
from billing.payments import overage, repeat, services
from billing.payments.catalogue import pack_offers
from billing.purses import owes
from costcontrol.lib.money import from_usd
from tests.billing.payments.conftest import Shopper, pack

MONTH = timedelta(days=31)


def month_of(shopper: Shopper, **fields: Any) -> Window:
    """A month that ended a moment ago, with 3.20 dollars of use."""
    end: datetime = shopper.now - timedelta(minutes=1)
    values: dict[str, Any] = {
        "scope_kind": "overage", "scope_id": f"user:{shopper.user.pk}", "metric": Metric.USD,
        "period": "month", "start": end - MONTH, "end": end, "zone": "UTC",
        "cap": from_usd("50"), "spent": from_usd("3.2"), "rank": 30,
    }
    return Window.objects.create(**values | fields)


def bill(shopper: Shopper, window: Window) -> bool:
    return services.overage_bill(window=window, now=shopper.now)


def test_a_month_is_billed_once(premium: Shopper) -> None:
    window = month_of(premium)
    assert bill(premium, window)
    assert not bill(premium, window)
    assert overage.overage_bill_all(now=premium.now) == 0
    premium.stripe.advance(hours=2)  # Stripe charges a final invoice within an hour
    premium.looks()
    newest = Invoice.objects.first()
    assert newest is not None
    assert (newest.total_minor, newest.currency, newest.status) == (320, "usd", "paid")
    assert newest.subject.startswith("Use beyond the plan")


@pytest.mark.parametrize("fields", [
    {"spent": 0}, {"held": 1}, {"end": None},
    {"end": datetime.fromisoformat("2031-01-01T00:00:00+00:00")},
])
def test_a_month_that_is_not_over_or_empty_is_not_billed(
    premium: Shopper, fields: dict[str, Any]
) -> None:
    assert not bill(premium, month_of(premium, **fields))
    assert overage.overage_bill_all(now=premium.now) == 0


def test_a_month_of_somebody_who_never_paid_here_is_not_billed(mina: Shopper) -> None:
    assert not bill(mina, month_of(mina))


@pytest.mark.parametrize(("nanos", "currency", "minor"), [
    (from_usd("3.2"), "usd", 320), (1, "usd", 1), (from_usd("3.201"), "usd", 321),
    (from_usd("1"), "krw", 1_400), (from_usd("0.0001"), "krw", 1),
])
def test_use_costs_what_the_smallest_pack_costs_rounded_up(
    mina: Shopper, nanos: int, currency: str, minor: int
) -> None:
    assert pack_offers(currency=currency)[0] == pack("small", currency)
    assert overage.minor_of(nanos, pack("small", currency)) == minor


def test_a_crash_between_the_steps_bills_once(premium: Shopper) -> None:
    window = month_of(premium)
    premium.stripe.cut("POST /v1/invoices")
    premium.stripe.cut("POST /v1/invoiceitems")
    bill(premium, window)
    StripeRequest.objects.filter(kind="overage").update(state="open", result_id="")
    repeat.repeat_open(now=premium.now + timedelta(minutes=3))
    premium.looks()
    assert Invoice.objects.filter(total_minor=320).count() == 1
    assert Invoice.objects.count() == 2


def test_a_bill_whose_key_is_forgotten_is_not_asked_again(premium: Shopper) -> None:
    window = month_of(premium)
    bill(premium, window)
    StripeRequest.objects.filter(kind="overage").update(
        state="open", result_id="", created_at=premium.now - timedelta(hours=24)
    )
    before = len(premium.stripe.requests)
    assert overage.overage_bill_all(now=premium.now) == 0
    assert not [it for it in premium.stripe.requests[before:] if it["method"] == "POST"]


def test_a_bill_that_cannot_be_charged_is_told_and_ends_use_beyond_the_plan(
    premium: Shopper, mailoutbox: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    premium.stripe.card(premium.customer.stripe_id or "", "4000000000000341")
    bill(premium, month_of(premium))
    premium.stripe.advance(hours=2)
    with django_capture_on_commit_callbacks(execute=True):
        premium.looks()
        premium.looks()
    assert [mail.subject for mail in mailoutbox if "failed" in mail.subject] == [
        "A payment of $3.20 failed"
    ]
    assert owes(premium.customer)
    premium.stripe.pay(Invoice.objects.get(status="open").page_url)
    premium.looks()
    assert not owes(premium.customer)

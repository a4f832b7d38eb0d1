"""What we ask of Stripe happens once: two clicks, two workers, a line that breaks, a crash."""

from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection

from billing.models import Invoice, StripeRequest
from billing.payments import repeat, requests, services
from billing.payments.client import stripe_client
from costcontrol.lib.errors import CostControlError, PaymentsOff
from tests.billing.payments.conftest import BACK, Shopper, price

LATER = timedelta(minutes=3)


def asked(shopper: Shopper, path: str) -> list[dict[str, Any]]:
    return [
        it for it in shopper.stripe.requests if it["method"] == "POST" and path in it["path"]
    ]


def paid(shopper: Shopper) -> list[int]:
    shopper.looks()
    rows = Invoice.objects.filter(status="paid").order_by("created_at", "pk")
    return list(rows.values_list("paid_minor", flat=True))


def test_every_post_has_the_key_of_its_row(premium: Shopper) -> None:
    premium.changes("enterprise_month_usd")
    premium.changes("premium_month_usd")
    ours = [it for it in asked(premium, "/v1/") if "/products" not in it["path"]
            and "/prices" not in it["path"] and "/create_preview" not in it["path"]]
    assert len(ours) == 5  # customer, checkout, upgrade, schedule: made, planned
    assert all(it["key"].startswith("costcontrol:") for it in ours)
    assert len({it["key"] for it in ours}) == 5


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("committed")
@pytest.mark.postgresql
def test_two_upgrades_at_once_are_one_subscription_and_one_charge(premium: Shopper) -> None:
    """Two threads, each with a connection of its own, as two workers have."""
    start, ends = Barrier(2), []

    def click() -> None:
        start.wait()
        try:
            ends.append(premium.changes("enterprise_month_usd").kind)
        except CostControlError as error:
            ends.append(error.code)
        finally:
            connection.close()

    clicks = [Thread(target=click) for _each in range(2)]
    for one in clicks:
        one.start()
    for one in clicks:
        one.join(30)
    assert set(ends) <= {"upgraded", "idempotency_conflict"}  # the second one: you have it already
    assert "upgraded" in ends
    assert paid(premium) == [1_900, 18_000]
    assert premium.customer.subscriptions.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("committed")
@pytest.mark.postgresql
def test_two_first_clicks_at_once_are_one_customer_and_one_checkout(mina: Shopper) -> None:
    start, urls = Barrier(2), []

    def click() -> None:
        start.wait()
        try:
            urls.append(services.checkout_begin(
                customer=mina.customer, price=price("premium_month_usd"), now=mina.now, **BACK
            ))
        finally:
            connection.close()

    clicks = [Thread(target=click) for _each in range(2)]
    for one in clicks:
        one.start()
    for one in clicks:
        one.join(30)
    assert len(urls) == 2
    assert len(set(urls)) == 1
    assert len(mina.stripe.see("counts")) > 0
    mina.stripe.pay(urls[0])
    assert paid(mina) == [1_900]


def test_a_click_a_moment_later_gets_the_same_answer(mina: Shopper) -> None:
    urls = {
        services.checkout_begin(
            customer=mina.customer, price=price("premium_month_usd"), now=mina.now, **BACK
        )
        for _click in range(3)
    }
    assert len(urls) == 1


def test_an_upgrade_whose_answer_was_lost_is_repeated_and_charged_once(premium: Shopper) -> None:
    """The SDK asks again by itself, with the key of our row."""
    premium.stripe.cut("POST /v1/subscriptions/*")
    assert premium.changes("enterprise_month_usd").kind == "upgraded"
    assert len(asked(premium, "/v1/subscriptions/")) == 2
    assert paid(premium) == [1_900, 18_000]


def crash_in_upgrade(shopper: Shopper) -> StripeRequest:
    """Stripe did it, and the process died before it heard: the row is open, nothing is mirrored."""
    shopper.changes("enterprise_month_usd")
    row = StripeRequest.objects.get(kind="upgrade")
    StripeRequest.objects.filter(pk=row.pk).update(state="open", result_id="", result_url="")
    row.refresh_from_db()
    return row


def test_what_a_crash_left_open_is_repeated_with_the_same_key(premium: Shopper) -> None:
    row = crash_in_upgrade(premium)
    assert repeat.repeat_open(now=premium.now) == 0  # somebody may still wait for the answer
    assert repeat.repeat_open(now=premium.now + LATER) == 1
    row.refresh_from_db()
    assert row.state == "done"
    assert {it["key"] for it in asked(premium, "/v1/subscriptions/")} == {row.idempotency_key}
    assert paid(premium) == [1_900, 18_000]


def test_a_crash_before_stripe_heard_is_carried_out_once(premium: Shopper) -> None:
    """The row was written and nothing else: the same wish, as the next attempt or the task asks."""
    premium.changes("enterprise_month_usd")
    done = StripeRequest.objects.get(kind="upgrade")
    services.cancel(customer=premium.customer, now=premium.now)
    wish = StripeRequest.objects.create(
        customer=premium.customer, kind="resume", created_at=premium.now, params={
            "subscription": done.params["subscription"], "call": {"cancel_at_period_end": False},
        },
    )
    repeat.repeat_open(now=premium.now + LATER)
    wish.refresh_from_db()
    assert wish.state == "done"
    assert not premium.customer.subscriptions.get().is_ending


def test_a_schedule_that_was_made_and_not_planned_is_planned(premium: Shopper) -> None:
    premium.changes("enterprise_month_usd")
    premium.stripe.cut("POST /v1/subscription_schedules/*")
    premium.stripe.cut("POST /v1/subscription_schedules")
    assert premium.changes("premium_month_usd").kind == "scheduled"
    assert premium.customer.subscriptions.get().next_tier_id == "premium"
    assert {it["key"].rpartition(":")[2] for it in asked(premium, "subscription_schedules")} == {
        "make", "plan"
    }


def test_a_key_that_stripe_has_forgotten_is_never_used_again(premium: Shopper) -> None:
    row = crash_in_upgrade(premium)
    before = len(asked(premium, "/v1/subscriptions/"))
    repeat.repeat_open(now=premium.now + timedelta(hours=24))
    row.refresh_from_db()
    assert (row.state, row.note) == ("refused", requests.NEVER_ANSWERED)
    assert len(asked(premium, "/v1/subscriptions/")) == before


def test_what_stripe_refuses_is_closed(mina: Shopper, settings: Any) -> None:
    settings.STRIPE_SECRET_KEY = "nonsense"
    with pytest.raises(PaymentsOff, match="Nothing was charged"):
        services.portal_begin(customer=mina.customer, return_url="https://e.org", now=mina.now)
    assert StripeRequest.objects.get().state == "refused"


def test_an_upgrade_that_a_later_wish_overtook_is_not_charged(premium: Shopper) -> None:
    """Stripe was away, nobody was charged; then they cancelled instead."""
    item = StripeRequest.objects.create(
        customer=premium.customer, kind="upgrade", created_at=premium.now, params=upgrade(premium)
    )
    services.cancel(customer=premium.customer, now=premium.now)
    repeat.repeat_open(now=premium.now + LATER)
    item.refresh_from_db()
    assert (item.state, item.note) == ("refused", requests.OVERTAKEN)
    assert paid(premium) == [1_900]
    assert premium.customer.subscriptions.get().is_ending


def upgrade(shopper: Shopper) -> dict[str, Any]:
    row = shopper.customer.subscriptions.get()
    item = stripe_client().v1.subscriptions.retrieve(row.stripe_id)["items"].data[0].id
    return {"subscription": row.stripe_id, "from": row.price_id, "call": {
        "items": [{"id": item, "price": price("enterprise_month_usd").stripe_price_id}],
        "proration_behavior": "always_invoice", "payment_behavior": "pending_if_incomplete",
    }}

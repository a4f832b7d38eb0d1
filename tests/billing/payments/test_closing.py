"""Who leaves pays nothing more, and Stripe forgets them."""

from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection, transaction

from accounts import signals
from accounts.models import Organisation, User
from billing.models import Customer, StripeEvent, StripeRequest
from billing.payments import overage, repeat, sync
from billing.payments.client import stripe_client
from billing.payments.fetching import fetch
from costcontrol.lib.errors import Conflict
from tests.billing.payments.conftest import Shopper, deliver
from tests.billing.payments.test_overage_bills import month_of


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


@pytest.mark.postgresql
def test_address_that_stripe_was_told_is_kept_nowhere(premium: Shopper) -> None:
    address = str(premium.user.email)
    told = StripeRequest.objects.get(kind="customer").params
    assert address in str(told)
    team = Customer.objects.create(
        organisation=Organisation.objects.create(name="Team"), base_tier_id="free"
    )
    StripeRequest.objects.create(
        customer=team, kind="customer", state="done", created_at=premium.now, params=told
    )
    leave(premium)
    assert address not in str(list(StripeRequest.objects.values()))


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


def test_a_subscription_that_ended_so_has_an_end(premium: Shopper) -> None:
    leave(premium)
    at = premium.now
    repeat.repeat_open(now=at + timedelta(minutes=1))
    assert premium.customer.subscriptions.get().ended_at == at


def test_a_look_that_began_before_they_left_brings_nothing_back(premium: Shopper) -> None:
    customer = premium.customer
    look, facts = sync.look_begin(customer), fetch(customer.stripe_id or "")
    leave(premium)
    repeat.repeat_open(now=premium.now)
    seen = sync.look_write(customer, facts, look=look, now=premium.now, because="test")
    assert not seen.is_written
    assert customer.subscriptions.get().status == "canceled"


@pytest.mark.parametrize("left", [{"spent": 1}, {"spent": 0, "held": 1}])
def test_nobody_leaves_before_use_beyond_the_plan_is_billed(
    premium: Shopper, left: dict[str, int]
) -> None:
    month_of(premium, end=premium.now + timedelta(days=9), **left)
    with pytest.raises(Conflict, match="not billed yet"):
        leave(premium)
    assert not StripeRequest.objects.filter(kind="close").exists()


def test_who_was_billed_leaves(premium: Shopper) -> None:
    assert overage.overage_bill(window=month_of(premium), now=premium.now)
    month_of(premium, start=premium.now, end=premium.now + timedelta(days=9), spent=0)
    assert leave(premium)
    assert StripeRequest.objects.filter(kind="close").exists()


def test_nobody_who_left_becomes_a_customer_again_for_a_bill(premium: Shopper) -> None:
    leave(premium)
    window = month_of(premium)  # a call in flight that was settled after they left
    repeat.repeat_open(now=premium.now)
    User.objects.update(deleted_at=premium.now)
    assert overage.overage_bill_all(now=premium.now) == 0
    assert not overage.overage_bill(window=window, now=premium.now)
    assert premium.customer.stripe_id is None


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("committed")
@pytest.mark.postgresql
def test_an_account_is_closed_while_stripe_is_looked_at(premium: Shopper) -> None:
    """Both lock the account first, then the customer: else they wait for each other."""
    customer, ends = premium.customer, list[str]()
    facts = fetch(customer.stripe_id or "")
    start = Barrier(2)

    def run(name: str, work: Callable[[], object]) -> None:
        start.wait()
        for _again in range(40):
            work()
        ends.append(name)
        connection.close()

    def look() -> None:
        number = sync.look_begin(customer)
        sync.look_write(customer, facts, look=number, now=premium.now, because="test")

    @transaction.atomic
    def close() -> None:
        User.objects.select_for_update().get(pk=premium.user.pk)
        leave(premium)

    threads = [Thread(target=run, args=each) for each in (("look", look), ("close", close))]
    for one in threads:
        one.start()
    for one in threads:
        one.join(30)
    assert sorted(ends) == ["close", "look"]

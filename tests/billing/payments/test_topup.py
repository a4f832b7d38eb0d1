"""Credit that is bought by itself: as the customer wished it, never twice for one need."""

from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection

from billing import credits
from billing.models import CreditGrant, Customer, StripeRequest
from billing.payments import repeat, requests, services, topup
from billing.payments.grants import source_of
from costcontrol.lib.errors import PaymentRefused
from costcontrol.lib.money import from_usd
from tests.billing.payments.conftest import Shopper

TEN = from_usd("10")
DECLINES_LATER = "4000000000000341"


def wishes(shopper: Shopper, **changes: Any) -> Shopper:
    """Small packs, below one dollar, at most twice a day."""
    values: dict[str, Any] = {
        "topup_pack_id": "small", "topup_below_nanos": from_usd("1"), "topups_per_day": 2
    }
    Customer.objects.filter(pk=shopper.customer.pk).update(**values | changes)
    return shopper


@pytest.fixture
def low(premium: Shopper) -> Shopper:
    """Somebody with a card and no credit, who wishes that some is bought."""
    return wishes(premium)


def left(shopper: Shopper) -> int:
    return credits.balance(shopper.customer, now=shopper.now).left_nanos


def tops_up(shopper: Shopper) -> bool:
    return services.top_up(customer=shopper.customer, now=shopper.now)


def test_credit_is_bought_when_it_runs_low(low: Shopper) -> None:
    assert tops_up(low)
    assert left(low) == TEN
    grant = CreditGrant.objects.get()
    assert grant.source == source_of(StripeRequest.objects.get(kind="topup").result_id)


def test_enough_credit_buys_nothing(low: Shopper) -> None:
    tops_up(low)
    assert not tops_up(low)
    assert topup.top_up_all(now=low.now) == 0
    assert left(low) == TEN


def test_who_did_not_wish_it_is_not_charged(premium: Shopper) -> None:
    assert not tops_up(premium)


def test_who_is_frozen_is_not_charged(low: Shopper) -> None:
    Customer.objects.update(frozen_at=low.now)
    assert not tops_up(low)


def test_a_day_has_a_limit(low: Shopper) -> None:
    wishes(low, topup_below_nanos=from_usd("1000"))
    assert [tops_up(low) for _again in range(4)] == [True, True, False, False]
    low.stripe.advance(days=1)
    assert tops_up(low)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("committed")
@pytest.mark.postgresql
def test_two_workers_at_once_charge_once(low: Shopper) -> None:
    start = Barrier(2)

    def work() -> None:
        start.wait()
        topup.top_up_all(now=low.now)
        connection.close()

    workers = [Thread(target=work) for _each in range(2)]
    for one in workers:
        one.start()
    for one in workers:
        one.join(30)
    assert left(low) == TEN
    assert StripeRequest.objects.filter(kind="topup").count() == 1


def test_a_crash_after_the_charge_buys_no_second_pack(low: Shopper) -> None:
    tops_up(low)
    StripeRequest.objects.filter(kind="topup").update(state="open", result_id="")
    CreditGrant.objects.all().delete()
    repeat.repeat_open(now=low.now + timedelta(minutes=3))
    assert left(low) == TEN
    charged = {it["key"] for it in low.stripe.requests
               if (it["method"], it["path"]) == ("POST", "/v1/payment_intents")}
    assert len(charged) == 1


def test_a_charge_whose_grant_was_not_written_is_granted_instead_of_repeated(low: Shopper) -> None:
    tops_up(low)
    CreditGrant.objects.all().delete()
    assert not tops_up(low)
    assert left(low) == TEN
    assert StripeRequest.objects.filter(kind="topup").count() == 1


def test_no_second_pack_is_wished_while_another_worker_writes_the_credit(low: Shopper) -> None:
    tops_up(low)
    CreditGrant.objects.all().delete()
    assert topup._wish(low.customer, card="pm_x", now=low.now) is None


def test_a_refused_card_is_told_and_after_three_times_it_is_off(
    low: Shopper, mailoutbox: list[Any]
) -> None:
    wishes(low, topups_per_day=9)
    low.stripe.card(low.customer.stripe_id or "", DECLINES_LATER)
    for _again in range(3):
        with pytest.raises(PaymentRefused, match="declined"):
            tops_up(low)
    assert low.customer.topup_pack is None
    assert not tops_up(low)
    assert len(mailoutbox) == 3
    assert "switched off" in mailoutbox[-1].body
    assert left(low) == 0


def test_without_a_saved_card_nothing_is_charged(mina: Shopper) -> None:
    services.portal_begin(customer=mina.customer, return_url="https://e.org", now=mina.now)
    wishes(mina)
    with pytest.raises(PaymentRefused, match="No card is saved"):
        tops_up(mina)


def test_who_bought_a_pack_in_won_is_charged_in_won(mina: Shopper) -> None:
    mina.buys_pack("small", currency="krw")
    mina.looks()
    wishes(mina, topup_below_nanos=from_usd("20"))
    assert tops_up(mina)
    assert StripeRequest.objects.get(kind="topup").params["call"]["amount"] == 14_000


def test_the_card_of_a_pack_is_kept_for_the_next_one(mina: Shopper) -> None:
    mina.buys_pack("small")
    mina.looks()
    wishes(mina, topup_below_nanos=from_usd("20"))
    assert tops_up(mina)
    assert left(mina) == 2 * TEN


def test_a_charge_that_nobody_heard_of_for_a_day_is_granted_instead_of_repeated(
    low: Shopper
) -> None:
    """Workers were away so long that Stripe forgot the key: it is asked what happened."""
    tops_up(low)
    StripeRequest.objects.filter(kind="topup").update(
        state="open", result_id="", created_at=low.now - timedelta(hours=25)
    )
    CreditGrant.objects.all().delete()
    assert not tops_up(low)
    assert left(low) == TEN
    assert StripeRequest.objects.filter(kind="topup").count() == 1


def test_who_was_charged_while_away_gets_a_receipt_once(
    low: Shopper, mailoutbox: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        tops_up(low)
        low.looks()
    told = [mail for mail in mailoutbox if mail.subject == "Paid: $10.00"]
    assert len(told) == 1
    assert "For: Credit for model calls: small" in told[0].body
    assert "invoice ." not in told[0].body


def test_who_switched_it_off_is_not_charged_by_what_a_crash_left_open(low: Shopper) -> None:
    row = topup._wish(low.customer, card="pm_x", now=low.now)
    assert row is not None
    Customer.objects.update(topup_pack=None)
    before = len(low.stripe.requests)
    repeat.repeat_open(now=low.now + timedelta(minutes=3))
    row.refresh_from_db()
    assert (row.state, row.note) == ("refused", requests.OVERTAKEN)
    assert not [it for it in low.stripe.requests[before:] if it["method"] == "POST"]

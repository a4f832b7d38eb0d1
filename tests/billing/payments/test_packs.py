"""Credit packs: granted when they are paid, once; taken back when the money goes back."""

from dataclasses import replace

import pytest

from accounts.models import AuditEvent
from billing import credits
from billing.models import CreditGrant, Customer, Invoice, StripeRequest
from billing.payments import mirror, services
from billing.payments.client import stripe_client
from billing.payments.fetching import fetch, saved_card
from costcontrol.lib.money import from_usd
from tests.billing.payments.conftest import BACK, Shopper, deliver, pack

TEN = from_usd("10")


@pytest.fixture
def credited(mina: Shopper) -> Shopper:
    """Mina, who has bought credit for ten dollars."""
    mina.buys_pack("small")
    deliver(mina.stripe)
    assert left(mina) == TEN
    return mina


def left(shopper: Shopper) -> int:
    return credits.balance(shopper.customer, now=shopper.now).left_nanos


def charge(shopper: Shopper) -> str:
    return CreditGrant.objects.get(customer=shopper.customer).charge_id


def test_a_pack_is_credit_when_it_is_paid_and_not_before(mina: Shopper) -> None:
    url = services.pack_begin(customer=mina.customer, pack=pack("small"), now=mina.now, **BACK)
    mina.looks()
    assert left(mina) == 0
    mina.stripe.pay(url)
    mina.looks()
    assert left(mina) == TEN


def test_a_pack_is_granted_once_however_often_we_look(credited: Shopper) -> None:
    credited.looks()
    deliver(credited.stripe)
    assert CreditGrant.objects.count() == 1
    grant = CreditGrant.objects.get()
    assert (grant.nanos, (grant.expires_at - credited.now).days) == (TEN, 365)
    assert grant.source.startswith("stripe:pi_")
    assert grant.charge_id.startswith("ch_")


def test_a_pack_has_an_invoice(credited: Shopper) -> None:
    assert Invoice.objects.get().paid_minor == 1_000


def test_a_pack_in_won(mina: Shopper) -> None:
    mina.buys_pack("large", currency="krw")
    mina.looks()
    assert left(mina) == from_usd("100")
    assert Invoice.objects.get().paid_minor == 125_000


def test_how_much_credit_it_is_stands_in_our_row_alone(mina: Shopper) -> None:
    """A payment that says it is for a request of somebody else, or of nobody, grants nothing."""
    mina.buys_pack("small")
    StripeRequest.objects.filter(kind="pack").update(kind="portal")
    mina.looks()
    assert left(mina) == 0


def test_another_amount_than_we_asked_for_grants_nothing(mina: Shopper) -> None:
    mina.buys_pack("small")
    row = StripeRequest.objects.get(kind="pack")
    row.params["grant"]["amount_minor"] = 99_900
    row.save()
    mina.looks()
    assert left(mina) == 0


def test_a_refund_takes_back_what_is_unused_and_freezes(credited: Shopper) -> None:
    stripe_client().v1.refunds.create({"charge": charge(credited)})
    deliver(credited.stripe)
    assert left(credited) == 0
    assert credited.customer.frozen_reason == f"full refund of {charge(credited)}"
    assert Invoice.objects.get().refunded_minor == 1_000


def test_a_partial_refund_takes_back_and_does_not_freeze(credited: Shopper) -> None:
    stripe_client().v1.refunds.create({"charge": charge(credited), "amount": 500})
    deliver(credited.stripe)
    assert left(credited) == 0
    assert credited.customer.frozen_at is None
    assert Invoice.objects.get().refunded_minor == 500


def test_a_dispute_takes_back_and_freezes_until_staff_has_looked(credited: Shopper) -> None:
    dispute = credited.stripe.dispute(charge(credited))
    deliver(credited.stripe)
    assert left(credited) == 0
    assert credited.customer.frozen_reason == f"dispute {dispute}"
    Customer.objects.update(frozen_at=None)  # staff has looked
    credited.looks()
    assert credited.customer.frozen_at is None
    assert AuditEvent.objects.filter(action="freeze").count() == 1


def test_a_dispute_that_we_win_unfreezes(credited: Shopper) -> None:
    dispute = credited.stripe.dispute(charge(credited))
    deliver(credited.stripe)
    credited.stripe.ask("dispute", dispute=dispute, won=True)
    deliver(credited.stripe)
    assert credited.customer.frozen_at is None


def test_a_dispute_that_we_lose_stays_frozen(credited: Shopper) -> None:
    dispute = credited.stripe.dispute(charge(credited))
    deliver(credited.stripe)
    credited.stripe.ask("dispute", dispute=dispute, won=False)
    deliver(credited.stripe)
    assert credited.customer.frozen_at is not None


def test_a_disputed_plan_stays_and_its_credit_is_frozen(premium: Shopper) -> None:
    premium.stripe.card(premium.customer.stripe_id or "", "4000000000000259")
    premium.stripe.advance(days=32)
    deliver(premium.stripe)
    assert premium.customer.frozen_reason.startswith("dispute ")
    assert premium.tier == "premium"


def test_a_refund_stays_written_when_its_payment_is_old(credited: Shopper) -> None:
    """Only the newest hundred payments are looked at; a payer of many packs has more."""
    stripe_client().v1.refunds.create({"charge": charge(credited)})
    credited.looks()
    facts = replace(fetch(credited.customer.stripe_id or ""), payments=())
    mirror.invoices_write(credited.customer, facts)
    assert Invoice.objects.get().refunded_minor == 1_000


def test_of_two_disputes_one_that_we_win_unfreezes_nobody(credited: Shopper) -> None:
    credited.buys_pack("medium")
    credited.looks()
    first, second = (credited.stripe.dispute(grant.charge_id)
                     for grant in CreditGrant.objects.order_by("pk"))
    credited.looks()
    credited.stripe.ask("dispute", dispute=first, won=True)
    credited.looks()
    assert credited.customer.frozen_at is not None
    assert credited.customer.frozen_reason == f"dispute {second}"
    credited.stripe.ask("dispute", dispute=second, won=True)
    credited.looks()
    assert credited.customer.frozen_at is None


def test_a_refund_of_a_payment_long_before_takes_back_too(credited: Shopper) -> None:
    """As of somebody whose packs buy themselves many times a day."""
    card = saved_card(credited.customer.stripe_id or "")
    for _again in range(101):
        stripe_client().v1.payment_intents.create({
            "amount": 100, "currency": "usd", "customer": credited.customer.stripe_id or "",
            "payment_method": card, "off_session": True, "confirm": True,
        })
    stripe_client().v1.refunds.create({"charge": charge(credited)})
    credited.looks()
    assert left(credited) == 0

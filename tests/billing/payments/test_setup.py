"""Our plans at Stripe, and what is done by hand."""

from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.services import tiers_load
from billing.models import PlanPrice
from billing.payments import setup
from billing.payments.client import stripe_client
from tests.billing.payments.conftest import Shopper
from tests.services.stripe import StripeFake


def test_everything_is_made_once(stripe: StripeFake) -> None:
    assert setup.setup() == setup.Made(products=0, prices=0)
    assert not PlanPrice.objects.filter(stripe_price_id="").exists()


def test_a_new_amount_is_a_new_price_and_old_subscriptions_keep_their_plan(
    premium: Shopper,
) -> None:
    old = PlanPrice.objects.get(lookup_key="premium_month_usd").stripe_price_id
    PlanPrice.objects.filter(lookup_key="premium_month_usd").update(amount_minor=2_500)
    assert setup.setup().prices == 1
    new = PlanPrice.objects.get(lookup_key="premium_month_usd").stripe_price_id
    assert new != old
    assert stripe_client().v1.prices.retrieve(new).unit_amount == 2_500
    premium.looks()
    assert premium.tier == "premium"
    assert premium.customer.subscriptions.get().price_id == old


def test_without_a_key_the_command_says_so(db: None, settings: Any) -> None:
    tiers_load()
    settings.STRIPE_SECRET_KEY = ""
    with pytest.raises(CommandError, match="not connected to Stripe"):
        call_command("stripe_setup")
    with pytest.raises(CommandError, match="not connected to Stripe"):
        call_command("stripe_sync")


def test_one_customer_is_looked_at_by_hand(mina: Shopper, capsys: Any) -> None:
    mina.buys("premium_month_usd")
    call_command("stripe_sync", mina.customer.stripe_id)
    assert "free before, premium now" in capsys.readouterr().out
    with pytest.raises(CommandError, match="No customer of ours"):
        call_command("stripe_sync", "cus_nobody")


def test_everybody_is_looked_at_by_hand(mina: Shopper, capsys: Any) -> None:
    mina.buys("premium_month_usd")
    call_command("stripe_sync")
    assert "Looked at 1 customers: 1 were not as we thought" in capsys.readouterr().out
    assert mina.tier == "premium"

"""What beat starts about payments: nothing without a key, and all of it with one."""

from typing import Any

import pytest

from billing import tasks
from billing.models import StripeEvent
from costcontrol.lib import clock
from tests.billing.payments.conftest import Shopper, post

TASKS = [
    tasks.stripe_events, tasks.stripe_repeat, tasks.stripe_grace, tasks.stripe_top_up,
    tasks.stripe_bill_overage, tasks.stripe_reconcile,
]


@pytest.mark.parametrize("task", TASKS, ids=lambda it: it.name.rpartition(".")[2])
def test_without_a_key_nothing_is_asked(mina: Shopper, settings: Any, task: Any) -> None:
    settings.STRIPE_SECRET_KEY = ""
    before = len(mina.stripe.requests)
    assert task() == 0
    assert len(mina.stripe.requests) == before


def test_what_stripe_told_us_is_worked_off(mina: Shopper) -> None:
    mina.buys("premium_month_usd")
    mina.stripe.deliver(post)
    with clock.at(mina.now):
        assert tasks.stripe_events() > 0
    assert not StripeEvent.objects.filter(state="pending").exists()
    assert mina.tier == "premium"


def test_differences_are_counted_and_missing_notices_fetched(mina: Shopper) -> None:
    mina.buys("premium_month_usd")
    with clock.at(mina.now):
        assert tasks.stripe_reconcile(everybody=True) == 1
        assert tasks.stripe_reconcile() == 0
    assert mina.tier == "premium"
    assert StripeEvent.objects.filter(state="pending").exists()

"""A plan is bought, raised, lowered, cancelled; what Stripe says is what somebody has."""

from tests.billing.payments.conftest import Shopper, deliver


def test_a_plan_is_active_when_the_page_comes_back(mina: Shopper) -> None:
    mina.buys("premium_month_usd")
    assert mina.tier == "free"
    mina.looks()
    assert mina.tier == "premium"


def test_a_plan_is_active_when_the_notice_was_worked_off(mina: Shopper) -> None:
    mina.buys("premium_month_usd")
    assert deliver(mina.stripe) > 0
    assert mina.tier == "premium"

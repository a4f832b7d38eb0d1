"""The prices of plans and packs that a new installation starts with."""

import pytest

from accounts.services import tiers_load
from billing.models import PackPrice, PlanPrice
from billing.plans import packs_load, plans_load

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def loaded() -> None:
    tiers_load()
    plans_load()
    packs_load()


def test_every_paid_plan_has_a_price_per_month_and_year_in_dollars_and_won() -> None:
    amounts = dict(PlanPrice.objects.values_list("lookup_key", "amount_minor"))
    assert amounts == {
        "premium_month_usd": 1_900, "premium_year_usd": 19_000,
        "premium_month_krw": 26_000, "premium_year_krw": 260_000,
        "enterprise_month_usd": 19_900, "enterprise_year_usd": 199_000,
        "enterprise_month_krw": 270_000, "enterprise_year_krw": 2_700_000,
    }


def test_every_pack_has_a_price_in_dollars_and_won() -> None:
    assert PackPrice.objects.filter(currency="usd").count() == 3
    assert PackPrice.objects.filter(currency="krw").count() == 3


def test_prices_that_somebody_edited_stay() -> None:
    PlanPrice.objects.filter(lookup_key="premium_month_usd").update(amount_minor=2_500)
    assert plans_load() == 0
    assert packs_load() == 0
    assert PlanPrice.objects.get(lookup_key="premium_month_usd").amount_minor == 2_500

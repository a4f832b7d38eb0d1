"""The price simulator as a page: its form, its sentences, and what it makes of bad input."""

import html
import re

import pytest
from django.http import HttpResponse

from accounts.models import Tier
from billing.models import PlanPrice
from tests.billing import paying
from tests.costcontrol.dashboard import rows
from tests.costcontrol.dashboard.conftest import Page

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql]
PAGE = "/dashboard/revenue/simulator/"
FORM = {"plan": "premium", "usd": "19", "krw": "26000", "quota": "50", "leave": "0", "join": "0"}


@pytest.fixture(autouse=True)
def a_plan_that_is_sold(alice: object) -> None:
    for currency, minor in (("usd", 1900), ("krw", 26_000)):
        PlanPrice.objects.create(
            tier_id="premium", lookup_key=f"premium_month_{currency}", currency=currency,
            amount_minor=minor,
        )
    paying.subscription(started_at=rows.NOW - 100 * paying.DAY)


def read(page: Page, **query: str) -> str:
    response: HttpResponse = page.get(PAGE, query)
    assert response.status_code == 200
    return " ".join(html.unescape(response.content.decode()).split())


def fields(said: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="number" id="(\w+)" name="\w+" value="([^"]*)"', said))


def test_it_begins_with_what_holds_now(page: Page) -> None:
    said = read(page)
    assert fields(said) == {"usd": "19.00", "krw": "26000", "quota": "50", "leave": "0",
                            "join": "0"}
    assert "the margin stays at" in said
    assert "Nothing is predicted" in said


def test_a_form_that_is_left_as_it_is_changes_nothing_for_who_pays_by_the_year(
    page: Page,
) -> None:
    paying.subscription(
        interval="year", amount_minor=19_000, started_at=rows.NOW - 100 * paying.DAY
    )
    assert "the margin stays at" in read(page, **FORM)
    assert "more." in read(page, **FORM | {"usd": "20"})


def test_another_price_is_an_estimate_in_words_and_numbers(page: Page) -> None:
    said = read(page, **FORM | {"usd": "29"})
    assert "Estimate: the margin would have been" in said
    assert "more." in said
    assert fields(said)["usd"] == "29.00"
    assert "less." in read(page, **FORM | {"leave": "100"})


def test_a_lower_quota_is_arithmetic_on_the_days_that_were_above_it(page: Page) -> None:
    paying.day("user:77", day=rows.NOW.date())
    said = read(page, **FORM | {"quota": "5"})
    assert "$0.50 more" in said
    assert "On a day with more than 5 debates" in said
    assert "Without a quota nobody has more debates" in read(page, **FORM | {"quota": ""})


@pytest.mark.parametrize(
    ("field", "text", "sentence"),
    [
        ("usd", "-1", "is no price in USD"),
        ("usd", "1e9", "is no price in USD"),
        ("usd", "NaN", "is no price in USD"),
        ("usd", "19.999", "is no price in USD"),
        ("krw", "26000.5", "is no price in KRW"),
        ("krw", "10000001", "write 0 to 10,000,000"),
        ("quota", "-3", "is no number of debates a day"),
        ("quota", "10001", "write 0 to 10,000"),
        ("quota", "٣", "is no number of debates a day"),
        ("leave", "101", "is no share of users"),
        ("join", "<script>alert(1)</script>", "is no share of users"),
        ("plan", "gold", "There is no plan “gold”"),
        ("plan", "free", "There is no plan “free”"),
    ],
)
def test_what_cannot_be_is_said_and_what_holds_now_is_used(
    page: Page, field: str, text: str, sentence: str
) -> None:
    response = page.get(PAGE, FORM | {field: text})
    assert "<script>alert" not in response.content.decode()
    said = read(page, **FORM | {field: text})
    assert sentence in said
    assert fields(said) == fields(read(page))


def test_without_a_plan_above_the_lowest_it_says_what_to_do(page: Page) -> None:
    Tier.objects.update(rank=0)
    assert "There is no plan that costs something" in read(page)


def test_it_asks_few_questions(page: Page) -> None:
    assert len(page.queries_of(PAGE, FORM)) <= 12

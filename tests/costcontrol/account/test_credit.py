"""Money beyond the plan: packs, a ceiling, packs that buy themselves; and bad input in each."""

import html
from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEvent, User
from billing.models import CreditPack, Customer
from tests.costcontrol.account import customers
from tests.costcontrol.account.customers import XSS, words
from tests.services.stripe import StripeFake

pytestmark = pytest.mark.django_db
PLANS, PACK = "/account/plans/", "/account/credit/pack/"
BEYOND, BY_ITSELF = "/account/credit/beyond/", "/account/credit/by-itself/"
DOLLAR = 10**9
BAD_AMOUNTS = (
    "", "-5", "0", "0.001", "1e400", "NaN", "Infinity", "99999999999", XSS, "\x00", "3,5,1"
)


@pytest.fixture
def bob(db: None) -> User:
    return customers.person()


@pytest.fixture
def browser(client: Client, bob: User) -> Client:
    client.force_login(bob)
    return client


@pytest.fixture
def has_card(browser: Client, bob: User, settings: Any) -> Customer:
    """Somebody with a saved card, where Stripe is set up; it is not asked in these tests."""
    settings.STRIPE_SECRET_KEY = "sk_test_nobody"
    return customers.customer(bob)


def said(response: Any) -> str:
    return words(html.unescape(response.content.decode()))


def test_a_pack_is_paid_at_stripe_and_there_when_the_reader_is_back(
    browser: Client, stripe: StripeFake
) -> None:
    begun = browser.post(PACK, {"pack": "small", "currency": "usd"})
    assert begun.status_code == 303, said(begun)
    paid = stripe.pay(begun["Location"])
    text = said(browser.get(paid.location.partition("http://testserver")[2]))
    assert "Your payment has arrived." in text
    assert "$10.00 left" in text


def test_until_it_is_paid_there_is_no_credit(browser: Client, stripe: StripeFake) -> None:
    browser.post(PACK, {"pack": "small", "currency": "usd"})
    assert "Credit none" in said(browser.get("/account/"))


@pytest.mark.parametrize(
    ("pack", "currency"),
    [("nothing", "usd"), ("", "usd"), ("small", "xxx"), ("small\x00", "eur"), (XSS, XSS)],
)
def test_an_unknown_pack_is_a_sentence(
    browser: Client, stripe: StripeFake, pack: str, currency: str
) -> None:
    response = browser.post(PACK, {"pack": pack, "currency": currency}, follow=True)
    assert "There is no credit pack of this name. Choose one of the list." in said(response)
    assert not stripe.requests[-1]["path"].endswith("/sessions")


def test_a_pack_that_is_not_offered_any_more_cannot_be_bought(
    browser: Client, stripe: StripeFake
) -> None:
    CreditPack.objects.filter(name="small").update(is_offered=False)
    response = browser.post(PACK, {"pack": "small", "currency": "usd"}, follow=True)
    assert "There is no credit pack of this name." in said(response)


# --- beyond the plan -----------------------------------------------------------------------------


def test_a_ceiling_is_set_shown_and_switched_off(browser: Client, has_card: Customer) -> None:
    response = browser.post(BEYOND, {"ceiling": "12.50", "agreed": "on"}, follow=True)
    assert "Use beyond the plan is on, up to $12.50 a month." in said(response)
    assert "A dollar of model costs is charged as $1.00." in said(response)
    has_card.refresh_from_db()
    assert has_card.overage_ceiling_nanos == 12_500_000_000
    event = AuditEvent.objects.get(action="overage_ceiling")
    assert event.actor == "bob@example.com"
    response = browser.post(BEYOND, {"off": "1"}, follow=True)
    assert "Use beyond the plan is off." in said(response)
    has_card.refresh_from_db()
    assert has_card.overage_ceiling_nanos is None


def test_without_a_tick_nothing_is_agreed_to(browser: Client, has_card: Customer) -> None:
    response = browser.post(BEYOND, {"ceiling": "12.50"})
    assert response.status_code == 400
    assert "Tick the box to agree to what it may cost." in said(response)
    assert 'value="12.50"' in response.content.decode()  # what was written is not lost
    has_card.refresh_from_db()
    assert has_card.overage_ceiling_nanos is None


@pytest.mark.parametrize("amount", BAD_AMOUNTS)
def test_a_bad_ceiling_is_a_sentence(browser: Client, has_card: Customer, amount: str) -> None:
    response = browser.post(BEYOND, {"ceiling": amount, "agreed": "on"})
    assert response.status_code == 400
    assert 'class="errors"' in response.content.decode()
    assert XSS not in response.content.decode()
    has_card.refresh_from_db()
    assert has_card.overage_ceiling_nanos is None


def test_more_than_the_operator_allows_is_refused(browser: Client, has_card: Customer) -> None:
    response = browser.post(BEYOND, {"ceiling": "5000", "agreed": "on"})
    assert response.status_code == 400
    assert "up to $1,000.00 a month" in said(response)
    assert 'value="5000"' in response.content.decode()


def test_without_a_card_nobody_runs_up_a_bill(browser: Client, has_card: Customer) -> None:
    Customer.objects.update(card="")
    for path, data in (
        (BEYOND, {"ceiling": "5", "agreed": "on"}),
        (BY_ITSELF, {"pack": "small", "below": "2", "per_day": "1"}),
    ):
        response = browser.post(path, data)
        assert response.status_code == 409
        assert "There is no card to charge yet." in said(response)


# --- packs that buy themselves -------------------------------------------------------------------


def test_packs_buy_themselves_below_an_amount(browser: Client, has_card: Customer) -> None:
    data = {"pack": "medium", "below": "3.50", "per_day": "2"}
    assert "Saved." in said(browser.post(BY_ITSELF, data, follow=True))
    has_card.refresh_from_db()
    assert (has_card.topup_pack_id, has_card.topup_below_nanos, has_card.topups_per_day) == (
        "medium", 3_500_000_000, 2
    )
    page = browser.get(PLANS).content.decode()
    assert 'value="3.50"' in page
    assert '<option value="medium" selected>' in page
    browser.post(BY_ITSELF, {"off": "1"})
    has_card.refresh_from_db()
    assert has_card.topup_pack_id is None
    assert AuditEvent.objects.filter(action="topup_set").count() == 2


@pytest.mark.parametrize(
    "bad",
    [
        *({"below": amount} for amount in BAD_AMOUNTS),
        {"pack": "nothing"}, {"pack": ""}, {"per_day": "0"}, {"per_day": "11"},
        {"per_day": "-1"}, {"per_day": "99999999999999999999"}, {"per_day": XSS},
    ],
)
def test_bad_wishes_for_packs_are_sentences(
    browser: Client, has_card: Customer, bad: dict[str, str]
) -> None:
    response = browser.post(BY_ITSELF, {"pack": "small", "below": "2", "per_day": "1"} | bad)
    assert response.status_code == 400
    assert 'class="errors"' in response.content.decode()
    has_card.refresh_from_db()
    assert has_card.topup_pack_id is None

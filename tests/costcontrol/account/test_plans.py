"""Plans: side by side, bought, changed, cancelled, taken back; and everything that can go wrong."""

import html
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from billing.models import Customer, PlanPrice
from costcontrol.lib import clock
from tests.costcontrol.account import customers
from tests.costcontrol.account.customers import NOW, XSS, read, words
from tests.services.stripe import StripeFake

pytestmark = pytest.mark.django_db
MOST_QUERIES = 17  # as the usage page, and prices, packs, what was subscribed before
PLANS = "/account/plans/"
ASKS_BANK = "4000002500003155"
OFF = (
    "this server is not connected to Stripe",
    "Payments are not set up on this server; all else works.",
)


@pytest.fixture
def bob(db: None) -> User:
    return customers.person()


@pytest.fixture
def browser(client: Client, bob: User) -> Client:
    client.force_login(bob)
    return client


def said(response: Any) -> str:
    return words(html.unescape(response.content.decode()))


def press(client: Client, path: str, **data: str) -> HttpResponse:
    return client.post(path, data)


def after(client: Client, response: Any) -> str:
    """What the page says that somebody is led to."""
    assert response.status_code == 303, response.content
    return said(client.get(response["Location"]))


def buy(client: Client, fake: StripeFake, key: str, *, card: str = "4242424242424242") -> str:
    """From the button to the way back: where that leads."""
    begun = press(client, f"{PLANS}{key}/")
    assert begun.status_code == 303, said(begun)
    assert begun["Location"].startswith(fake.url)
    paid = fake.pay(begun["Location"], card)
    assert "/account/?checkout=" in paid.location
    return paid.location.partition("http://testserver")[2]


# --- side by side --------------------------------------------------------------------------------


def test_three_plans_say_in_words_what_they_include(browser: Client) -> None:
    text = said(browser.get(PLANS))
    assert "Free your plan $0.00" in text
    assert "Premium $19.00 a month ✓" not in text  # the ticks are drawn, not said
    assert "Premium $19.00 a month 50 debates a day" in text
    assert "Enterprise $199.00 a month As many debates as you like" in text
    assert "Answers from local models, and from the best cloud models where it matters" in text


@pytest.mark.parametrize(
    ("language", "query", "price"),
    [
        ("en", {}, "$19.00"),
        ("ko", {}, "₩26,000"),
        ("ko", {"currency": "usd"}, "$19.00"),
        ("en", {"currency": "KRW"}, "₩26,000"),
        ("en", {"currency": "krw", "interval": "year"}, "₩260,000"),
        ("en", {"currency": "xxx", "interval": "week"}, "$19.00"),
        ("en", {"currency": XSS, "interval": "\x00"}, "$19.00"),
    ],
)
def test_prices_are_in_the_currency_of_the_language_or_the_one_asked_for(
    browser: Client, language: str, query: dict[str, str], price: str
) -> None:
    response = browser.get(PLANS, query, headers={"Accept-Language": language})
    assert price in response.content.decode()
    assert XSS not in response.content.decode()


def test_who_is_billed_in_one_currency_sees_that_one(client: Client) -> None:
    bob, row = customers.paying(currency="krw", amount_minor=26_000)
    Customer.objects.filter(pk=row.pk).update(currency="krw")
    text = words(read(client, bob, PLANS, currency="usd"))
    assert "You are billed in KRW; that stays so." in text
    assert "₩26,000" in text
    assert "$19.00" not in text


def test_without_stripe_prices_are_shown_and_nothing_can_be_bought(browser: Client) -> None:
    text = said(browser.get(PLANS))
    assert "Payments are not set up on this server" in text
    assert "Get Premium" not in text


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("post", f"{PLANS}premium_month_usd/"), ("post", f"{PLANS}cancel/"),
        ("post", f"{PLANS}resume/"), ("post", "/account/card/"), ("post", "/account/credit/pack/"),
        ("post", "/account/credit/beyond/"), ("post", "/account/credit/by-itself/"),
    ],
)
def test_without_stripe_every_button_says_why_and_changes_nothing(
    browser: Client, method: str, path: str
) -> None:
    data = {
        "pack": "small", "currency": "usd", "ceiling": "5", "agreed": "on", "below": "1",
        "per_day": "1",
    }
    response = getattr(browser, method)(path, data, follow=True)
    text = said(response)
    assert any(reason in text for reason in OFF), text
    row = Customer.objects.first()
    assert row is None or (row.overage_ceiling_nanos is None and row.topup_pack is None)


def test_the_page_is_few_queries(client: Client) -> None:
    bob, _row = customers.paying()
    client.force_login(bob)
    client.get(PLANS)
    with CaptureQueriesContext(connection) as seen:
        client.get(PLANS)
    assert len(seen) <= MOST_QUERIES, [each["sql"][:100] for each in seen.captured_queries]


# --- roles ---------------------------------------------------------------------------------------


def test_a_member_sees_the_plans_without_a_button(client: Client, bob: User) -> None:
    customers.member(bob, role="member")
    response = read(client, bob, PLANS)
    assert "Owners of your organisation, and who looks after its bills" in response
    assert "<form" not in response.partition("<main")[2]


@pytest.mark.parametrize(
    "path",
    [
        f"{PLANS}premium_month_usd/", f"{PLANS}cancel/", f"{PLANS}resume/", "/account/card/",
        "/account/credit/pack/", "/account/credit/beyond/", "/account/credit/by-itself/",
    ],
)
def test_a_member_can_change_nothing(client: Client, bob: User, path: str) -> None:
    customers.member(bob, role="member")
    client.force_login(bob)
    assert client.post(path).status_code == 403
    client.logout()
    assert client.post(path).status_code == 302


# --- bought --------------------------------------------------------------------------------------


def test_a_plan_is_active_when_the_reader_comes_back(browser: Client, stripe: StripeFake) -> None:
    assert "Get Premium" in said(browser.get(PLANS))
    page = said(browser.get(f"{PLANS}premium_month_usd/"))
    assert "The next page belongs to Stripe." in page
    assert "5 debates a day 50 debates a day" in page
    text = said(browser.get(buy(browser, stripe, "premium_month_usd")))
    assert "Your payment has arrived." in text
    assert "Your plan active Premium $19.00 a month" in text


def test_the_payment_may_take_longer_and_the_page_says_so(
    browser: Client, stripe: StripeFake
) -> None:
    begun = press(browser, f"{PLANS}premium_month_usd/")
    session = begun["Location"].rstrip("/").rpartition("/")[2].partition("?")[0].partition("#")[0]
    response = browser.get("/account/", {"checkout": session})
    assert "We are confirming your payment." in said(response)
    assert "Look again" in said(response)
    assert f"/account/confirming/?checkout={session}&amp;tries=1" in response.content.decode()
    part = browser.get("/account/confirming/", {"checkout": session, "tries": "20"})
    assert "It takes longer than usual." in said(part)
    assert "hx-get" not in part.content.decode()
    stripe.pay(begun["Location"])
    done = browser.get(
        "/account/confirming/", {"checkout": session}, headers={"HX-Request": "true"}
    )
    assert done.status_code == 204
    assert done["HX-Redirect"] == f"/account/?checkout={session}"


def test_two_presses_are_one_checkout(browser: Client, stripe: StripeFake) -> None:
    first, second = (press(browser, f"{PLANS}premium_month_usd/")["Location"] for _ in range(2))
    assert first == second


def test_a_trial_is_said_before(browser: Client, stripe: StripeFake) -> None:
    PlanPrice.objects.filter(lookup_key="premium_month_usd").update(trial_days=14)
    assert "The first 14 days are free." in said(browser.get(PLANS))
    assert "The first 14 days are free Then $19.00 a month, unless you cancel before." in said(
        browser.get(f"{PLANS}premium_month_usd/")
    )


# --- changed -------------------------------------------------------------------------------------


def test_an_upgrade_says_what_it_costs_and_happens_at_once(
    browser: Client, stripe: StripeFake
) -> None:
    browser.get(buy(browser, stripe, "premium_month_usd"))
    page = said(browser.get(f"{PLANS}enterprise_month_usd/"))
    assert "$180.00 now" in page  # 199 - 19: the period has just begun
    assert "Charged now $180.00" in page
    assert "Pay $180.00 and start now" in page
    text = after(browser, press(browser, f"{PLANS}enterprise_month_usd/"))
    assert "Done. You have Enterprise now." in text
    assert "Your plan active Enterprise $199.00 a month" in text


def test_a_downgrade_waits_says_so_and_can_be_taken_back(
    browser: Client, stripe: StripeFake
) -> None:
    browser.get(buy(browser, stripe, "enterprise_month_usd"))
    page = said(browser.get(f"{PLANS}premium_month_usd/"))
    assert "Nothing now You keep what you have until" in page
    assert "As many debates as you like 50 debates a day" in page
    text = after(browser, press(browser, f"{PLANS}premium_month_usd/"))
    assert "Noted. Premium begins with your next period" in text
    assert "it becomes Premium." in text
    assert "Next invoice $19.00" in text
    assert "Keep Enterprise" in said(browser.get(PLANS))
    text = after(browser, press(browser, f"{PLANS}resume/"))
    assert "Undone. Your plan goes on as it is." in text
    assert "Next invoice $199.00" in text


def test_a_cancelled_plan_stays_until_the_end_and_can_be_kept(
    browser: Client, stripe: StripeFake
) -> None:
    browser.get(buy(browser, stripe, "premium_month_usd"))
    page = said(browser.get(f"{PLANS}cancel/"))
    assert "Cancel Premium? It stays until" in page
    assert "50 debates a day 5 debates a day" in page
    text = after(browser, press(browser, f"{PLANS}cancel/"))
    assert "you can undo this until then" in text
    assert "There is nothing to pay." in text
    twice = after(browser, press(browser, f"{PLANS}cancel/"))
    assert "Your plan is cancelled already" in twice
    assert "Renews on" in after(browser, press(browser, f"{PLANS}resume/"))
    assert "There is no change that could be taken back" in after(
        browser, press(browser, f"{PLANS}resume/")
    )


def test_nothing_can_be_changed_while_a_payment_is_missing(
    browser: Client, bob: User, stripe: StripeFake
) -> None:
    browser.get(buy(browser, stripe, "premium_month_usd"))
    stripe.card(Customer.objects.get(user=bob).stripe_id or "", "4000000000000341")
    now = stripe.advance(days=31)
    with clock.at(now):
        response = press(browser, f"{PLANS}enterprise_month_usd/")
        assert response.status_code == 402
        text = said(response)
        assert "Pay the open invoice first" in text
        assert "Nothing was changed and nothing was charged." in text
        assert "Your last payment failed." in said(browser.get("/account/"))


def test_the_bank_may_want_to_be_asked_about_an_upgrade(
    browser: Client, bob: User, stripe: StripeFake
) -> None:
    browser.get(buy(browser, stripe, "premium_month_usd"))
    stripe.card(Customer.objects.get(user=bob).stripe_id or "", ASKS_BANK)
    response = press(browser, f"{PLANS}enterprise_month_usd/")
    assert response.status_code == 303
    assert response["Location"].startswith(stripe.url)
    text = said(browser.get("/account/"))
    assert "Your plan active Premium" in text  # until the bank has said yes
    assert "A payment waits for you. $180.00 could not be charged." in text
    assert "Confirm the payment" in text


def test_the_portal_is_at_stripe(browser: Client, stripe: StripeFake) -> None:
    browser.get(buy(browser, stripe, "premium_month_usd"))
    response = press(browser, "/account/card/")
    assert response.status_code == 303
    assert response["Location"].startswith(stripe.url)


# --- bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["nothing", "x" * 2000, "%00", "' OR 1=1 --", "%3Cscript%3E"])
def test_an_unknown_plan_is_not_found(browser: Client, key: str) -> None:
    for response in (browser.get(f"{PLANS}{key}/"), press(browser, f"{PLANS}{key}/")):
        assert response.status_code == 404


def test_a_plan_that_is_not_offered_any_more_is_not_found(browser: Client) -> None:
    PlanPrice.objects.filter(lookup_key="premium_month_usd").update(is_offered=False)
    assert browser.get(f"{PLANS}premium_month_usd/").status_code == 404


def test_a_plan_of_another_currency_is_refused_in_a_sentence(
    browser: Client, stripe: StripeFake
) -> None:
    browser.get(buy(browser, stripe, "premium_month_usd"))
    for ask in (browser.get, browser.post):
        response = ask(f"{PLANS}enterprise_month_krw/")
        assert response.status_code == 400
        assert "You are billed in USD, and that cannot change; this price is in KRW." in said(
            response
        )
        assert "and start now" not in said(response)


def test_the_plan_one_has_is_no_change(browser: Client, stripe: StripeFake) -> None:
    browser.get(buy(browser, stripe, "premium_month_usd"))
    response = press(browser, f"{PLANS}premium_month_usd/")
    assert response.status_code == 409
    assert "You have this plan already." in said(response)


def test_nothing_can_be_cancelled_that_was_never_bought(
    browser: Client, stripe: StripeFake
) -> None:
    assert browser.get(f"{PLANS}cancel/").status_code == 303
    assert "You have no plan that could be cancelled." in after(
        browser, press(browser, f"{PLANS}cancel/")
    )


def test_a_form_from_elsewhere_is_refused(bob: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(bob)
    assert strict.post(f"{PLANS}premium_month_usd/").status_code == 403


def test_buttons_are_not_links(browser: Client) -> None:
    for path in (f"{PLANS}resume/", "/account/card/", "/account/credit/pack/"):
        assert browser.get(path).status_code == 405


def test_somebody_else_s_plan_cannot_be_cancelled(client: Client, stripe: StripeFake) -> None:
    eve, row = customers.paying("eve@example.com")
    assert eve.pk
    client.force_login(customers.person("mallory@example.com"))
    press(client, f"{PLANS}cancel/", customer=str(row.pk))
    assert not row.subscriptions.get().is_ending


def test_after_the_days_of_grace_the_plan_is_paused(client: Client) -> None:
    bob, _row = customers.paying(status="past_due", past_due_since=NOW - timedelta(days=90))
    text = read(client, bob, PLANS)
    assert "Premium is paused, because it was not paid." in text
    assert "stays until" not in text

"""A stranger becomes a paying customer, in a real browser, with a Stripe to click through: sign up,
confirm the address from the email, pay by card, be premium when the page comes back, take a bigger
plan, go down again, take that back, cancel. By phone in Korean; by keyboard alone in English.

With SCREENS=1 each step is kept as a picture:
artifacts/screens/upgrade-<step>-<language>-<width>.png
"""

import email
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import policy
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import override_settings
from playwright.sync_api import Browser, Page, expect
from pytest_django.plugin import DjangoDbBlocker

from accounts.models import User
from billing.models import StripeEvent, Subscription
from tests.browser import picture
from tests.browser.test_pages import LANGUAGES, SCREENS, WIDTHS
from tests.browser.watch import watched
from tests.flows.rows import connected_to, name_of, new_database
from tests.flows.server import Gateway
from tests.services.stripe import KEY, StripeFake, running_stripe

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PASSWORD = "correct horse battery"
SECRET = "whsec_fake"
CURRENCIES = {"ko": "krw", "en": "usd"}
MOST_TABS = 80


@dataclass(frozen=True)
class Shop:
    """The product with plans to buy, where its emails go, and the Stripe behind it."""

    url: str
    mails: Path
    stripe: StripeFake

    def link_for(self, address: str, name: str) -> str:
        """The link of this kind in an email to this address."""
        for mail in self.mails.iterdir():
            text = _text_of(mail.read_bytes(), address)
            if found := re.search(rf"http://\S+/{name}/\S+", text):
                return found[0]
        raise AssertionError(f"no email to {address} with a link to {name}")


def _text_of(mail: bytes, address: str) -> str:
    message = email.message_from_bytes(mail, policy=policy.default)
    body = message.get_body(("plain",)) if address in str(message["To"]) else None
    return str(body.get_content()) if body else ""


@pytest.fixture(scope="module")
def shop(
    tmp_path_factory: pytest.TempPathFactory, django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("shop")
    SCREENS.mkdir(parents=True, exist_ok=True)
    with (
        django_db_blocker.unblock(), running_stripe() as stripe, new_database(folder) as url,
        connected_to(name_of(url)),
    ):
        pay = {"STRIPE_SECRET_KEY": KEY, "STRIPE_API_BASE": stripe.url}
        call_command("load_defaults", verbosity=0)
        with override_settings(**pay):
            call_command("stripe_setup", verbosity=0)
        server = Gateway(
            folder, DATABASE_URL=url, REDIS_URL=settings.REDIS_URL, **pay,
            STRIPE_WEBHOOK_SECRET=SECRET, EMAIL_URL=f"filemail:///{folder / 'mails'}",
        )
        try:
            server.wait_until_ready()
            stripe.settings(webhook=f"{server.url}/webhooks/stripe/", secret=SECRET)
            yield Shop(server.url, folder / "mails", stripe)
        finally:
            server.stop()


class Visitor:
    """Somebody at a page: with a finger, or with nothing but the keyboard."""

    def __init__(self, page: Page, shop: Shop, *, language: str, width: int) -> None:
        self.page, self.shop = page, shop
        self.language, self.width = language, width
        self.has_keys_only = width > 1000
        self.currency = CURRENCIES[language]
        self.address = f"new-{language}-{width}@example.com"

    def press(self, selector: str) -> None:
        with self.page.expect_navigation():
            if self.has_keys_only:
                self._reach(selector)
                self.page.keyboard.press("Enter")
            else:
                self.page.locator(selector).first.click()

    def write(self, selector: str, text: str) -> None:
        if not self.has_keys_only:
            self.page.locator(selector).fill(text)
            return
        self._reach(selector)
        self.page.keyboard.type(text)

    def _reach(self, selector: str) -> None:
        """With the tab key, as far as it takes."""
        for _ in range(MOST_TABS):
            self.page.keyboard.press("Tab")
            if self.page.evaluate("wanted => document.activeElement.matches(wanted)", selector):
                return
        raise AssertionError(f"{selector} cannot be reached with the tab key at {self.page.url}")

    def keep(self, step: str) -> None:
        if picture.is_wanted():
            name = f"upgrade-{step}-{self.language}-{self.width}.png"
            picture.whole_page(self.page, SCREENS / name)

    # --- steps of the way ---

    def sign_up(self) -> None:
        self.page.goto(f"{self.shop.url}/signup/")
        self.write("input[name=email]", self.address)
        self.write("input[name=password1]", PASSWORD)
        self.keep("1-sign-up")
        self.press("main form.form button")
        self.page.wait_for_url("**/confirm-email/")
        self.keep("2-look-into-your-mailbox")

    def confirm(self) -> None:
        self.page.goto(self.shop.link_for(self.address, "confirm-email"))
        self.press("main form.form button")

    def choose(self, tier: str) -> None:
        """From the plans to the page that says what it would cost."""
        self.page.goto(f"{self.shop.url}/account/plans/")
        self.keep(f"3-plans-before-{tier}")
        self.press(f"a[href='/account/plans/{tier}_month_{self.currency}/']")
        self.keep(f"4-agree-to-{tier}")

    def agree(self) -> None:
        self.press("main div.row form button")

    @property
    def tier(self) -> str:
        return User.objects.get(email=self.address).tier_id

    @property
    def subscription(self) -> Subscription:
        return Subscription.objects.get(customer__user__email=self.address)


@pytest.mark.parametrize(("language", "width"), [("ko", 390), ("en", 1440)])
def test_from_sign_up_to_cancellation(
    browser: Browser, shop: Shop, language: str, width: int
) -> None:
    with watched(browser, locale=LANGUAGES[language], **WIDTHS[width]) as seen:
        visitor = Visitor(seen.page, shop, language=language, width=width)
        visitor.sign_up()
        visitor.confirm()
        buys_premium(visitor)
        takes_more(visitor)
        takes_less_and_thinks_again(visitor)
        cancels(visitor)
    assert seen.complaints == []
    assert {sent["status"] for sent in shop.stripe.deliver()} == {200}
    assert StripeEvent.objects.filter(type="customer.subscription.updated").exists()


def buys_premium(visitor: Visitor) -> None:
    page = visitor.page
    assert visitor.tier == "free"
    visitor.choose("premium")
    visitor.agree()
    page.wait_for_url(f"{visitor.shop.stripe.url}/checkout/*")
    expect(page.locator("html")).to_have_attribute("lang", visitor.language)
    visitor.keep("5-checkout")
    visitor.press("button[value=pay]")
    page.wait_for_url("**/account/?checkout=*")
    expect(page.locator("html")).to_have_attribute("lang", visitor.language)
    expect(page.locator("#confirming[data-tone=ok]")).to_be_visible()
    visitor.keep("6-premium")
    assert visitor.tier == "premium"
    assert visitor.subscription.currency == visitor.currency


def takes_more(visitor: Visitor) -> None:
    visitor.choose("enterprise")
    visitor.agree()
    visitor.page.wait_for_url("**/account/")
    visitor.keep("7-enterprise")
    assert visitor.tier == "enterprise"


def takes_less_and_thinks_again(visitor: Visitor) -> None:
    visitor.choose("premium")
    visitor.agree()
    visitor.page.wait_for_url("**/account/")
    visitor.keep("8-premium-later")
    assert (visitor.tier, visitor.subscription.next_tier_id) == ("enterprise", "premium")
    visitor.page.goto(f"{visitor.shop.url}/account/plans/")
    visitor.press("form[action='/account/plans/resume/'] button")
    visitor.keep("9-undone")
    assert visitor.subscription.next_tier_id is None


def cancels(visitor: Visitor) -> None:
    visitor.page.goto(f"{visitor.shop.url}/account/plans/")
    visitor.press("a[href='/account/plans/cancel/']")
    visitor.keep("10-cancel")
    visitor.agree()
    visitor.page.wait_for_url("**/account/")
    visitor.keep("11-cancelled")
    assert visitor.subscription.is_ending
    assert visitor.tier == "enterprise"  # which is paid for until the period ends


def test_without_scripts_the_payment_page_is_reached(browser: Browser, shop: Shop) -> None:
    options: dict[str, Any] = {"java_script_enabled": False, "locale": "en-US", **WIDTHS[390]}
    with watched(browser, **options) as seen:
        visitor = Visitor(seen.page, shop, language="en", width=390)
        visitor.sign_up()
        visitor.confirm()
        visitor.choose("premium")
        visitor.agree()
        seen.page.wait_for_url(f"{shop.stripe.url}/checkout/*")
        visitor.keep("5-checkout")
    assert seen.complaints == []

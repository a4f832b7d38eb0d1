"""Emails about money: once, to who pays, in their language and zone."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.core import mail
from pytest_django import Settings

from accounts.models import Member, Organisation, User
from accounts.services import tiers_load
from billing.models import Customer, SentNotice
from billing.notices import KINDS, message, notice_send, readers
from tests.billing.books import NOW

pytestmark = pytest.mark.django_db
LATER = datetime(2026, 12, 1, 0, 30, tzinfo=UTC)
CONTEXTS: dict[str, dict[str, Any]] = {
    "receipt": {"number": "A-7", "subject": "Premium", "currency": "krw", "amount_minor": 29000,
                "page_url": "https://pay.test/i", "pdf_url": "https://pay.test/i.pdf"},
    "payment_failed": {"number": "A-7", "currency": "usd", "amount_minor": 1999,
                       "page_url": "https://pay.test/i", "grace_until": LATER,
                       "next_try_at": LATER},
    "payment_action": {"currency": "usd", "amount_minor": 1999, "page_url": "https://pay.test/i"},
    "trial_ending": {"plan": "Premium", "trial_end": LATER, "currency": "usd",
                     "amount_minor": 1999, "interval": "month"},
    "subscription_ended": {"plan": "Premium", "ended_at": LATER},
    "quota": {"percent": 80, "limit_name": "Debates a day", "used": "4", "limit": "5",
              "resets_at": LATER, "is_full": False},
    "credit_low": {"left_nanos": 1_500_000_000, "below_nanos": 2_000_000_000},
    "overage": {"percent": 100, "spent_nanos": 10**10, "ceiling_nanos": 10**10, "is_full": True,
                "period_end": LATER},
    "topup_failed": {"why": "Your card was declined.", "is_off": True, "currency": "usd",
                     "amount_minor": 1000},
}


@pytest.fixture(autouse=True)
def tiers() -> None:
    tiers_load()


@pytest.fixture
def alice() -> User:
    return User.objects.create_user("alice@example.com")


def customer_of(user: User) -> Customer:
    return Customer.objects.create(user=user)


def send(customer: Customer, kind: str = "credit_low", about: str = "x") -> bool:
    return notice_send(
        customer=customer, kind=kind, about=about, context=CONTEXTS[kind], now=NOW
    )


def test_the_same_notice_goes_once(alice: User) -> None:
    customer = customer_of(alice)
    assert [send(customer), send(customer), send(customer, about="y")] == [True, False, True]
    assert [m.to for m in mail.outbox] == [["alice@example.com"]] * 2


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_says_in_text_and_html_what_happened_and_where_to_go(
    kind: str, alice: User, settings: Settings
) -> None:
    settings.SITE_URL = "https://costs.test"
    made = message(kind, alice, CONTEXTS[kind])
    html, type_ = made.alternatives[0]
    assert type_ == "text/html"
    for text in (made.subject + str(made.body), str(html)):
        assert "https://" in text
        assert not {"None", "{{", "{%"} & set(text.split())
    assert len(made.subject.splitlines()) == 1
    assert "https://costs.test/account/" in str(made.body)


def test_amounts_are_those_of_the_currency(alice: User) -> None:
    assert "₩29,000" in message("receipt", alice, CONTEXTS["receipt"]).subject
    assert "$19.99" in message("payment_failed", alice, CONTEXTS["payment_failed"]).subject
    assert "$1.50" in message("credit_low", alice, CONTEXTS["credit_low"]).subject


def test_dates_are_in_the_zone_of_the_reader(alice: User) -> None:
    """Half past midnight in London: the evening before in New York, the morning in Seoul."""
    alice.zone = "America/New_York"
    assert "Nov. 30, 2026" in message("trial_ending", alice, CONTEXTS["trial_ending"]).subject
    alice.zone = ""
    seoul = str(message("trial_ending", alice, CONTEXTS["trial_ending"]).body)
    assert "Dec. 1, 2026, 9:30 a.m." in seoul
    assert "Asia/Seoul" in seoul


def test_what_a_customer_typed_is_no_markup(alice: User) -> None:
    context = CONTEXTS["subscription_ended"] | {"plan": "<b>x</b>"}
    made = message("subscription_ended", alice, context)
    assert "<b>x</b>" in made.subject
    assert "<b>x</b>" not in str(made.alternatives[0][0])


def test_an_organisation_is_written_to_through_who_pays() -> None:
    team = Organisation.objects.create(name="Team")
    for name, role in (("owner", "owner"), ("billing", "billing"), ("member", "member")):
        user = User.objects.create_user(f"{name}@example.com")
        Member.objects.create(organisation=team, user=user, role=role)
    gone = User.objects.create_user("gone@example.com", is_active=False)
    Member.objects.create(organisation=team, user=gone, role="owner")
    customer = Customer.objects.create(organisation=team)
    assert [user.email for user in readers(customer)] == [
        "owner@example.com", "billing@example.com"
    ]
    assert send(customer)
    assert [m.to for m in mail.outbox] == [["owner@example.com"], ["billing@example.com"]]


def test_nobody_is_written_to_about_a_deleted_account() -> None:
    customer = Customer.objects.create()
    assert not send(customer)
    assert not SentNotice.objects.exists()


def test_what_the_mail_server_did_not_take_is_sent_by_the_next_look(
    alice: User, settings: Settings
) -> None:
    customer = customer_of(alice)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9  # the discard port: refused at once
    with pytest.raises(OSError, match="refused"):
        send(customer)
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert send(customer)
    assert len(mail.outbox) == 1


def test_a_kind_that_does_not_exist_is_a_mistake_of_ours(alice: User) -> None:
    with pytest.raises(ValueError, match="no kind of notice"):
        notice_send(customer=customer_of(alice), kind="hello", about="x", context={}, now=NOW)

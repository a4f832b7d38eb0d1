"""Alerts: what is sent anyway, and wishes of one's own."""

import html
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from billing import customer_settings
from billing.models import Customer, SpendingAlert
from tests.costcontrol.account import customers
from tests.costcontrol.account.customers import XSS, read, words

pytestmark = pytest.mark.django_db
ALERTS = "/account/alerts/"


@pytest.fixture
def bob(db: None) -> User:
    return customers.person()


@pytest.fixture
def browser(client: Client, bob: User) -> Client:
    client.force_login(bob)
    return client


def said(response: Any) -> str:
    return words(html.unescape(response.content.decode()))


def test_it_says_what_is_sent_anyway_and_to_whom(browser: Client) -> None:
    text = said(browser.get(ALERTS))
    assert "Emails go to bob@example.com, each once." in text
    assert "80% and 100% of a daily limit are used" in text
    assert "None yet." in text


@pytest.mark.parametrize(
    ("kind", "given", "stored", "sentence"),
    [
        ("quota_percent", "50", 50, "50% of a daily limit are used"),
        ("credit_below", "2.50", 2_500_000_000, "Less than $2.50 of credit is left"),
        ("overage_percent", "90", 90, "90% of the ceiling beyond the plan are used"),
    ],
)
def test_an_alert_is_added_and_removed(
    browser: Client, kind: str, given: str, stored: int, sentence: str
) -> None:
    response = browser.post(ALERTS, {"kind": kind, "threshold": given}, follow=True)
    assert sentence in said(response)
    row = SpendingAlert.objects.get()
    assert (row.kind, row.threshold, row.customer.user.email) == (kind, stored, "bob@example.com")
    response = browser.post(f"{ALERTS}{row.pk}/remove/", follow=True)
    assert "Removed." in said(response)
    assert not SpendingAlert.objects.exists()


def test_the_same_wish_twice_is_one(browser: Client) -> None:
    for _again in range(2):
        browser.post(ALERTS, {"kind": "quota_percent", "threshold": "50"})
    assert SpendingAlert.objects.count() == 1


@pytest.mark.parametrize("kind", ["quota_percent", "credit_below", "overage_percent"])
@pytest.mark.parametrize(
    "given", ["", "0", "-5", "1e400", "NaN", "Infinity", "999999999999", "0.001", XSS, "\x00"]
)
def test_bad_thresholds_are_sentences_and_nothing_is_lost(
    browser: Client, kind: str, given: str
) -> None:
    response = browser.post(ALERTS, {"kind": kind, "threshold": given})
    assert response.status_code == 400
    page = response.content.decode()
    assert 'class="errors"' in page
    assert f'<option value="{kind}" selected>' in page
    assert XSS not in page
    assert not SpendingAlert.objects.exists()


@pytest.mark.parametrize("given", ["50.5", "101", "100.01"])
def test_percent_are_whole_and_at_most_a_hundred(browser: Client, given: str) -> None:
    response = browser.post(ALERTS, {"kind": "quota_percent", "threshold": given})
    assert "Percent are whole numbers from 1 to 100." in said(response)


@pytest.mark.parametrize("kind", ["", "nothing", XSS])
def test_an_unknown_kind_is_refused(browser: Client, kind: str) -> None:
    assert browser.post(ALERTS, {"kind": kind, "threshold": "50"}).status_code == 400


def test_there_is_an_end_to_wishes(browser: Client) -> None:
    for number in range(customer_settings.MOST_ALERTS):
        browser.post(ALERTS, {"kind": "quota_percent", "threshold": str(number + 1)})
    response = browser.post(ALERTS, {"kind": "quota_percent", "threshold": "99"})
    assert response.status_code == 409
    assert "There are 20 alerts already. Remove one first." in said(response)
    assert 'value="99"' in response.content.decode()


def test_nobody_removes_another_s_alert(browser: Client) -> None:
    eve = customers.customer(customers.person("eve@example.com"))
    row = customer_settings.alert_add(customer=eve, kind="quota_percent", threshold=50)
    response = browser.post(f"{ALERTS}{row.pk}/remove/", follow=True)
    assert "This alert is not there any more." in said(response)
    assert SpendingAlert.objects.filter(pk=row.pk).exists()


def test_an_organisation_s_alerts_are_for_who_looks_after_its_bills(
    client: Client, bob: User
) -> None:
    organisation = customers.member(bob, role="billing")
    assert "Emails go to the owners of your organisation" in read(client, bob, ALERTS)
    client.post(ALERTS, {"kind": "quota_percent", "threshold": "50"})
    assert Customer.objects.get(organisation=organisation).alerts.count() == 1
    bob.member.role = "member"
    bob.member.save()
    assert client.get(ALERTS).status_code == 403
    assert client.post(ALERTS, {"kind": "quota_percent", "threshold": "70"}).status_code == 403


def test_reading_makes_no_customer(browser: Client) -> None:
    for path in ("/account/", "/account/plans/", "/account/invoices/", ALERTS):
        browser.get(path)
    assert not Customer.objects.exists()

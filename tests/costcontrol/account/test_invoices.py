"""Invoices: what for, how much, whether it is paid, what to do, and where the document is."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from billing.models import Customer
from tests.costcontrol.account import customers
from tests.costcontrol.account.customers import NOW, XSS, read, words

pytestmark = pytest.mark.django_db
INVOICES = "/account/invoices/"
MOST_QUERIES = 14


@pytest.fixture
def row(client: Client) -> Customer:
    bob, row = customers.paying()
    client.force_login(bob)
    return row


def said(client: Client) -> str:
    response = client.get(INVOICES)
    assert response.status_code == 200
    return words(response.content.decode())


def test_a_paid_invoice_has_its_document(client: Client, row: Customer) -> None:
    customers.invoice(row, subject="Premium, a month")
    text = said(client)
    assert "24 Nov 2026 CC-0001 Premium, a month $19.00 paid PDF" in text
    assert 'href="https://invoice.example/file.pdf"' in client.get(INVOICES).content.decode()


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        (
            {"status": "open", "tries": 2, "next_try_at": NOW + timedelta(days=2)},
            "failed Pay it on its page, or use another card. It is tried again on 27 Nov 2026. Pay",
        ),
        ({"status": "open", "tries": 1}, "failed Pay it on its page, or use another card. Pay"),
        ({"status": "open"}, "open Pay it on its page. Pay"),
        ({"status": "uncollectible"}, "not paid Not collected any more."),
        ({"status": "void"}, "void Nothing is owed."),
        ({"refunded_minor": 1900}, "$19.00 $19.00 refunded refunded PDF"),
        ({"refunded_minor": 500}, "$19.00 $5.00 refunded paid PDF"),
    ],
)
def test_its_state_is_a_word_and_what_to_do(
    client: Client, row: Customer, columns: dict[str, Any], sentence: str
) -> None:
    customers.invoice(row, **{"paid_minor": 0} | columns)
    assert sentence in said(client)


def test_won_have_no_decimals(client: Client, row: Customer) -> None:
    customers.invoice(row, currency="krw", total_minor=26_000)
    assert "₩26,000" in said(client)


def test_drafts_are_not_shown_and_newest_are_first(client: Client, row: Customer) -> None:
    customers.invoice(row, number="CC-OLD", created_at=NOW - timedelta(days=40))
    customers.invoice(row, number="CC-NEW", created_at=NOW)
    customers.invoice(row, number="CC-DRAFT", status="draft")
    text = said(client)
    assert "CC-DRAFT" not in text
    assert text.index("CC-NEW") < text.index("CC-OLD")


def test_what_comes_from_outside_is_text_and_no_script(client: Client, row: Customer) -> None:
    customers.invoice(
        row, number=XSS, subject=XSS, pdf_url="javascript:alert(1)", page_url="data:text/html,x"
    )
    page = client.get(INVOICES).content.decode()
    assert XSS not in page
    assert "javascript:" not in page
    assert "data:text/html" not in page


def test_without_invoices_the_page_says_what_comes(client: Client) -> None:
    text = words(read(client, customers.person(), INVOICES))
    assert "No invoices yet" in text
    assert "See the plans" in text
    assert "Payments are not set up on this server. Everything else works." in text


def test_the_card_is_changed_at_stripe(client: Client, row: Customer, settings: Any) -> None:
    settings.STRIPE_SECRET_KEY = "sk_test_nobody"
    assert "Visa, ends with 4242" in said(client)
    assert 'action="/account/card/"' in client.get(INVOICES).content.decode()


def test_a_member_is_told_whom_to_ask(client: Client) -> None:
    bob = customers.person()
    customers.member(bob, role="member")
    client.force_login(bob)
    assert client.get(INVOICES).status_code == 403
    customers.member(customers.person("eve@example.com"), role="billing")
    client.force_login(customers.User.objects.get(email="eve@example.com"))
    assert client.get(INVOICES).status_code == 200


def test_nobody_sees_another_s_invoices(client: Client, row: Customer) -> None:
    customers.invoice(row, number="CC-BOB")
    assert "CC-BOB" not in read(client, customers.person("eve@example.com"), INVOICES)


def test_a_hundred_invoices_are_no_more_queries(client: Client, row: Customer) -> None:
    for _number in range(100):
        customers.invoice(row)
    client.get(INVOICES)
    with CaptureQueriesContext(connection) as seen:
        client.get(INVOICES)
    assert len(seen) <= MOST_QUERIES, [each["sql"][:100] for each in seen.captured_queries]

"""What an operator does in the admin, in a real browser."""

import io

import pytest
from django.core.management import call_command
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import AuditEvent, User
from billing.models import Budget
from costcontrol.lib.money import from_usd

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def operator(page: Page, live_server: LiveServer) -> Page:
    """Alice of the staff, signed in, on an installation with its default rows."""
    call_command("load_defaults", stdout=io.StringIO())
    User.objects.create_superuser("alice@example.com", "correct horse battery")
    page.goto(f"{live_server.url}/admin/")
    page.get_by_label("Email").fill("alice@example.com")
    page.get_by_label("Password", exact=True).fill("correct horse battery")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("link", name="Budgets", exact=True).first).to_be_visible()
    return page


def test_operator_changes_the_budget_of_the_platform(operator: Page) -> None:
    operator.get_by_role("link", name="Budgets", exact=True).first.click()
    operator.get_by_role("link", name="platform/day").click()
    operator.get_by_label("Cap").fill("42.50")
    operator.get_by_role("button", name="Save", exact=True).click()
    expect(operator.get_by_text("was changed successfully")).to_be_visible()
    assert Budget.objects.get(scope_kind="platform").cap_nanos == from_usd("42.50")
    assert AuditEvent.objects.filter(actor="alice@example.com").exists()


def test_stranger_sees_the_login_page_and_no_budget(page: Page, live_server: LiveServer) -> None:
    page.goto(f"{live_server.url}/admin/billing/budget/")
    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    assert "platform/day" not in page.content()

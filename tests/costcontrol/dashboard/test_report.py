"""The page of the monthly report, its exports, and the switch for the email."""

import csv
import io
import json
from datetime import UTC, datetime
from html import unescape

import pytest
from django.test import Client

from accounts.models import User
from billing.models import ReportSubscription
from tests.costcontrol.dashboard.rows import call, hit, rolled_up

pytestmark = pytest.mark.django_db
PAGE = "/dashboard/report/"
DOLLAR = 1_000_000_000


@pytest.fixture
def staff(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


def text_of(client: Client, **query: str) -> str:
    response = client.get(PAGE, query)
    assert response.status_code == 200
    return unescape(response.content.decode())


def october() -> None:
    for day in range(1, 11):
        at = datetime(2026, 10, day, 3, tzinfo=UTC)
        call(at, cost_nanos=DOLLAR, debate_id=f"debate-{day}", call_kind="=closing")
    hit(datetime(2026, 10, 11, 3, tzinfo=UTC))
    rolled_up()


def test_it_is_for_staff(client: Client) -> None:
    assert client.get(PAGE).status_code == 302
    assert client.post(f"{PAGE}subscribe/", {"wanted": "yes"}).status_code == 302
    assert not ReportSubscription.objects.exists()


def test_the_last_month_that_is_over_is_shown(staff: Client) -> None:
    october()
    said = text_of(staff)
    assert "Report of 2026-10" in said
    assert "$10.00" in said
    assert "2026-10-01 to 2026-10-31, days of Asia/Seoul." in said
    assert "When the month began, too little was known to forecast it." in said


def test_a_month_without_calls_says_so(staff: Client) -> None:
    october()
    assert "No calls in this month" in text_of(staff, month="2026-09")


def test_a_running_month_is_said_not_to_be_over(staff: Client) -> None:
    call()
    assert "The month is not over." in text_of(staff, month="2026-11")


@pytest.mark.parametrize("month", ["2026-13", "soon", "2027-01", "2026-10-01"])
def test_what_is_no_month_is_replaced_and_said(staff: Client, month: str) -> None:
    october()
    said = text_of(staff, month=month)
    assert f"“{month}” is no month that can be reported on." in said
    assert "Report of 2026-10" in said


def test_page_csv_and_json_say_the_same(staff: Client) -> None:
    october()
    response = staff.get("/dashboard/report.csv", {"month": "2026-10"})
    rows = list(csv.DictReader(io.StringIO(response.content.decode())))
    found = json.loads(staff.get("/dashboard/report.json", {"month": "2026-10"}).content)
    spend = {(row["part"], row["name"]): row["nanos"] for row in rows}
    assert spend["spend", ""] == str(found["cost_nanos"]) == str(10 * DOLLAR)
    tiers = [int(row["nanos"]) for row in rows if row["part"] == "tier"]
    assert sum(tiers) == sum(line["cost_nanos"] for line in found["groups"]["tier"])
    assert found["debates"] == 10
    assert ("call_kind", "'=closing") in spend  # no formula for a spreadsheet


def test_who_wants_the_email_says_so_on_the_page(staff: Client, alice: User) -> None:
    assert "Send it to me" in text_of(staff)
    assert staff.post(f"{PAGE}subscribe/", {"wanted": "yes"}).status_code == 302
    assert ReportSubscription.objects.get().user_id == alice.pk
    assert "Stop the emails" in text_of(staff)
    staff.post(f"{PAGE}subscribe/", {"wanted": "no"})
    assert not ReportSubscription.objects.exists()


def test_what_the_page_reads_is_limited(
    staff: Client, django_assert_max_num_queries: object
) -> None:
    october()
    text_of(staff)
    with django_assert_max_num_queries(45):  # type: ignore[operator]
        text_of(staff)

"""The audit log: what is shown of a change, what can be looked for, and what never leaves it."""

import csv
import html
import io
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import trail
from accounts.models import AuditEvent, User
from accounts.services import audit
from accounts.throttles import throttle_set
from costcontrol.dashboard.audit_changes import MASK, Fact, facts_of
from costcontrol.dashboard.csvs import CONTENT_TYPE
from costcontrol.lib import request_ids
from tests.costcontrol.dashboard import rows
from tests.costcontrol.dashboard.conftest import Page
from tests.costcontrol.dashboard.rows import NOW
from tests.costcontrol.dashboard.test_calls import text_of

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
THREADS = pytest.mark.django_db(transaction=True)  # what streams reads in another thread
LOG, CSV = "/dashboard/audit/", "/dashboard/audit.csv"
MOST_QUERIES = 7
SECRET = "sk-ant-" + "a1" * 20
HOSTILE = ("' OR 1=1; --", "<script>alert(1)</script>", "\x00", "x" * 3_000, "-1", "%", "9" * 30)


@pytest.fixture
def staff(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


def event(at: datetime = NOW, **columns: Any) -> AuditEvent:
    usual = {"actor": "alice@example.com", "action": "budget_change", "target": "the platform"}
    row = AuditEvent.objects.create(**usual | columns)
    AuditEvent.objects.filter(pk=row.pk).update(at=at)
    return row


def read(client: Client, status: int = 200, **query: str) -> str:
    response = client.get(LOG, query)
    assert response.status_code == status
    return " ".join(html.unescape(response.content.decode()).split())


def test_a_change_says_who_what_when_why_and_what_was_before(staff: Client) -> None:
    event(
        before={"cap_nanos": 1_000_000_000, "period": "day"},
        after={"cap_nanos": 2_500_000_000, "period": "day"},
        reason="a launch", request_id="abc-12345",
    )
    said = read(staff)
    for part in ("alice@example.com", "budget change", "the platform", "a launch", "abc-12345",
                 "$1.00", "$2.50", "25 Nov 2026, 12:04"):
        assert part in said
    assert "period" not in said.partition('id="changes"')[2]


def test_facts_are_what_differs_and_all_of_a_row_that_came_or_went() -> None:
    before, after = {"a": 1, "b": {"c": True, "d": None}}, {"a": 1, "b": {"c": False, "d": None}}
    assert facts_of(before, after) == (Fact("b.c", "yes", "no"),)
    assert facts_of(None, {"a": 1000}) == (Fact("a", None, "1,000"),)
    assert facts_of({"a": "x"}, None) == (Fact("a", "x", None),)
    assert facts_of("old", "new") == (Fact("value", "old", "new"),)
    assert facts_of(None, None) == ()


def test_values_are_written_as_people_read_them() -> None:
    at = "2026-11-25T15:00:00+00:00"
    (when, cap, day) = facts_of(None, {"until": at, "cap": 3_000_000_000, "day": "2026-13-45T1"},
                                zone="Asia/Seoul")
    assert when.after == "26 Nov 2026, 00:00"
    assert cap.after == "$3.00"
    assert day.after == "2026-13-45T1"


def test_actions_and_facts_have_words_and_the_words_find_them(staff: Client) -> None:
    event(action="price_book_load", target="price book", after={"inserted": 3})
    event(action="credit_grant", target="46", after={"nanos": 10_000_000_000, "odd_nanos": 1})
    said = read(staff)
    for part in ("price book loaded", "prices added", "credit given", "<dt>amount</dt>", "$10.00",
                 "<dt>odd</dt>"):
        assert part in said
    assert "nanos" not in said.partition('id="changes"')[2]
    found = read(staff, action="Price book loaded").partition('id="changes"')[2]
    assert "prices added" in found
    assert "credit given" not in found


@THREADS
def test_secrets_are_never_shown_or_exported(page: Page) -> None:
    kept = {"digest": "d" * 64, "signing_secret": "hush", "note": f"with {SECRET}",
            "url": "https://bob:hunter2@example.org/", "max_output_tokens": 5}
    event(after=kept, reason=f"key {SECRET}", target=f"cc-abcd2345-{'z' * 43}")
    shown = page.get(LOG).content.decode()
    assert MASK in shown
    assert "max output tokens" in shown
    for text in (shown, exported(page)):
        for secret in ("d" * 64, "hush", SECRET, "hunter2", "z" * 43):
            assert secret not in text


def test_the_log_can_be_narrowed_and_the_links_keep_the_filters(staff: Client) -> None:
    event(target="1st budget")
    event(target="2nd budget", actor="bob@example.com", action="key_revoke")
    event(NOW - timedelta(days=40), target="3rd budget")
    assert "2nd budget" not in read(staff, actor="ALICE")
    assert "1st budget" in read(staff, actor="ALICE")
    assert "1st budget" not in read(staff, action="revoke")
    assert "2nd budget" in read(staff, action="revoke")
    assert "2nd budget" in read(staff, target="2nd")
    assert "1st budget" not in read(staff, target="2nd")
    said = read(staff, range="90d", actor="alice")
    assert "3rd budget" in said
    assert "/dashboard/audit.csv?range=90d&actor=alice" in said
    assert "No change matches" in read(staff, target="nobody knows it")


def test_pages_are_cut_by_key_even_among_changes_of_one_instant(staff: Client) -> None:
    ids = [event(target=f"t{number:03}").pk for number in range(trail.PAGE + 3)]
    days = trail.TrailFilters(NOW - timedelta(days=1), NOW + timedelta(days=1))
    first, place = trail.page(days)
    second, end = trail.page(days, after=place)
    assert [row.pk for row in (*first, *second)] == ids[::-1]
    assert end is None
    said = read(staff, older=str(place))
    assert "t002" in said
    assert "t003" not in said
    assert "Newest" in said


def test_a_page_takes_the_same_few_queries_however_long_it_is(staff: Client) -> None:
    for number in range(trail.PAGE + 1):
        event(target=str(number))
    with CaptureQueriesContext(connection) as seen:
        read(staff)
    assert len(seen) <= MOST_QUERIES


def exported(page: Page, **query: str) -> str:
    """As a server sends it: piece by piece."""
    response: Any = page.get(CSV, query)
    assert response.headers["Content-Type"] == CONTENT_TYPE
    assert response.streaming
    assert "attachment" in response.headers["Content-Disposition"]
    return text_of(page, response)


@THREADS
def test_the_export_has_the_same_rows_and_no_formulas(page: Page) -> None:
    event(target="=1+1", before={"b": 1, "a": 2}, reason="@now")
    event(target="other", actor="bob@example.com")
    lines = list(csv.DictReader(io.StringIO(exported(page, actor="alice", zone="UTC"))))
    assert len(lines) == 1
    assert lines[0]["target"] == "'=1+1"
    assert lines[0]["reason"] == "'@now"
    assert lines[0]["before"] == '{"a": 2, "b": 1}'
    assert lines[0]["at"] == NOW.isoformat()


def test_changes_by_a_page_name_its_request_and_others_none(staff: Client, alice: User) -> None:
    audit("a command", "price_set", "x")
    assert AuditEvent.objects.get().request_id == ""
    response = staff.get(LOG, headers={"X-Request-Id": "from-the-proxy-1"})
    assert response.headers["X-Request-Id"] == "from-the-proxy-1"
    request_ids.begin("given-elsewhere")
    throttle_set(user=alice, requests_per_minute=1, until=None, reason="", actor="a", now=NOW)
    request_ids.end()
    assert AuditEvent.objects.get(action="throttle_set").request_id == "given-elsewhere"


def test_a_request_changes_under_the_id_that_its_answer_names(staff: Client, alice: User) -> None:
    alice.is_superuser = True
    alice.save()
    bob = rows.person()
    form = {"requests_per_minute": "6", "until": "hour", "reason": "too quick"}
    response = staff.post(f"/dashboard/budgets/users/{bob.pk}/throttle/", form)
    assert AuditEvent.objects.get().request_id == response.headers["X-Request-Id"] != ""
    assert request_ids.current() == ""


@pytest.mark.parametrize("given", ["short", "x" * 65, "with space", "a\nb-c-d-e-f"])
def test_an_id_that_cannot_be_used_is_replaced(given: str) -> None:
    assert request_ids.begin(given) not in ("", given)
    request_ids.end()


@pytest.mark.parametrize("name", ["actor", "action", "target", "older", "range", "from", "zone"])
def test_nothing_in_the_address_breaks_the_log(staff: Client, name: str) -> None:
    for text in HOSTILE:
        assert "<script>alert" not in staff.get(LOG, {name: text}).content.decode()
        read(staff, **{name: text})


def test_nobody_can_change_the_log(staff: Client) -> None:
    assert staff.post(LOG, {"target": "x"}).status_code == 405


def test_what_was_looked_for_can_be_saved_and_come_back_to(staff: Client) -> None:
    said = read(staff, range="90d", actor="alice")
    assert 'name="page" value="audit"' in said
    assert 'name="query" value="range=90d&actor=alice"' in said
    staff.post("/dashboard/views/save/", {
        "page": "audit", "query": "range=90d&actor=alice", "name": "What alice did",
    })
    assert f'href="{LOG}?range=90d&actor=alice">What alice did' in read(staff)

"""Asking a provider from the page: what it says, shows meanwhile, and then compares."""

import csv
import html
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import translation

from accounts.models import AuditEvent, User
from billing.models import UsageFetch
from billing.usage_imports import fetches
from billing.usage_imports.asking import Patience
from costcontrol.lib import clock
from routing.precompute.beside import join
from routing.tasks import fetch_usage
from tests.billing.usage_imports.reports import fill
from tests.costcontrol.dashboard.rows import call, rolled_up
from tests.services import usage_reports as api
from tests.services.usage_reports import ADMIN, Reports, Trouble, running_reports

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
PAGE = "/dashboard/reconciliation/"
NOW = datetime(2026, 11, 25, 3, tzinfo=UTC)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
MOST_QUERIES = 22


@pytest.fixture
def reports(settings: Any) -> Iterator[Reports]:
    with running_reports() as found:
        settings.ANTHROPIC_BASE_URL, settings.OPENAI_BASE_URL = found.url, f"{found.url}/v1"
        settings.ANTHROPIC_ADMIN_KEY = settings.OPENAI_ADMIN_KEY = ADMIN
        yield found


@pytest.fixture
def staff(client: Client, alice: User) -> Iterator[Client]:
    alice.user_permissions.add(Permission.objects.get(codename="add_usageimport"))
    client.force_login(alice)
    with clock.at(NOW):
        yield client


def words(response: Any, status: int = 200) -> str:
    assert response.status_code == status
    return " ".join(html.unescape(response.content.decode()).split())


def ask(client: Client, status: int = 200, **more: str) -> str:
    sent = {"provider": "anthropic", "first": "2026-11-20", "last": "2026-11-20"} | more
    return words(client.post(f"{PAGE}fetch/", sent, follow=True), status)


def work() -> None:
    fetches.work(patience=Patience(pause=lambda seconds: None))


def test_without_a_key_it_is_off_and_says_how_to_switch_it_on(
    staff: Client, settings: Any
) -> None:
    settings.ANTHROPIC_ADMIN_KEY = settings.OPENAI_ADMIN_KEY = ""
    said = words(staff.get(PAGE))
    assert "Off for Anthropic. To switch it on, make an admin key at" in said
    assert "set OPENAI_ADMIN_KEY to it in the environment" in said
    assert "reconciliation/fetch/" not in said
    assert "Choose a provider that an admin key is set for." in ask(staff, status=400)
    settings.OPENAI_ADMIN_KEY = ADMIN
    said = words(staff.get(PAGE))
    assert "Off for Anthropic" in said
    assert "Off for OpenAI" not in said


def test_a_demo_asks_nobody(staff: Client, settings: Any) -> None:
    settings.ANTHROPIC_ADMIN_KEY = settings.OPENAI_ADMIN_KEY = ""
    settings.DEMO = True
    said = words(staff.get(PAGE))
    assert "This is a demo: no provider is asked" in said
    assert "Off for" not in said


def test_a_fetch_is_shown_on_its_way_and_compared_like_a_file(
    staff: Client, reports: Reports
) -> None:
    fill(reports)
    call(NOON, fresh_input_tokens=110, cache_read_tokens=30, cache_write_tokens=7,
         output_tokens=55, cost_nanos=250_000_000)
    rolled_up()
    said = ask(staff)
    assert "It is being fetched." in said
    assert "It begins as soon as a worker is free." in said
    assert 'data-renew="2"' in said
    work()
    said = words(staff.get(PAGE))
    assert "1 day has new figures." in said
    assert "data-renew=" not in said.split('id="fetches"')[1]
    assert "organizations/usage_report/messages" in said
    export = staff.get("/dashboard/reconciliation.csv", {"provider": "anthropic"})
    rows = list(csv.DictReader(io.StringIO(export.content.decode())))
    agreeing = {row["model"]: row["agrees"] for row in rows}
    assert agreeing == {"claude-haiku-5-5": "true", "claude-sonnet-5-5": "false", "": "true"}
    assert AuditEvent.objects.get(action="usage_fetch").actor == "alice@example.com"


def test_the_part_that_renews_itself_ends_with_a_new_page(
    staff: Client, reports: Reports
) -> None:
    ask(staff)
    part = {"HX-Request": "true"}
    response = staff.get(f"{PAGE}fetches/", headers=part)
    assert "HX-Refresh" not in response
    UsageFetch.objects.update(state="running", pages=3)
    assert "3 pages are read." in words(staff.get(f"{PAGE}fetches/", headers=part))
    work()
    UsageFetch.objects.update(state="done")
    assert staff.get(f"{PAGE}fetches/", headers=part)["HX-Refresh"] == "true"


def test_what_went_wrong_is_said_with_the_next_step_and_no_key(
    staff: Client, reports: Reports, settings: Any
) -> None:
    settings.ANTHROPIC_ADMIN_KEY = api.ORDINARY
    ask(staff)
    work()
    said = words(staff.get(PAGE))
    assert "Anthropic does not accept the key in ANTHROPIC_ADMIN_KEY (status 401)." in said
    assert "a key that makes calls does not do" in said
    assert api.ORDINARY not in said
    assert "Nothing to compare yet" in said


def test_a_failure_is_said_in_the_language_of_who_reads_it(
    staff: Client, reports: Reports
) -> None:
    reports.troubles = [Trouble(400)]
    ask(staff)
    work()
    failure = UsageFetch.objects.get().failure
    assert failure["values"]["vendor"] == "Anthropic"
    with translation.override("ko"):
        assert fetches.sentence_of(failure).startswith("Anthropic does not answer")


@pytest.mark.parametrize(("sent", "sentence"), [
    ({"first": "soon"}, "“soon” is no day."), ({"last": ""}, "“” is no day."),
    ({"first": "2026-11-21"}, "The first day is after the last one."),
    ({"last": "2026-11-25"}, "Choose days that are over in UTC"),
    ({"first": "2026-10-20"}, "Choose at most 31 days at a time."),
    ({"first": "0001-01-01"}, "Choose at most 31 days at a time."),
    ({"provider": "<b>"}, "Choose a provider that an admin key is set for."),
])
def test_what_cannot_be_asked_is_said_and_stays_in_the_form(
    staff: Client, reports: Reports, sent: dict[str, str], sentence: str
) -> None:
    said = ask(staff, status=400, **sent)
    assert sentence in said
    assert 'name="first" value="' + sent.get("first", "2026-11-20") in said
    assert not UsageFetch.objects.exists()


def test_who_asks_twice_is_told(staff: Client, reports: Reports) -> None:
    ask(staff)
    assert "Anthropic is being asked already." in ask(staff, status=409)


def test_who_may_not_fetch_sees_what_was_fetched(
    client: Client, alice: User, reports: Reports
) -> None:
    client.force_login(alice)
    said = words(client.get(PAGE))
    assert "To fetch, your account needs the permission" in said
    assert "No provider was asked yet." in said


def test_what_the_page_reads_is_limited(
    staff: Client, reports: Reports, django_assert_max_num_queries: Any
) -> None:
    fill(reports)
    for _number in range(3):
        ask(staff)
        work()
    with django_assert_max_num_queries(MOST_QUERIES):
        words(staff.get(PAGE))


@pytest.mark.django_db(transaction=True)
def test_the_worker_fetches_beside_its_other_tasks(reports: Reports) -> None:
    fill(reports)
    yesterday = fetches.yesterday(now=clock.now())
    fetches.fetch_ask(
        "openai", yesterday - timedelta(days=2), yesterday, actor="nightly", now=clock.now()
    )
    assert fetch_usage()
    join("fetch_usage")
    assert UsageFetch.objects.get().state == "done"

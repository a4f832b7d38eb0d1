"""The pages about answers made ahead: estimate, start, watch, stop."""

import csv
import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import AuditEvent, User
from billing import gauge
from costcontrol.lib import clock
from routing import snapshot
from routing.models import PrecomputeRun, Topic
from routing.precompute import renewals
from tests.routing.precompute.conftest import batch_server as batch_server
from tests.routing.precompute.conftest import upstream as upstream
from tests.routing.precompute.house import (
    debates_make,
    house_make,
    made_ago,
    old_answer,
    run_started,
    to_the_end,
    topic,
)
from tests.upstreams.batches import BatchUpstream

HERE = "/dashboard/precompute/"


@pytest.fixture
def staff(db: None, client: Client, upstream: BatchUpstream) -> Iterator[Client]:
    gauge.forget_all()
    debates_make(house_make(), 40)
    user = User.objects.create_superuser("staff@example.org", password="x")
    client.force_login(user)
    yield client
    gauge.forget_all()
    snapshot.forget()


def estimated(staff: Client, **changes: str | list[str]) -> PrecomputeRun:
    asked = {"languages": ["ko"], "tier": "premium", "budget_usd": "5", "topics": "1"} | changes
    reply = staff.post(f"{HERE}estimate/", asked)
    run = PrecomputeRun.objects.latest("pk")
    assert reply.status_code == 302
    assert reply["Location"] == f"{HERE}{run.pk}/"
    return run


def page(staff: Client, path: str) -> str:
    reply = staff.get(path)
    assert reply.status_code == 200
    return reply.content.decode()


def test_off_is_shown_as_off(staff: Client, settings: Settings) -> None:
    settings.PRECOMPUTE_MONTHLY_USD = "0"
    assert "Precompute is off" in page(staff, HERE)
    run = estimated(staff)
    assert "Precompute is off" in page(staff, f"{HERE}{run.pk}/")


def test_an_estimate_shows_what_pays_and_what_it_assumes(staff: Client) -> None:
    run = estimated(staff)
    shown = page(staff, f"{HERE}{run.pk}/")
    assert "Expected to save" in shown
    assert "In the last 30 days there were 40 debates" in shown
    assert "opening_statement" in shown
    assert f"Run {run.pk}" in page(staff, HERE)


def test_a_run_is_started_once_somebody_has_said_yes(staff: Client) -> None:
    run = estimated(staff)
    staff.post(f"{HERE}{run.pk}/start/", {})
    run.refresh_from_db()
    assert run.status == "estimated"
    staff.post(f"{HERE}{run.pk}/start/", {"confirm": "1"})
    run.refresh_from_db()
    assert run.status == "running"
    event = AuditEvent.objects.get(action="precompute_start")
    assert event.actor == "staff@example.org"
    staff.post(f"{HERE}{run.pk}/stop/")
    run.refresh_from_db()
    assert run.status == "stopping"


def test_how_far_it_is_renews_itself_until_it_is_over(staff: Client) -> None:
    run = run_started(clock.now())
    part = staff.get(f"{HERE}{run.pk}/", headers={"HX-Request": "true"}).content.decode()
    assert part.startswith("<section")
    assert 'data-renew="3"' in part
    to_the_end(run, clock.now())
    part = page(staff, f"{HERE}{run.pk}/")
    assert "data-renew" not in part
    assert "not paid back yet" in part


def test_what_went_wrong_is_said(staff: Client, upstream: BatchUpstream) -> None:
    upstream.faults.fates, upstream.faults.strangers = {1: "expired"}, 2
    run = run_started(clock.now(), kinds=["core_arguments"])
    to_the_end(run, clock.now())
    shown = page(staff, f"{HERE}{run.pk}/")
    assert "did not come to it in 24 hours" in shown
    assert "2 × Results came under names that are not ours" in shown


@pytest.mark.parametrize(
    ("asked", "said"),
    [({"budget_usd": ""}, "Say what the run may cost"), ({"budget_usd": "-1"}, "Say what the run"),
     ({"topics": "many"}, "does not do for topics"), ({"tier": "gold"}, "There is no plan"),
     ({"languages": ["fr"]}, "There is no “fr”"),
     ({"debates_per_day": "x"}, "no number of debates")],
)
def test_a_form_that_cannot_be_understood_says_why(
    staff: Client, asked: dict[str, str], said: str
) -> None:
    reply = staff.post(f"{HERE}estimate/", {"budget_usd": "5"} | asked)
    assert reply.status_code == 400
    assert said in reply.content.decode()
    assert not PrecomputeRun.objects.exists()


def test_an_estimate_can_be_deleted_and_a_run_cannot(staff: Client) -> None:
    draft, run = estimated(staff), run_started(clock.now())
    assert staff.post(f"{HERE}{draft.pk}/delete/")["Location"] == HERE
    staff.post(f"{HERE}{run.pk}/delete/")
    assert list(PrecomputeRun.objects.values_list("pk", flat=True)) == [run.pk]


def test_staff_without_the_permission_look_and_do_not_touch(client: Client, staff: Client) -> None:
    run = estimated(staff)
    reader = User.objects.create_user("reader@example.org", is_staff=True)
    client.force_login(reader)
    assert "needs the permission" in page(client, HERE)
    of_run = (f"{run.pk}/{what}/" for what in ("start", "stop", "delete"))
    for path in ("estimate/", "topics/", *of_run):
        assert client.post(f"{HERE}{path}", {"confirm": "1"}).status_code == 403


def test_runs_are_a_file_that_says_what_the_table_says(staff: Client) -> None:
    first, second = estimated(staff), estimated(staff, budget_usd="2.5")
    lines = list(csv.DictReader(io.StringIO(page(staff, "/dashboard/precompute.csv"))))
    assert [line["run"] for line in lines] == [str(second.pk), str(first.pk)]
    assert (lines[0]["status"], lines[0]["kind"]) == ("estimated", "ahead")
    assert (lines[0]["budget_nanos"], lines[0]["budget_usd"]) == ("2500000000", "2.5")
    assert lines[1]["answers"] == str(first.items.count())
    assert (lines[1]["made"], lines[1]["started_at"]) == ("0", "")
    assert 'href="/dashboard/precompute.csv" download' in page(staff, HERE)


def test_no_such_run(staff: Client) -> None:
    assert staff.get(f"{HERE}99999999999/").status_code == 404


def test_a_run_that_makes_answers_anew_says_why(staff: Client) -> None:
    old_answer()
    run = renewals.begin(now=clock.now())
    assert run
    assert "made anew" in page(staff, HERE)
    shown = page(staff, f"{HERE}{run.pk}/")
    assert "more than 72 hours yet" in shown
    assert "opening_statement" in shown
    to_the_end(run, clock.now())
    assert "1 of 1" in page(staff, f"{HERE}{run.pk}/")


def test_a_topic_nobody_came_for_is_left_out_and_taken_in_again(staff: Client) -> None:
    assert "There is none." in page(staff, HERE)
    key = made_ago(topic(), days=20).topic_key
    said = page(staff, HERE)
    assert f'name="topic" value="{key}"' in said
    assert "Nothing that was made ahead was ever used" in said
    staff.post(f"{HERE}topics/", {"topic": key, "what": "leave_out"})
    assert not Topic.objects.get(pk=key).is_made_ahead
    assert "Take it in again" in page(staff, HERE)
    staff.post(f"{HERE}topics/", {"topic": key, "what": "take_in"})
    assert Topic.objects.get(pk=key).is_made_ahead
    actions = AuditEvent.objects.filter(action="precompute_topic")
    assert set(actions.values_list("actor", flat=True)) == {"staff@example.org"}


@pytest.mark.parametrize(
    "sent", [{}, {"topic": "nowhere", "what": "leave_out"}, {"topic": "\x00", "what": "take_in"},
             {"topic": "t001", "what": "delete"}, {"topic": "제", "what": "take_in"}],
)
def test_what_is_no_topic_changes_none(staff: Client, sent: dict[str, str]) -> None:
    assert staff.post(f"{HERE}topics/", sent).status_code == 302
    assert not AuditEvent.objects.filter(action="precompute_topic").exists()


def test_the_page_takes_few_queries(
    staff: Client, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    run = estimated(staff)
    with django_assert_max_num_queries(18):
        page(staff, HERE)
    with django_assert_max_num_queries(16):
        page(staff, f"{HERE}{run.pk}/")

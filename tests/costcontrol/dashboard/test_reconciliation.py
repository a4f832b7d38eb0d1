"""The page that compares a provider's figures with ours, its export, and bringing a file."""

import csv
import html
import io
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client

from accounts.models import User
from billing.models import UsageImport
from tests.billing.usage_imports import files
from tests.costcontrol.dashboard.rows import call, rolled_up

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
PAGE = "/dashboard/reconciliation/"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
MOST_QUERIES = 20


@pytest.fixture
def staff(client: Client, alice: User) -> Client:
    alice.user_permissions.add(Permission.objects.get(codename="add_usageimport"))
    client.force_login(alice)
    return client


def words(response: Any, status: int = 200) -> str:
    assert response.status_code == status
    return " ".join(html.unescape(response.content.decode()).split())


def bring(client: Client, text: str | bytes, provider: str = "anthropic", status: int = 200) -> str:
    data = text.encode() if isinstance(text, str) else text
    sent = {"provider": provider, "file": SimpleUploadedFile("usage.csv", data)}
    return words(client.post(f"{PAGE}import/", sent, follow=True), status)


def booked(**more: Any) -> None:
    usual: dict[str, Any] = {
        "fresh_input_tokens": 110, "cache_read_tokens": 30, "cache_write_tokens": 7,
        "output_tokens": 55, "cost_nanos": 260_000_000,
    }
    call(NOON, **usual | more)
    rolled_up()


def test_it_is_for_staff_who_may(client: Client, alice: User) -> None:
    for path in ("", "import/", "fetch/", "fetches/"):
        assert client.get(f"{PAGE}{path}").status_code == 302
    client.force_login(alice)
    assert "needs the permission" in words(client.get(PAGE))
    for path in ("import/", "fetch/"):
        assert client.post(f"{PAGE}{path}", {"provider": "openai"}).status_code == 403


def test_nothing_was_imported_yet(staff: Client) -> None:
    said = words(staff.get(PAGE))
    assert "Nothing to compare yet" in said
    assert "No file of this provider was imported yet." in said


def test_a_file_is_imported_and_compared(staff: Client) -> None:
    booked()
    said = bring(staff, files.ANTHROPIC)
    assert "Imported: Anthropic, usage, 2026-11-20 to 2026-11-21." in said
    assert "Nothing was called from here. Another key or program uses this account." in said
    said = bring(staff, files.ANTHROPIC_COST)
    assert "The models of 2026-11-20" in said
    assert "claude-haiku-5-5" in said
    link = said.split('href="/dashboard/calls/?')[1].split('"')[0]
    assert "from=2026-11-20&to=2026-11-20&zone=UTC&layer=none" in link
    listed = words(staff.get(f"/dashboard/calls/?{link}"))
    assert listed.count("<tr") == 2  # the head and the call


def test_the_same_file_is_said_and_not_counted_twice(staff: Client) -> None:
    bring(staff, files.ANTHROPIC)
    assert "This file was imported before" in bring(staff, files.ANTHROPIC)
    assert UsageImport.objects.count() == 1


def test_bad_lines_are_named_and_nothing_is_imported(staff: Client) -> None:
    bad = files.ours("soon,x,1,1,1,1", "2026-11-20,x,1,1,1,1", *["2026-11-20,<b>,y,1,1,1"] * 20)
    said = bring(staff, bad, status=400)
    for part in ("Nothing was imported", "Line 2: “soon” is no day.", "and 1 more line"):
        assert part in said
    assert not UsageImport.objects.exists()
    assert "Choose a file." in words(staff.post(f"{PAGE}import/", {"provider": "openai"}), 400)
    assert "Choose whose file it is." in bring(staff, bad, provider="nobody", status=400)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("2026-11-20,claude-haiku-5-5,1,147,55,0.90", "so the prices differ"),
        ("2026-11-20,claude-haiku-5-5,9,900,900,0.90", "The provider counts more"),
        ("2026-11-20,claude-haiku-5-5,1,10,5,0.10", "We count more"),
        ("2026-11-20,claude-haiku-5-5,,,,0.90", "Import the provider's usage of these days too"),
        ("2026-11-20,another,1,1,1,0.90", "The file does not name this model"),
        ("2026-11-20,,,,,0.90\n2026-11-20,claude-haiku-5-5,,,,0.26", "for no single model"),
    ],
)
def test_what_may_explain_a_difference_is_said(staff: Client, line: str, sentence: str) -> None:
    booked()
    assert sentence in bring(staff, files.ours(line))


def test_our_own_doubts_are_said(staff: Client) -> None:
    booked(confidence="estimated")
    said = bring(staff, files.ours("2026-11-20,claude-haiku-5-5,1,1,1,0.90"))
    assert "$0.26 of ours is estimated" in said.replace("$0.2600", "$0.26")


def test_no_doubt_is_cast_on_what_agrees(staff: Client) -> None:
    booked()
    said = bring(staff, files.ours("2026-11-20,claude-haiku-5-5,1,147,55,0.26"))
    assert "agrees" in said
    assert "What may explain it" not in said


def test_the_export_has_every_model_of_every_day(staff: Client) -> None:
    booked()
    bring(staff, files.ANTHROPIC)
    response = staff.get("/dashboard/reconciliation.csv", {"provider": "anthropic"})
    rows = list(csv.DictReader(io.StringIO(response.content.decode())))
    assert [(row["day"], row["model"], row["difference_tokens"]) for row in rows] == [
        ("2026-11-21", "claude-sonnet-5-5", "-10"), ("2026-11-20", "claude-haiku-5-5", "0")
    ]
    assert staff.get("/dashboard/reconciliation.csv", {"provider": "openai"}).status_code == 200


@pytest.mark.parametrize("query", [
    {"provider": "<script>"}, {"until": "soon"}, {"until": "0001-01-01"}, {"day": "9999-12-31"},
    {"until": "2000-01-01"}, {"day": "\x00"},
])
def test_what_cannot_be_used_is_replaced(staff: Client, query: dict[str, str]) -> None:
    bring(staff, files.ANTHROPIC)
    assert "Day by day" in words(staff.get(PAGE, {"provider": "anthropic"} | query))


def test_deployments_are_matched_by_what_they_are_billed_as(staff: Client) -> None:
    call_command("load_defaults", verbosity=0)
    call(NOON, deployment="anthropic/claude-haiku-5-5")
    rolled_up()
    said = bring(staff, files.ours("2026-11-20,Claude Haiku 5.5,1,100,50,0.25"))
    assert "Nothing was called from here" not in said


def test_what_the_page_reads_is_limited(
    staff: Client, django_assert_max_num_queries: Any
) -> None:
    booked()
    bring(staff, files.ANTHROPIC)
    bring(staff, files.ANTHROPIC_COST)
    with django_assert_max_num_queries(MOST_QUERIES):
        words(staff.get(PAGE))

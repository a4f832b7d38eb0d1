"""The overview as a page: its figures, its states, and what it does with a bad address."""

import csv
import html
import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError

from accounts.models import User
from billing.models_operator import Alert, AlertRule
from billing.reports.ranges import last_days
from costcontrol.dashboard import charts
from costcontrol.dashboard import overview as overview_module
from tests.costcontrol.dashboard import rows
from tests.costcontrol.dashboard.conftest import Page

pytestmark = pytest.mark.django_db(transaction=True)
DAY = timedelta(days=1)
MOST_QUERIES = 38  # of the whole page: session, filters, two readings, month, alerts, views
HOSTILE = (
    "' OR 1=1; --", "<script>alert(1)</script>", "\x00", "x" * 3_000, "%", "{{ 1 }}", "9999-99-99"
)


def read(page: Page, **query: str) -> str:
    rows.rolled_up()
    response = page.get("/dashboard/", query)
    assert response.status_code == 200
    return html.unescape(response.content.decode())


def figures(said: str) -> dict[str, Any]:
    """The Plotly figures of a page, by id."""
    parts = re.split(r'<section class="card figure" id="([a-z-]+)"', said)[1:]
    found = zip(parts[::2], parts[1::2], strict=True)
    return {
        name: json.loads(match[1])
        for name, part in found
        if (match := re.search(r'<script type="application/json">(.*?)</script>', part, re.S))
    }


def export(page: Page, name: str, **query: str) -> list[dict[str, str]]:
    response = page.get(f"/dashboard/charts/{name}.csv", query)
    assert response.status_code == 200
    return list(csv.DictReader(io.StringIO(response.content.decode())))


def test_it_says_what_was_spent_what_was_saved_and_why(page: Page) -> None:
    rows.call()
    rows.hit()
    said = read(page)
    assert "2 calls cost $0.2500." in said
    assert f"On {rows.BASELINE} alone and without a cache" in said
    assert "about $2.00: $1.75 (87.5%) was saved" in said
    assert "$1.00, because the same question was answered before" in said


def test_every_chart_is_drawn_when_there_is_something_of_everything(page: Page) -> None:
    rows.call()
    rows.hit()
    rows.refusal()
    rows.failure()
    assert figures(read(page)).keys() == {"month", *(chart.id for chart in charts.CHARTS)}


def test_refusals_are_not_errors(page: Page) -> None:
    rows.call()
    rows.refusal()
    said = read(page)
    assert "refusals" in figures(said)
    assert "errors" not in figures(said)
    assert "Nothing failed." in said


def test_each_figure_is_compared_with_the_days_before(page: Page) -> None:
    rows.call()
    rows.call(rows.NOW - 10 * DAY, cost_nanos=500_000_000)
    assert "than the 7 days before" not in read(page, range="7d")  # they are not all there
    rows.call(rows.NOW - 14 * DAY)
    said = read(page, range="7d")
    assert "than the 7 days before" in said
    assert "50.0%" in said


def test_only_the_day_that_is_running_is_held_against_a_part_of_the_one_before() -> None:
    today = last_days(1, zone="Asia/Seoul", now=rows.NOW)
    words = [overview_module.than(day, now=rows.NOW) for day in (today, today.previous())]
    assert words == ["than the day before, up to the same time", "than the day before"]


def test_a_figure_leads_to_its_calls(page: Page) -> None:
    rows.call()
    rows.hit()
    said = read(page, range="7d", tier="premium")
    assert 'href="/dashboard/calls/?range=7d&tier=premium&outcome=failed"' in said
    assert 'href="/dashboard/explorer/?range=7d&tier=premium"' in said
    assert 'href="/dashboard/explorer/?range=7d&tier=premium&measure=saved"' in said
    assert 'href="/dashboard/savings/?range=7d&tier=premium#waterfall"' in said


def test_the_comparison_can_be_switched_off(page: Page) -> None:
    rows.call()
    rows.call(rows.NOW - 14 * DAY)
    assert "/dashboard/movers/" in read(page, range="7d")
    said = read(page, range="7d", compare="off")
    assert "than the 7 days before" not in said
    assert "/dashboard/movers/" not in said


def test_rules_that_reach_nobody_are_warned_of(page: Page) -> None:
    warning = "Nobody is told: no rule has a channel."
    AlertRule.objects.all().delete()
    assert warning not in read(page)
    row = AlertRule.objects.create(kind="budget", threshold=80, made_by="alice", made_at=rows.NOW)
    assert warning in read(page)
    row.channels.create(name="Operations", kind="email", address="a@b.c", made_at=rows.NOW)
    assert warning not in read(page)
    row.channels.update(is_on=False)
    assert warning in read(page)


def test_open_alerts_can_be_acknowledged_by_those_who_may(page: Page, alice: User) -> None:
    rows.call()
    rule = AlertRule.objects.create(kind="budget", threshold=80, made_at=rows.NOW)
    facts = {"rule": rule, "value": 81, "opened_at": rows.NOW, "changed_at": rows.NOW}
    alert = Alert.objects.create(period="2026-11", threshold=80, subject="platform:/month", **facts)
    Alert.objects.create(period="2026-10", threshold=80, state="seen", **facts)
    said = read(page)
    assert said.count('class="end" method="post" action="/dashboard/budgets/alerts/') == 0
    assert "What needs somebody" in said
    User.objects.filter(pk=alice.pk).update(is_superuser=True)
    said = read(page)
    assert said.count('class="end" method="post" action="/dashboard/budgets/alerts/') == 1
    assert f'action="/dashboard/budgets/alerts/{alert.pk}/acknowledge/"' in said


def test_an_export_adds_up_to_what_the_page_says(page: Page) -> None:
    for days in range(5):
        rows.call(rows.NOW - days * DAY, cost_nanos=123_456_789)
        rows.hit(rows.NOW - days * DAY)
    said = read(page, range="7d")
    spent = sum(int(row["economy_nanos"]) for row in export(page, "spend", range="7d"))
    assert spent == 5 * 123_456_789
    assert f'<data class="money" value="{spent}"' in said
    causes = ("exact", "shared", "prompt_cache", "route", "failed")
    saved = sum(
        int(row[f"{cause}_nanos"])
        for row in export(page, "savings", range="7d")
        for cause in causes
    )
    assert saved == 5 * (2_000_000_000 - 123_456_789)
    assert f'<data class="money" value="{saved}"' in said
    routed = export(page, "routes", range="7d")
    assert sum(int(row["cost_nanos"]) for row in routed) == spent
    assert sum(int(row["calls"]) for row in routed) == 10


def test_a_day_belongs_to_the_zone_that_looks(page: Page) -> None:
    rows.call(rows.NOW.replace(hour=0) - timedelta(hours=1))  # 23:00 in UTC, 08:00 in Seoul
    assert "$0.2500" in read(page, range="today")
    assert "No calls in these days" in read(page, range="today", zone="UTC")


def test_filters_narrow_everything(page: Page) -> None:
    rows.call()
    rows.call(tier="free", cost_nanos=1_000_000_000, baseline_nanos=4_000_000_000)
    assert "1 call cost $0.2500." in read(page, tier="premium")
    assert sum(int(row["economy_nanos"]) for row in export(page, "spend", tier="free")) == 10**9


def test_before_the_first_call_it_shows_what_to_do(page: Page) -> None:
    said = read(page)
    assert "No call was made yet" in said
    assert "Three steps to start" in said
    assert figures(said) == {}


def test_filters_that_nothing_passes_can_be_reset(page: Page) -> None:
    rows.call(tier="premium")
    rows.call(tier="free", at=rows.NOW - 60 * DAY)
    said = read(page, tier="free", range="7d")
    assert "No calls for these filters" in said
    assert 'href="/dashboard/?range=7d"' in said


def test_days_without_calls_lead_to_more_days(page: Page) -> None:
    rows.call(rows.NOW - 40 * DAY)
    said = read(page, range="7d")
    assert "No calls in these days" in said
    assert 'href="/dashboard/?range=90d"' in said


def test_the_time_has_its_zone(page: Page) -> None:
    rows.call()
    assert "as of 12:04 KST (Asia/Seoul)" in read(page)


def broken(_facts: object) -> None:
    raise OperationalError("no such column: <secret>")


def test_one_broken_report_leaves_the_others(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows.call()
    with_broken = tuple(
        replace(chart, report=broken) if chart.id == "savings" else chart
        for chart in charts.CHARTS
    )
    monkeypatch.setattr(charts, "CHARTS", with_broken)
    said = read(page)
    assert "This part could not be loaded" in said
    assert "secret" not in said
    assert {"spend", "routes", "latency"} <= figures(said).keys()


def test_figures_that_cannot_be_read_leave_the_budgets(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overview_module.facts, "load", broken)
    said = read(page)
    assert "This part could not be loaded" in said
    assert 'href="/dashboard/?"' in said


def lagging(real: Callable[..., Any], **columns: Any) -> Callable[..., Any]:
    return lambda question: replace(real(question), **columns)


@pytest.mark.parametrize(("lag_s", "is_said"), [(300, False), (301, True), (7_200, True)])
def test_sums_that_are_late_are_said(
    page: Page, monkeypatch: pytest.MonkeyPatch, lag_s: int, is_said: bool
) -> None:
    rows.call()
    real = overview_module.facts.load
    monkeypatch.setattr(overview_module.facts, "load", lagging(real, lag_s=lag_s))
    said = read(page)
    assert ("the figures are right" in said) is is_said
    assert "These numbers are not up to date" not in said


def test_hours_that_are_missing_are_said(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    rows.call()
    real = overview_module.facts.load
    late = lagging(real, lag_s=360_000, missing_hours=52)
    monkeypatch.setattr(overview_module.facts, "load", late)
    said = read(page)
    assert "These numbers are not up to date" in said
    assert "52 hours are not in the figures yet" in said
    assert "the figures are right" not in said


@pytest.mark.parametrize(
    "name", ["range", "from", "to", "zone", "tier", "language", "deployment", "renew", "unknown"]
)
def test_whatever_the_address_says_there_is_a_page(page: Page, name: str) -> None:
    rows.call()
    for text in HOSTILE:
        response = page.get("/dashboard/", {name: text})
        assert response.status_code == 200
        assert "<script>alert" not in response.content.decode()
        assert page.get("/dashboard/charts/spend.csv", {name: text}).status_code == 200


def test_a_chart_nobody_knows_is_not_found(page: Page) -> None:
    assert page.get("/dashboard/charts/secrets.csv").status_code == 404


def test_a_part_is_only_the_figures_and_shortens_the_address(page: Page) -> None:
    rows.call()
    response = page.get(
        "/dashboard/", {"range": "7d", "tier": "", "zone": "Asia/Seoul"},
        headers={"HX-Request": "true"},
    )
    assert "<html" not in response.content.decode()
    assert response["HX-Push-Url"] == "/dashboard/?range=7d"


def test_a_part_that_renews_itself_leaves_the_address_alone(page: Page) -> None:
    response = page.get("/dashboard/", {"renew": "1"}, headers={"HX-Request": "true"})
    assert "HX-Push-Url" not in response


def test_it_is_read_only(page: Page) -> None:
    assert page.post("/dashboard/").status_code == 405


@pytest.mark.parametrize("days", [1, 60])
def test_queries_do_not_grow_with_the_range(page: Page, days: int) -> None:
    for back in range(days):
        rows.call(rows.NOW - back * DAY)
        rows.hit(rows.NOW - back * DAY)
    rows.rolled_up()
    queries = page.queries_of("/dashboard/", {"range": "90d"})
    assert len(queries) <= MOST_QUERIES, "\n".join(query[:120] for query in queries)

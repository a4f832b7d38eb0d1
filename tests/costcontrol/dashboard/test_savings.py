"""The savings page: what was saved against a baseline, what that cost, and whether it is true."""

import csv
import io
import json
import random
import re
from datetime import timedelta
from html import unescape
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from billing import baselines
from billing.reports import savings_report
from costcontrol.dashboard.savings_tables import steps_of
from routing.models import CallKindRow, Debate
from tests.costcontrol.dashboard.rows import NOW, call, failure, hit, rolled_up

pytestmark = pytest.mark.django_db
PAGE = "/dashboard/savings/"
HOUR = timedelta(hours=1)


@pytest.fixture
def staff(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


def text_of(client: Client, path: str = PAGE, **query: str) -> str:
    response = client.get(path, query)
    assert response.status_code == 200
    return unescape(response.content.decode())


def rows_of(client: Client, name: str, **query: str) -> list[dict[str, str]]:
    response = client.get(f"{PAGE}{name}.csv", query)
    assert response.status_code == 200
    return list(csv.DictReader(io.StringIO(response.content.decode())))


def some_calls() -> None:
    call(call_kind="closing", prompt_cache_nanos=50_000_000)
    hit(call_kind="opening_statement", cache_layer="pattern", language="en")
    hit(call_kind="rag_search", cache_layer="precomputed", searches=1)
    call(tier="precompute", cost_nanos=125_000_000, debate_id="")
    call(model_class="local", cost_nanos=1_000_000)
    call(call_kind="rag_search", searches=2, search_nanos=20_000_000)


def test_the_steps_of_the_file_add_up_to_the_spend(staff: Client) -> None:
    some_calls()
    steps = {row["step"]: int(row["nanos"]) for row in rows_of(staff, "waterfall")}
    spent = steps.pop("spend")
    assert spent == sum(steps.values()) == 2 * 250_000_000 + 125_000_000 + 1_000_000
    assert steps["pattern"] == steps["search_cache"] == -1_000_000_000
    assert (steps["precompute"], steps["machine"]) == (125_000_000, 1_000_000)


def test_the_page_says_the_same_as_the_file(staff: Client) -> None:
    some_calls()
    rolled_up()
    said = text_of(staff)
    assert "What saving cost" in said
    assert "$0.126" in said  # ahead, and our own machine
    net = 5_000_000_000 - 626_000_000
    assert f"${net / 1e9:.2f}" in said
    charts = re.findall(r'<script type="application/json">(.*?)</script>', said, re.S)
    bars = json.loads(charts[0])["data"]
    report = savings_report.load(question(staff), against=None)
    assert [bar["name"] for bar in bars] == [
        step.name for step in steps_of(report.whole) if step.nanos
    ]
    level = bars[0]["x"][0]
    for bar in bars[1:-1]:
        assert bar["base"][0] == pytest.approx(level)
        level += bar["x"][0]
    assert bars[-1]["x"][0] == pytest.approx(level)


def question(staff: Client) -> Any:
    return staff.get(PAGE).context["state"].shared.question


def test_the_other_baseline_is_asked_by_name(staff: Client) -> None:
    baselines.freeze_premium("anthropic/claude-opus-5-5", [], at=NOW, actor="test")
    baselines.freeze_original(at=NOW, actor="test")
    call(call_kind="closing")
    (usual,) = rows_of(staff, "kinds")
    (other,) = rows_of(staff, "kinds", baseline="original")
    assert usual["baseline_nanos"] == "1000000000"
    assert int(other["baseline_nanos"]) == 100 * 30_000 + 50 * 60_000
    said = text_of(staff, baseline="original")
    assert "the original debate app chose for its kind" in said
    assert '<option value="original" selected>' in said
    assert "baseline=original" in said.split("waterfall.csv")[1][:80]


def test_a_baseline_that_there_is_not_is_said(staff: Client) -> None:
    call()
    assert "There is no baseline “<b>”" in text_of(staff, baseline="<b>")


def test_filters_narrow_every_part(staff: Client) -> None:
    some_calls()
    hit(NOW - 2 * HOUR, language="en", cache_layer="pattern")
    rolled_up()
    assert {row["language"] for row in rows_of(staff, "languages", language="en")} == {"en"}
    assert sum(int(row["cost_nanos"]) for row in rows_of(staff, "kinds", language="en")) == 0
    tiers = {row["tier"]: int(row["saved_nanos"]) for row in rows_of(staff, "tiers")}
    assert tiers["precompute"] == -125_000_000


@pytest.mark.postgresql
def test_one_model_of_hours_that_are_added_up_has_savings_and_no_debates(staff: Client) -> None:
    last = call(at=NOW - 5 * HOUR)
    rolled_up()
    rows = rows_of(staff, "tiers", deployment=last.deployment)
    assert [int(row["cost_nanos"]) for row in rows] == [last.cost_nanos]
    assert "Off: no debate is held out" in text_of(staff, deployment=last.deployment)


def test_off_is_shown_as_off_and_not_as_nothing(staff: Client, settings: Settings) -> None:
    call()
    settings.CACHE_SHARED = False
    CallKindRow.objects.update(may_be_template=False)
    said = text_of(staff)
    assert "The store of shared answers is off" in said
    assert "Web search is off" in said
    assert "no debate is held out" in said
    rows = re.findall(r"<tr>.*?</tr>", said.split('id="layers"')[1], re.S)
    stored = next(row for row in rows if "Stored for everybody" in row)
    assert "off" in stored
    assert "0%" not in stored


def test_hit_rates_leave_templates_out(staff: Client) -> None:
    call()
    hit(cache_layer="pattern")
    hit(cache_layer="template")
    layers = {row["layer"]: (row["answered"], row["asked"]) for row in rows_of(staff, "layers")}
    assert layers["pattern"] == ("1", "2")
    assert layers["template"] == ("1", "")


def test_without_calls_it_says_why(staff: Client) -> None:
    assert "No calls in these days" in text_of(staff)
    call(language="en")
    assert "No calls for these filters" in text_of(staff, deployment="", tier="free")


def test_a_failed_attempt_without_any_answer_is_no_saving(staff: Client) -> None:
    failure()
    said = text_of(staff)
    assert "No calls in these days" in said


def test_only_staff_sees_it_and_unknown_files_are_not_found(client: Client, alice: User) -> None:
    assert client.get(PAGE).status_code == 302
    client.force_login(alice)
    assert client.get(f"{PAGE}nothing.csv").status_code == 404


def debates(number: int, *, is_holdout: bool, cost: int, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(number):
        debate = Debate.objects.create(
            pk=uuid4(), user_id=1, topic="t", language="ko", format="2v2", created_at=NOW - HOUR,
            status="finished", finished_at=NOW,
        )
        call(
            debate_id=str(debate.pk), is_holdout=is_holdout or None, call_kind="closing",
            cost_nanos=round(cost * chance.uniform(0.9, 1.1)),
        )


@pytest.mark.parametrize(
    ("held_cost", "verdict"),
    [(1_000_000_000, "The estimate holds"), (500_000_000, "The estimate does not hold")],
)
def test_held_out_debates_check_the_estimate(
    staff: Client, settings: Settings, held_cost: int, verdict: str
) -> None:
    settings.HOLDOUT_PERCENT = 5
    debates(40, is_holdout=True, cost=held_cost, seed=1)
    debates(60, is_holdout=False, cost=100_000_000, seed=2)
    said = text_of(staff)
    assert verdict in said
    assert "5.0% of these debates are held out now" in said


def test_too_few_debates_are_said_in_words(staff: Client, settings: Settings) -> None:
    settings.HOLDOUT_PERCENT = 5
    debates(12, is_holdout=True, cost=10**9, seed=1)
    debates(60, is_holdout=False, cost=10**8, seed=2)
    assert "Not enough debates yet: 12 of 30" in text_of(staff)

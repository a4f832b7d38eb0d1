"""Routes and models: the table in force, its use, drafts, and switching models."""

import csv
import re
from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import pytest

from accounts.models import AuditEvent, User
from billing import rollups
from billing.models import ModelPrice
from costcontrol.lib import clock
from routing import health, snapshot
from routing.models import Deployment, RoutePolicy, WhatIfRun
from routing.whatif import work
from routing.whatif.changes import Changes
from tests.costcontrol.dashboard.conftest import Page
from tests.routing.whatif.past import (
    DAY,
    HAIKU,
    NOW,
    OPUS,
    SONNET,
    answered,
    cells_with,
    house_make,
    run_of,
)
from tests.routing.whatif.test_quality import rated

pytestmark = pytest.mark.django_db(transaction=True)
HERE = "/dashboard/routes/"
MOST_QUERIES = 34  # session, filters, four readings and how far the sums are for each
MINUTE = timedelta(minutes=1)


@pytest.fixture
def house(transactional_db: None) -> Iterator[None]:
    house_make()
    snapshot.forget()
    yield
    snapshot.forget()


@pytest.fixture
def staff(house: None, alice: User, page: Page) -> Page:
    alice.is_superuser = True
    alice.save()
    return page


def shown(page: Page, path: str = HERE, **query: str) -> str:
    reply = page.get(path, query)
    assert reply.status_code == 200
    return reply.content.decode()


def calls() -> None:
    """Two complex calls, one in economy mode, one medium; one attempt failed."""
    answered(NOW - 3 * MINUTE)
    answered(NOW - 4 * MINUTE, latency_ms=2_000)
    answered(NOW - 5 * MINUTE, deployment=HAIKU, is_economy=True)
    answered(NOW - 6 * MINUTE, complexity="medium")
    answered(NOW - 7 * MINUTE, requested_model=OPUS)
    answered(NOW - 8 * MINUTE, outcome="failed", error_code="upstream_timeout")


def rules_csv(page: Page) -> dict[tuple[str, str, str], int]:
    lines = shown(page, f"{HERE}rules.csv", range="7d").splitlines()[1:]
    cells = [line.split(",") for line in lines]
    return {(row[0], row[1], row[2]): int(row[4]) for row in cells if int(row[4])}


def test_every_rule_says_how_many_calls_went_by_it(staff: Page) -> None:
    calls()
    expected = {
        ("premium", "hybrid", "complex"): 2, ("premium", "economy", "complex"): 1,
        ("premium", "hybrid", "medium"): 1,
    }
    assert rules_csv(staff) == expected
    rollups.catch_up(now=NOW)
    assert rules_csv(staff) == expected
    text = shown(staff)
    assert "4 of 5 calls that models answered went by the table" in text
    assert "premium &gt; mid &gt; economy &gt; local" in text
    assert "/dashboard/what-if/?from=2026-10-27&amp;to=2026-11-25&amp;policy=1" in text


def test_rules_are_told_in_the_readers_language(staff: Page) -> None:
    calls()
    text = staff.get(HERE, headers={"accept-language": "ko"}).content.decode()
    cells = [cell.strip() for cell in re.findall(r"<td[^>]*>([^<]*)", text)]
    assert "어려운 호출" in cells
    assert not {"simple", "medium", "complex"} & set(cells)


def test_models_say_price_source_times_and_failures(staff: Page) -> None:
    calls()
    lines = csv.DictReader(shown(staff, f"{HERE}models.csv").splitlines())
    opus = next(line for line in lines if line["model"] == OPUS)
    assert (opus["calls"], opus["attempts"], opus["failed_attempts"]) == ("3", "4", "1")
    price = ModelPrice.objects.get(model="claude-opus-5-5", processing="standard",
                                   min_input_tokens=0)
    assert opus["price_source_date"] == price.source_date.isoformat()
    assert opus["p95_ms"]
    text = shown(staff)
    assert f"{price.source.partition(',')[0]}, {price.source_date.isoformat()}" in text
    assert "1 of 4" in text


def test_a_model_without_a_price_is_said_in_red(staff: Page) -> None:
    ModelPrice.objects.filter(model="claude-opus-5-5").delete()
    text = shown(staff)
    assert f"Without a price, and so never called: {OPUS}" in text
    assert 'data-tone="bad"' in text


def test_a_circuit_that_is_open_says_since_when(staff: Page) -> None:
    Deployment.objects.filter(name=OPUS).update(provider="fake", price_provider="anthropic")
    snapshot.forget()
    for _ in range(health.FAILURES_TO_OPEN):
        health.breaker(OPUS).failed("no answer")
    assert "circuit open since 12:04:00 KST" in shown(staff)
    health.breaker(OPUS).succeeded()
    assert "circuit open" not in shown(staff)


def test_quality_has_a_point_only_where_it_was_measured(staff: Page) -> None:
    calls()
    assert "Quality is not measured yet" in shown(staff)
    rated(OPUS, good=40, bad=10)
    text = shown(staff)
    assert "Quality is not measured yet" not in text
    assert "1 of 7 models are measured" in text
    assert "80%" in text or "80.0%" in text


def test_filters_narrow_rules_and_models(staff: Page) -> None:
    calls()
    answered(NOW - 9 * MINUTE, tier="enterprise", deployment=SONNET)
    rollups.catch_up(now=NOW)
    text = shown(staff, tier="enterprise")
    assert "1 of 1 call" in text
    assert "<td>free</td>" not in text


def test_without_calls_the_page_says_so(staff: Page) -> None:
    assert "No calls yet" in shown(staff)


def test_a_draft_is_made_changed_and_published_with_a_second_question(staff: Page) -> None:
    reply = staff.post(f"{HERE}drafts/")
    draft = RoutePolicy.objects.get(status="draft")
    there = f"{HERE}drafts/{draft.version}/"
    assert reply["Location"] == there
    assert "It is the same as the table in force" in shown(staff, there)
    cells = cells_with("hybrid", "complex", "mid", "local")
    fields = {
        f"cell.{mode}.{complexity}": " > ".join(classes)
        for mode, row in cells.items() for complexity, classes in row.items()
    }
    staff.post(there, fields)
    draft.refresh_from_db()
    assert draft.cells == cells
    assert "premium &gt; mid &gt; economy &gt; local" in shown(staff, there)
    assert "Nobody has asked what it would have cost" in shown(staff, there)
    staff.post(f"{there}publish/")
    assert RoutePolicy.objects.get(status="draft") == draft
    staff.post(f"{there}publish/", {"confirm": "1"})
    assert RoutePolicy.objects.get(status="published") == draft
    actions = list(AuditEvent.objects.values_list("action", flat=True).order_by("pk"))
    assert actions[-3:] == ["policy_draft", "policy_edit", "policy_publish"]
    reply = staff.post(f"{there}publish/", {"confirm": "1"}, follow=True)
    assert "is not a draft" in reply.content.decode()


def test_a_table_that_cannot_be_used_is_not_saved(staff: Page) -> None:
    staff.post(f"{HERE}drafts/")
    draft = RoutePolicy.objects.get(status="draft")
    reply = staff.post(f"{HERE}drafts/{draft.version}/", {"cell.hybrid.simple": "huge"})
    assert reply.status_code == 400
    assert "is not a model class" in reply.content.decode()
    assert RoutePolicy.objects.get(status="draft").cells == draft.cells


def test_a_draft_shows_what_it_would_have_cost_and_when_that_is_old(staff: Page) -> None:
    answered(DAY + MINUTE)
    cells = cells_with("hybrid", "complex", "mid")
    draft = RoutePolicy.objects.create(version=5, cells=cells)
    run = run_of(Changes(policy=5, cells=cells))
    work.advance(run)
    text = shown(staff, f"{HERE}drafts/5/")
    assert "With this version" in text
    assert f"/dashboard/what-if/{run.pk}/" in text
    assert "was changed since" not in text
    draft.cells = cells_with("hybrid", "complex", "economy")
    draft.save()
    assert "was changed since" in shown(staff, f"{HERE}drafts/5/")
    assert WhatIfRun.objects.count() == 1


def test_a_model_is_disabled_and_enabled_with_a_reason_after_a_second_question(
    staff: Page
) -> None:
    row = Deployment.objects.get(name=OPUS)
    there = f"{HERE}models/{row.pk}/"
    assert "Others of its class answer instead" in shown(staff, there)
    staff.post(there, {"is_enabled": "0"})
    row.refresh_from_db()
    assert row.is_enabled
    staff.post(there, {"is_enabled": "0", "confirm": "1", "reason": "too slow"})
    row.refresh_from_db()
    assert not row.is_enabled
    event = AuditEvent.objects.get(action="deployment_switch")
    assert (event.target, event.reason, event.actor) == (OPUS, "too slow", "alice@example.com")
    ModelPrice.objects.filter(model="claude-opus-5-5").delete()
    reply = staff.post(there, {"is_enabled": "1", "confirm": "1"}, follow=True)
    assert "There is no price for" in reply.content.decode()


def test_the_last_model_of_a_class_is_pointed_out(staff: Page) -> None:
    others = Deployment.objects.filter(model_class="premium").exclude(name=OPUS)
    others.update(is_enabled=False)
    row = Deployment.objects.get(name=OPUS)
    assert "the only enabled model of its class" in shown(staff, f"{HERE}models/{row.pk}/")


def test_the_page_asks_few_questions_however_many_calls_there_are(staff: Page) -> None:
    with clock.at(NOW):
        for number in range(30):
            answered(NOW - timedelta(hours=number), call_id=uuid4())
    rollups.catch_up(now=NOW)
    shown(staff)
    found = staff.queries_of(HERE)
    assert len(found) <= MOST_QUERIES
    answered(NOW - MINUTE)
    assert len(staff.queries_of(HERE)) == len(found)


def test_whoever_may_not_change_looks_only(house: None, page: Page) -> None:
    text = shown(page)
    assert "Make a draft" not in text
    row = Deployment.objects.get(name=OPUS)
    assert "needs the permission" in shown(page, f"{HERE}models/{row.pk}/")
    draft = RoutePolicy.objects.create(version=5, cells=cells_with("hybrid", "complex", "mid"))
    for path in ("drafts/", f"drafts/{draft.version}/", f"drafts/{draft.version}/publish/",
                 f"models/{row.pk}/"):
        assert page.post(f"{HERE}{path}", {"confirm": "1", "is_enabled": "0"}).status_code == 403


@pytest.mark.parametrize("path", ["drafts/99/", "models/999999/", "nothing.csv"])
def test_what_is_not_there_is_not_found(staff: Page, path: str) -> None:
    assert staff.get(f"{HERE}{path}").status_code == 404



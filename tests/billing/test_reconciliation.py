"""A provider's figures beside ours."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from billing import rollups
from billing.models import Reservation, UsageImport, UsageImportLine
from billing.reports.reconciled import Comparison
from billing.reports.reconciliation import compare, newest_day
from billing.usage_imports.importing import usage_import
from tests.billing.usage_imports import files
from tests.costcontrol.dashboard.rows import call, failure, hit

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
NOW = datetime(2026, 11, 25, 3, tzinfo=UTC)
DAY = date(2026, 11, 20)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HAIKU = "anthropic/claude-haiku-5-5"
SERVED = {HAIKU: ("anthropic", "claude-haiku-5-5")}
CENT = 10_000_000


def bring(*texts: str | bytes, provider: str = "anthropic") -> None:
    for text in texts:
        data = text.encode() if isinstance(text, str) else text
        usage_import(provider, data, file_name="x.csv", actor="alice", now=NOW)


def seen(provider: str = "anthropic", **more: Any) -> Comparison:
    rollups.catch_up(now=NOW)
    return compare(provider, **{"until": DAY, "served": SERVED, "now": NOW} | more)


def test_tokens_and_dollars_are_matched_by_day_and_model() -> None:
    call(NOON, fresh_input_tokens=110, cache_read_tokens=30, cache_write_tokens=7,
         output_tokens=55, cost_nanos=25 * CENT)
    bring(files.ANTHROPIC, files.ANTHROPIC_COST)
    found = seen()
    line, rest = found.lines
    assert line.deployments == {HAIKU}
    assert (line.theirs.tokens, line.ours.tokens, line.token_gap) == (202, 202, 0)
    assert (line.theirs.cost_nanos, line.cost_gap, line.agrees) == (25 * CENT, 0, True)
    assert (rest.model, rest.theirs.cost_nanos, rest.ours.cost_nanos) == ("", CENT, 0)
    assert found.days[0].cost_gap == found.total.cost_gap == -CENT


def test_days_are_cut_in_utc() -> None:
    call(datetime(2026, 11, 20, 23, 59, tzinfo=UTC), cost_nanos=CENT)
    call(datetime(2026, 11, 21, 0, 0, tzinfo=UTC), cost_nanos=9 * CENT)
    bring(files.ours(f"{DAY},claude-haiku-5-5,,,,0.01"))
    assert [line.ours.cost_nanos for line in seen().lines] == [CENT]


def test_answers_out_of_a_cache_and_other_providers_are_not_in_it() -> None:
    call(NOON, cost_nanos=CENT)
    hit(NOON)
    call(NOON, deployment="openai/gpt-6-luna", provider="openai", model="gpt-6-luna")
    bring(files.ours(f"{DAY},claude-haiku-5-5,1,100,50,0.01"))
    (line,) = seen().lines
    assert (line.ours.requests, line.ours.tokens, line.cost_gap) == (1, 150, 0)


def test_the_newest_file_about_a_day_counts_and_the_others_stay() -> None:
    call(NOON, cost_nanos=CENT)
    bring(
        files.ours(f"{DAY},claude-haiku-5-5,,,,5", f"{DAY},gone,,,,1", "2026-11-19,old,,,,2"),
        files.ours(f"{DAY},claude-haiku-5-5,,,,0.01"),
    )
    found = {(line.day, line.model): line.theirs.cost_nanos for line in seen().lines}
    assert found == {(DAY, "claude-haiku-5-5"): CENT, (date(2026, 11, 19), "old"): 200 * CENT}


def test_a_model_that_only_one_side_knows_is_a_difference() -> None:
    call(NOON, cost_nanos=60 * CENT)
    bring(files.ours(f"{DAY},another-model,4,10,5,0.90"))
    gaps = {line.model: (line.cost_gap, line.agrees) for line in seen().lines}
    assert gaps == {
        "another-model": (-90 * CENT, False), "claude-haiku-5-5": (60 * CENT, False)
    }


def test_what_may_explain_it_is_counted() -> None:
    call(NOON, cost_nanos=CENT, confidence="estimated")
    failure(NOON)
    Reservation.objects.create(
        id=uuid4(), call_id=uuid4(), holds=[], amount=CENT, lease_until_ms=0,
        provider="anthropic", model="claude-haiku-5-5", created_ms=NOON.timestamp() * 1000,
    )
    bring(files.ours(f"{DAY},claude-haiku-5-5,,,,0.01"))
    (line,) = seen().lines
    assert (line.estimated_nanos, line.open_calls, line.ours.requests) == (CENT, 1, 2)


def test_open_calls_are_on_the_bill_of_whoever_is_paid_for_them() -> None:
    """Whatever adapter they go through."""
    for deployment, provider in ((HAIKU, "fake"), ("local/free", "anthropic")):
        Reservation.objects.create(
            id=uuid4(), call_id=uuid4(), holds=[], amount=CENT, lease_until_ms=0,
            provider=provider, model="claude-haiku-5-5", created_ms=NOON.timestamp() * 1000,
            facts={"usage": {"deployment": deployment}},
        )
    bring(files.ours(f"{DAY},claude-haiku-5-5,,,,0.01"))
    served = {**SERVED, "local/free": ("local", "claude-haiku-5-5")}
    assert [line.open_calls for line in seen(served=served).lines] == [1]
    assert [line.open_calls for line in seen(served={}).lines] == [1]


def test_a_day_of_nothing_is_compared_and_is_no_model() -> None:
    call(NOON, cost_nanos=60 * CENT)
    day = UsageImport.objects.create(
        provider="anthropic", source="api", digest="0", first_day=DAY, last_day=DAY, made_at=NOW
    )
    UsageImportLine.objects.create(usage_import=day, day=DAY, model="", cost_nanos=0)
    (line,) = seen().lines
    assert (line.model, line.cost_gap, line.agrees) == ("claude-haiku-5-5", 60 * CENT, False)


def test_dollars_of_whole_days_are_compared_by_day_alone() -> None:
    call(NOON, cost_nanos=50 * CENT)
    bring(files.ours(f"{DAY},,,,,0.50"))
    found = seen()
    assert [line.cost_gap for line in found.lines] == [None, None]
    assert (found.days[0].cost_gap, found.days[0].agrees) == (0, True)


def test_a_file_about_tokens_says_nothing_about_dollars() -> None:
    call(NOON, cost_nanos=CENT)
    bring(files.ours(f"{DAY},claude-haiku-5-5,,100,50,"))
    found = seen()
    assert (found.lines[0].cost_gap, found.lines[0].token_gap) == (None, 0)
    assert found.total.cost_gap is None


@pytest.mark.parametrize(("usd", "agrees"), [("0.26", True), ("0.27", False), ("10.04", False)])
def test_cents_are_rounded_by_vendors(usd: str, agrees: bool) -> None:
    call(NOON)
    bring(files.ours(f"{DAY},claude-haiku-5-5,,,,{usd}"))
    assert seen().lines[0].agrees is agrees


def test_so_many_days_at_a_time() -> None:
    bring(files.ours(*(f"{DAY - timedelta(days=n)},x,,,,1" for n in range(40))))
    found = seen()
    assert (len(found.days), found.has_older, newest_day("anthropic")) == (31, True, DAY)
    older = seen(until=found.first - timedelta(days=1))
    assert (len(older.days), older.has_older) == (9, False)


def test_nothing_was_imported() -> None:
    call(NOON)
    assert newest_day("anthropic") is None
    assert seen().lines == ()

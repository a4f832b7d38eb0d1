"""The statement adds up against every baseline, and says the same as the rows, in any cut."""

import uuid
from copy import copy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing import baselines, rollups, savings
from billing.baselines import Named
from billing.models import UsageRecord
from billing.reports import savings_report
from billing.reports.ranges import last_days
from billing.reports.savings_report import SavingsReport
from billing.reports.savings_sums import Statement, priced, statement_of, sums_between
from billing.reports.shapes import Filters, Question
from tests.billing import ledgers
from tests.billing import test_figures_agree as agree
from tests.billing.test_figures_agree import Case, cases, on_ledgers, play

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
NOW = datetime(2026, 11, 20, 3, 20, tzinfo=UTC)
OPUS = "anthropic/claude-opus-5-5"


@pytest.fixture
def original(db: None) -> Named:
    baselines.freeze_original(at=NOW, actor="test")
    return savings_report.chosen("original")[0]  # type: ignore[return-value]


def record(**columns: Any) -> UsageRecord:
    values: dict[str, Any] = {
        "call_id": uuid.uuid4(), "attempt": 1, "at": NOW, "user_id": 1, "tier": "free",
        "language": "ko", "requested_model": "auto", "deployment": OPUS, "model_class": "premium",
        "outcome": "complete", "confidence": "exact", "call_kind": "closing",
        "fresh_input_tokens": 100, "output_tokens": 10, "baseline": OPUS, "baseline_nanos": 900,
    }
    return UsageRecord.objects.create(**values | columns)


def report(against: Named | None = None, **filters: str) -> SavingsReport:
    days = last_days(7, zone="Asia/Seoul", now=NOW)
    return savings_report.load(Question(days, NOW, Filters(**filters)), against=against)


def assert_adds_up(found: Statement) -> None:
    left = found.baseline_nanos - found.gross_nanos - found.own_nanos + found.uncompared_nanos
    assert left == found.cost_nanos
    assert all(nanos <= 0 for nanos in found.own_costs.values())


@on_ledgers
@given(case=cases(), name=st.sampled_from(["premium", "original"]))
def test_parts_and_own_costs_are_baseline_less_spend(case: Case, name: str) -> None:
    play(case)
    against = a_baseline(name)
    found = savings_report.load(case.question, against=against)
    rows = case.asked
    assert_adds_up(found.whole)
    assert found.whole.cost_nanos == sum(row.cost_nanos for row in rows)
    assert found.whole.baseline_nanos == sum(
        baseline_of(row, against) for row in rows if agree.is_compared(row)
    )
    assert {**found.whole.causes, **found.whole.own_costs} == by_row(rows, against)
    assert sum(value or 0 for line in found.series.lines for value in line.values) == (
        found.whole.saved_nanos
    )
    for groups in (found.by_kind, found.by_tier, found.by_language):
        for _key, part in groups:
            assert_adds_up(part)
        assert sum(part.saved_nanos for _key, part in groups) == found.whole.saved_nanos
        assert sum(part.cost_nanos for _key, part in groups) == found.whole.cost_nanos
    straight = sums_between(case.question.range.start, case.question.now)
    assert statement_of(priced(straight, against)) == found.whole


def a_baseline(name: str) -> Named:
    if name == "original":
        baselines.freeze_original(at=NOW, actor="test")
    else:
        price = baselines.Rate(Decimal(4), Decimal(20), Decimal("0.01"))
        baselines.freeze(
            "premium", "P", {"by": "deployment", "deployment": OPUS, "rates": [price.as_json()]},
            at=NOW, actor="test", is_default=True,
        )
    found = savings_report.chosen(name)[0]
    assert found is not None
    return found


def baseline_of(row: UsageRecord, against: Named) -> int:
    if against.name == "premium":
        return row.baseline_nanos or 0
    rate = against.how.rate(row.call_kind)  # type: ignore[union-attr]
    read = [row.fresh_input_tokens, row.cache_read_tokens, row.cache_write_tokens]
    return rate.nanos(
        input_tokens=sum(count or 0 for count in read), output_tokens=row.output_tokens or 0,
        searches=row.searches or 0,
    )


def by_row(rows: list[UsageRecord], against: Named) -> dict[str, int]:
    """Each row by the one definition, with the other baseline in its place and as its price was
    corrected."""
    found = dict.fromkeys((*savings.CAUSES, *savings.OWN_COSTS), 0)
    for row in corrected(rows):
        if agree.is_compared(row):
            row.baseline_nanos = baseline_of(row, against)
        for cause, nanos in savings.causes(row).items():
            found[cause] += nanos
    return found


def corrected(rows: list[UsageRecord]) -> list[UsageRecord]:
    whole = {row.pk or -id(row): copy(row) for row in ledgers.counted(rows)}
    for row in rows:
        if row.corrects_id is not None:
            whole[row.corrects_id].cost_nanos += row.cost_nanos
            whole[row.corrects_id].prompt_cache_nanos += row.prompt_cache_nanos
    return list(whole.values())


def test_a_statement_in_words(original: Named) -> None:
    record(cost_nanos=300, prompt_cache_nanos=50)
    record(outcome="cached", cache_layer="precomputed", attempt=0)
    record(outcome="failed", cost_nanos=7, baseline_nanos=None)
    record(tier="precompute", cost_nanos=40)
    record(baseline_nanos=None, cost_nanos=5)
    found = report().whole
    assert found.baseline_nanos == 1800
    assert {name: nanos for name, nanos in found.causes.items() if nanos} == {
        "precomputed": 900, "prompt_cache": 50, "route": 550
    }
    assert {name: nanos for name, nanos in found.own_costs.items() if nanos} == {
        "precompute": -40, "failed": -7
    }
    assert (found.saved_nanos, found.uncompared_nanos, found.cost_nanos) == (1453, 5, 352)
    mix = report(original).whole  # gpt-4 closes debates: 30,000 nanos a token read, 60,000 written
    assert mix.baseline_nanos == 2 * (100 * 30_000 + 10 * 60_000)
    assert_adds_up(mix)


def test_templates_are_no_hits() -> None:
    record()
    record(outcome="cached", cache_layer="pattern", attempt=0)
    record(outcome="cached", cache_layer="template", attempt=0)
    record(outcome="cached", cache_layer="pattern", attempt=0, call_kind="rag_search", searches=1)
    record(tier="precompute")
    layers = {line.layer: (line.hits, line.asked, line.saved_nanos) for line in report().layers}
    assert layers["pattern"] == (1, 3, 900)
    assert layers["template"] == (1, None, 900)
    assert layers["search_cache"] == (1, 3, 900)
    assert layers["precomputed"] == (0, 3, 0)


def test_searches_are_a_line_of_their_own() -> None:
    record(call_kind="rag_search", searches=2, search_nanos=20, cost_nanos=90)
    record(call_kind="rag_search", outcome="cached", cache_layer="pattern", searches=1)
    found = report().searches
    assert (found.bought, found.cost_nanos, found.stored) == (2, 20, 1)
    assert found.by_kind == (("rag_search", 2, 20),)


def test_rolled_hours_and_rows_say_the_same() -> None:
    for hours in range(5):
        record(at=NOW - timedelta(hours=hours), cost_nanos=hours)
    before = report()
    rollups.catch_up(now=NOW)
    assert before.lag_s
    assert report() == replace(before, lag_s=0)
    assert report(tier="free").whole == before.whole
    assert not report(language="en").whole.is_known

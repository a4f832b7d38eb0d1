"""Savings and caches of many days, whatever they are narrowed to: days and months say what hours
say, and hours what the calls say; and hours are not read where days know."""

import uuid
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from django.db.models import F, Sum

from billing import baselines, measures, rollups
from billing.baselines import Named
from billing.hours import hour_of
from billing.models import DailySaving, HourlySaving, LateRow, RollupState, UsageRecord
from billing.models_rollup import SavingGrain
from billing.reports import facts, layers, reading, savings_report
from billing.reports.layers import LayerFacts
from billing.reports.ranges import Range
from billing.reports.savings_report import SavingsReport
from billing.reports.shapes import Filters, Question

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
MIDNIGHT = datetime(2026, 1, 27, 15, tzinfo=UTC)  # in Seoul
NOW = MIDNIGHT + timedelta(days=36, hours=2)
WHOLE = Range(date(2026, 1, 28), date(2026, 3, 5), "Asia/Seoul")
GEMMA, OPUS = "ollama/gemma3", "anthropic/opus"
KINDS = ("opening", "rag_search", "closing")
FILTERS = [
    Filters(), Filters(tier="free"), Filters(language="ko"), Filters(deployment=GEMMA),
    Filters(tier="premium", deployment=OPUS), Filters("free", "en", GEMMA),
]


def record(number: int, days: float, **columns: Any) -> None:
    """Each call differs from the others in money and tokens, so that no two sums are alike."""
    values: dict[str, Any] = {
        "call_id": uuid.uuid4(), "attempt": 1, "at": MIDNIGHT + timedelta(days=days),
        "user_id": 1, "requested_model": "auto", "outcome": "complete", "confidence": "exact",
        "cost_nanos": 7 + number, "baseline": "x", "baseline_nanos": 900 + number * number,
        "fresh_input_tokens": 10 + number, "output_tokens": 3 + number % 7,
    }
    UsageRecord.objects.create(**values | columns)


@pytest.fixture(autouse=True)
def some_days(db: None) -> None:
    """A whole month, days before and after it, and calls of this hour."""
    LateRow.objects.all().delete()
    RollupState.objects.create(pk=1, frontier=hour_of(MIDNIGHT), zone="Asia/Seoul")
    each = product(("free", "premium"), ("ko", "en"), (GEMMA, OPUS), KINDS, ("", "pattern"))
    for number, (tier, language, deployment, kind, layer) in enumerate(each):
        record(
            number, (number * 5 % 37) * 0.97, tier=tier, language=language, call_kind=kind,
            deployment=deployment, model_class="local" if deployment == GEMMA else "premium",
            cache_layer=layer, outcome="cached" if layer else "complete",
        )
    rollups.catch_up(now=NOW)


def against(name: str) -> Named | None:
    baselines.freeze_original(at=NOW, actor="test")
    return savings_report.chosen(name)[0]


def told(filters: Filters, baseline: Named | None) -> list[tuple[SavingsReport, LayerFacts]]:
    """Seen from Seoul, and from where days are cut elsewhere."""
    questions = [
        Question(Range(WHOLE.first, WHOLE.last, zone), NOW, filters)
        for zone in ("Asia/Seoul", "America/New_York")
    ]
    return [(savings_report.load(each, against=baseline), _sorted(each)) for each in questions]


def _sorted(question: Question) -> Any:
    found = layers.load(question)
    return layers.layer_sums(found, storable={"opening"}), layers.kind_sums(found), (
        layers.answers(found), layers.saved(found), found.own_nanos
    )


@pytest.mark.parametrize("filters", FILTERS, ids=str)
@pytest.mark.parametrize("baseline", ["premium", "original"])
def test_days_and_months_say_what_hours_say(filters: Filters, baseline: str) -> None:
    named = against(baseline)
    of_days = told(filters, named)
    RollupState.objects.update(days_from=F("frontier"))
    assert of_days == told(filters, named)


@pytest.mark.parametrize("filters", FILTERS, ids=str)
def test_all_of_it_is_the_sum_of_the_calls(filters: Filters) -> None:
    narrowed = {
        name: value for name in ("tier", "language", "deployment")
        if (value := getattr(filters, name))
    }
    rows = UsageRecord.objects.filter(**narrowed)
    ((found, _layers), _new_york) = told(filters, None)
    cost, baseline = rows.aggregate(cost=Sum("cost_nanos"), base=Sum("baseline_nanos")).values()
    assert (found.whole.cost_nanos, found.whole.baseline_nanos) == (cost, baseline)
    by_kind = {
        kind: rows.filter(call_kind=kind).aggregate(cost=Sum("cost_nanos"))["cost"]
        for kind in KINDS
    }
    assert {kind: each.cost_nanos for kind, each in found.by_kind} == by_kind
    assert sum(
        value or 0 for line in found.series.lines for value in line.values
    ) == baseline - cost


@pytest.mark.parametrize("filters", FILTERS, ids=str)
def test_whole_days_are_not_read_by_the_hour(filters: Filters) -> None:
    before = told(filters, None)[0]
    HourlySaving.objects.filter(hour__lt=hour_of(MIDNIGHT + timedelta(days=36))).delete()
    assert told(filters, None)[0] == before


def test_a_chart_reads_a_row_for_each_layer_and_not_for_each_kind() -> None:
    whole = DailySaving.objects.filter(grain=SavingGrain.WHOLE)
    assert set(whole.values_list("call_kind", flat=True)) == set(KINDS)
    causes = DailySaving.objects.filter(grain=SavingGrain.CAUSES)
    assert set(causes.values_list("call_kind", flat=True)) == {"", "rag_search"}
    for name in ("baseline_nanos", "cost_nanos", "answered", "output_tokens"):
        sums = DailySaving.objects.values("grain").annotate(sum=Sum(name)).order_by()
        assert len({row["sum"] for row in sums}) == 1
    assert {row["grain"] for row in sums} == set(SavingGrain.values)


def test_one_kind_of_call_is_narrowed_by_the_database() -> None:
    question = Question(WHOLE, NOW, Filters(deployment=OPUS))
    every, one = layers.load(question), layers.load(question, kind="closing")
    assert layers.kind_sums(one) == tuple(
        each for each in layers.kind_sums(every) if each.kind == "closing"
    )
    answered = sum(value or 0 for line in layers.answers(one).lines for value in line.values)
    assert answered == layers.kind_sums(one)[0].hits > 0


def test_what_no_day_tells_apart_is_read_by_the_hour() -> None:
    """Days tell the class only of what a local model answered."""
    spans = facts.located(WHOLE.buckets, until=NOW, now=NOW).spans
    cube = measures.SAVING.only(["output_tokens"])
    found = reading.rows_of(cube, ("model_class",), reading.runs(spans), Filters())
    rows = UsageRecord.objects.values_list("model_class").annotate(Sum("output_tokens"))
    assert {name: tokens for _all, name, tokens in found} == dict(rows)

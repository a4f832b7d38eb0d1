"""The overview's reports on ledgers small enough to add up by hand."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from billing import rollups
from billing.hours import hour_of
from billing.models import Budget, RollupState, UsageRecord
from billing.reports import (
    budget_today,
    debates,
    errors,
    facts,
    kpis,
    latency,
    routes,
    savings,
    spend,
)
from billing.reports.facts import Facts
from billing.reports.ranges import last_days
from billing.reports.shapes import Filters, Part, Question, Series
from billing.reports.spans import MAX_LIVE_HOURS
from billing.savings import CAUSES, OWN_COSTS
from costcontrol.lib import errors as failures
from costcontrol.lib.errors import CostControlError, ProviderError

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
NOW = datetime(2026, 11, 20, 3, 20, tzinfo=UTC)  # past noon in Seoul
OPUS, GEMMA = "anthropic/claude-opus-5-5", "ollama/gemma3"


def record(**columns: Any) -> UsageRecord:
    values: dict[str, Any] = {
        "call_id": uuid.uuid4(), "attempt": 1, "at": NOW, "user_id": 1, "tier": "free",
        "language": "ko", "requested_model": "auto", "deployment": OPUS, "model_class": "premium",
        "outcome": "complete", "confidence": "exact", "latency_ms": 1000,
    }
    return UsageRecord.objects.create(**values | columns)


def load(days: int = 7, **filters: str) -> Facts:
    return facts.load(question(days, **filters))


def question(days: int = 7, **filters: str) -> Question:
    return Question(last_days(days, zone="Asia/Seoul", now=NOW), NOW, Filters(**filters))


def lines(series: Series) -> dict[str, int]:
    return {line.key: sum(value or 0 for value in line.values) for line in series.lines}


def test_spend_is_told_by_class_the_cheapest_first() -> None:
    record(cost_nanos=7)
    record(cost_nanos=5, deployment=GEMMA, model_class="local")
    assert lines(spend.by_class(load())) == {"local": 5, "economy": 0, "mid": 0, "premium": 7}


def test_a_day_ahead_has_no_value_and_a_day_without_calls_has_0() -> None:
    values = spend.by_class(load(1)).lines[0].values  # by hour; it is past noon
    assert values[:13] == (0,) * 13
    assert values[13:] == (None,) * 11


def test_savings_are_told_by_cause() -> None:
    record(cost_nanos=30, baseline=OPUS, baseline_nanos=100, prompt_cache_nanos=20)
    record(outcome="cached", attempt=0, cache_layer="exact", baseline=OPUS, baseline_nanos=9)
    record(outcome="failed", cost_nanos=4)
    found = savings.by_cause(load())
    assert {cause: nanos for cause, nanos in lines(found).items() if nanos} == {
        "exact": 9, "prompt_cache": 20, "route": 50, "failed": -4
    }
    assert list(lines(found)) == [*CAUSES, *OWN_COSTS]
    whole = savings.saved(load())
    assert whole is not None
    assert (whole.nanos, whole.calls, whole.baselines) == (75, 2, (OPUS,))


def test_templates_and_our_own_calls_are_in_no_hit_rate() -> None:
    record(cost_nanos=30)
    record(outcome="cached", attempt=0, cache_layer="pattern")
    record(outcome="cached", attempt=0, cache_layer="template")
    record(tier="precompute")
    values = {kpi.key: kpi.value for kpi in kpis.kpis(load(), load())}
    assert values["cache_hits"] == 5000


def test_ten_routes_and_the_rest() -> None:
    for number in range(12):
        record(deployment=f"openai/m{number:02}", cost_nanos=100 - number)
    record(outcome="refused", attempt=0, deployment="", model_class="", error_code="rate_limited")
    mix = routes.mix(load())
    assert mix[0] == Part("openai/m00", 1, 100)
    assert mix[10:] == (Part("other", 2, 90 + 89),)


def test_caches_are_routes_of_their_own() -> None:
    record(outcome="cached", attempt=0, cache_layer="shared")
    assert routes.mix(load()) == (Part("cache.shared", 1, 0),)


def test_latencies_of_providers_and_caches_are_apart() -> None:
    record(latency_ms=1000)
    record(outcome="cached", attempt=0, cache_layer="exact", latency_ms=4)
    found = {line.key: line.values[-1] for line in latency.percentiles(load()).lines}
    assert found["provider.p95"] == pytest.approx(1000, rel=0.12)
    assert found["cache.p50"] == pytest.approx(4, rel=0.25)
    assert latency.percentiles(load()).lines[0].values[0] is None


def test_reading_along_takes_as_long_as_the_call_that_is_read() -> None:
    record(outcome="cached", attempt=0, cache_layer="shared", latency_ms=9000)
    record(outcome="cached", attempt=0, cache_layer="exact", latency_ms=4)
    found = {line.key: line.values[-1] for line in latency.percentiles(load()).lines}
    assert found["provider.p50"] == pytest.approx(9000, rel=0.12)
    assert found["cache.p95"] == pytest.approx(4, rel=0.25)


def test_errors_and_refusals_are_apart() -> None:
    record(outcome="failed", error_code="upstream_timeout")
    record(outcome="refused", attempt=0, error_code="upstream_unavailable")
    record(outcome="refused", attempt=0, error_code="quota_exceeded")
    record(outcome="incomplete", error_code="worker_lost")
    record(outcome="cancelled")
    found = load()
    assert lines(errors.by_code(found)) == {
        "upstream_timeout": 1, "upstream_unavailable": 1, "worker_lost": 1
    }
    assert lines(errors.refusals(found)) == {"quota_exceeded": 1}
    rate = next(kpi for kpi in kpis.kpis(found, found) if kpi.key == "error_rate")
    assert rate.value == 5000  # two of four calls


def test_every_code_is_an_error_or_a_refusal_on_purpose() -> None:
    """A new error class has to be decided: ours on purpose, or something that went wrong."""
    own = {cls.code for cls in _subclasses(CostControlError) if cls.__module__ == failures.__name__}
    wrong = {cls.code for cls in _subclasses(ProviderError)} | {"internal_error"}
    assert own - errors.REFUSALS <= wrong
    assert not errors.REFUSALS & wrong


def _subclasses(cls: Any) -> list[Any]:
    return [cls, *(found for sub in cls.__subclasses__() for found in _subclasses(sub))]


def test_a_debate_costs_what_its_calls_cost() -> None:
    record(debate_id="a", cost_nanos=10)
    record(debate_id="a", cost_nanos=5, at=NOW - timedelta(hours=3))
    record(debate_id="a", cost_nanos=6, user_id=2)
    record(cost_nanos=1000)
    rollups.catch_up(now=NOW)
    assert debates.cost_per_debate(load()) == 10  # 21 by two, half to even
    assert debates.cost_per_debate(load(deployment=OPUS)) is None


def test_the_period_before_ends_at_the_same_time_of_day() -> None:
    record(cost_nanos=7)
    record(cost_nanos=5, at=NOW - timedelta(days=1, minutes=1))
    record(cost_nanos=100, at=NOW - timedelta(days=1) + timedelta(minutes=1))
    found = kpis.kpis(load(1), facts.load(facts.previous(question(1))))
    assert (found[0].key, found[0].value, found[0].previous) == ("spend", 7, 5)


def test_half_a_period_before_is_nothing_to_compare_with() -> None:
    begun = question(1).range.previous().start
    record(at=NOW)
    assert facts.load_previous(question(1)) is None
    record(at=begun + timedelta(seconds=1))
    assert facts.load_previous(question(1)) is None
    record(at=begun, cost_nanos=3)
    before = facts.load_previous(question(1))
    assert before is not None
    assert before.calls == 2
    assert all(kpi.previous is None for kpi in kpis.kpis(load(1), None))


def test_nothing_known_is_not_0() -> None:
    values = {kpi.key: kpi.value for kpi in kpis.kpis(load(), load())}
    assert values == {
        "spend": 0, "saved": None, "cost_per_debate": None, "cache_hits": None,
        "latency_p95": None, "error_rate": None,
    }


def test_days_behind_the_rollup_says_what_is_missing() -> None:
    record(at=NOW - timedelta(days=5), cost_nanos=7)
    RollupState.objects.create(pk=1, frontier=hour_of(NOW) - 24 * 6)
    found = load()
    assert found.lag_s == 24 * 6 * 3600
    assert found.missing_hours == 24 * 6 + 1 - MAX_LIVE_HOURS
    assert found.cost_nanos == 0
    assert spend.by_class(found).lines[0].values[1] is None
    rollups.catch_up(now=NOW)
    assert (load().lag_s, load().missing_hours, load().cost_nanos) == (0, 0, 7)


def test_the_number_of_queries_does_not_depend_on_the_rows(
    django_assert_max_num_queries: Any,
) -> None:
    for hours in range(0, 100, 3):
        record(at=NOW - timedelta(hours=hours), debate_id=f"d{hours}")
    rollups.catch_up(now=NOW)
    record(at=NOW - timedelta(hours=50))
    with django_assert_max_num_queries(15):
        load()


def budget(kind: str = "platform", of: str = "", period: str = "day") -> None:
    Budget.objects.create(scope_kind=kind, scope_id=of, period=period, cap_nanos=10**6)


def projected() -> dict[str, int | None]:
    return {
        f"{one.scope_kind} {one.scope_id} {one.period}": one.projected
        for one in budget_today.budgets(now=NOW)
    }


def test_a_day_is_projected_by_the_same_hours_of_the_days_before() -> None:
    budget()
    budget("tier", "free")
    budget("provider", "ollama")
    budget("user", "1")
    record(at=NOW - timedelta(days=2, minutes=1))  # since when there is history
    record(cost_nanos=60, at=NOW - timedelta(days=1, hours=-2))  # of yesterday's rest
    record(cost_nanos=20, at=NOW - timedelta(days=2, hours=-2), tier="premium", deployment=GEMMA)
    record(cost_nanos=900, at=NOW - timedelta(hours=5))  # this morning: not ahead
    rollups.catch_up(now=NOW)
    assert projected() == {
        "platform  day": 40, "tier free day": 30, "provider ollama day": 10, "user 1 day": None
    }


def test_without_a_day_of_history_nothing_is_projected() -> None:
    budget()
    record(cost_nanos=60, at=NOW - timedelta(hours=2))
    assert projected() == {"platform  day": None}


def test_a_month_is_projected_by_whole_days() -> None:
    budget(period="month")
    record(cost_nanos=70, at=NOW - timedelta(days=1) + timedelta(hours=1))
    record(at=NOW - timedelta(days=7, minutes=1))
    # To the end of November in Seoul: ten days, and 11 h 40 min like those that cost 70 once.
    assert projected() == {"platform  month": (10 * 70 + 70) // 7}

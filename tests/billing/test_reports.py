"""What `manage.py spend` prints, and the reads behind it."""

import uuid
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from billing import baselines
from billing.management.commands.spend import guarded
from billing.models import UsageRecord
from billing.reports.spend import Group, spend_between, spend_of_days

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 25, 3, tzinfo=UTC)  # in Seoul
OPUS = "anthropic/claude-opus-5-5"


def record(call: int = 1, attempt: int = 1, **columns: Any) -> UsageRecord:
    values: dict[str, Any] = {
        "call_id": uuid.UUID(int=call), "attempt": attempt, "at": NOON, "user_id": 1,
        "tier": "premium", "requested_model": "auto", "deployment": OPUS, "model_class": "premium",
        "outcome": "complete", "confidence": "exact",
    }
    return UsageRecord.objects.create(**values | columns)


def spend_of_all() -> Any:
    return spend_between(NOON - timedelta(days=1), NOON)


def test_spend_is_the_sum_of_all_attempts() -> None:
    record(1, 1, outcome="failed", error_code="upstream_timeout", cost_nanos=5)
    record(1, 2, cost_nanos=7, confidence="estimated")
    record(2, 1, cost_nanos=11)
    spend = spend_of_all()
    assert (spend.calls, spend.cost_nanos, spend.estimated_nanos) == (2, 23, 7)


def test_saved_takes_off_what_failed_attempts_cost() -> None:
    record(1, 1, outcome="failed", cost_nanos=5, baseline=OPUS, baseline_nanos=100)
    record(1, 2, cost_nanos=7, baseline=OPUS, baseline_nanos=100)
    record(2, 1, outcome="failed", cost_nanos=1)
    saved = spend_of_all().saved
    assert (saved.baseline_nanos, saved.nanos, saved.calls) == (100, 100 - 5 - 7 - 1, 1)
    assert saved.baselines == (OPUS,)


def test_a_call_without_a_baseline_neither_saves_nor_costs_savings() -> None:
    record(1, cost_nanos=7, baseline=OPUS, baseline_nanos=10)
    record(2, cost_nanos=1_000)
    assert spend_of_all().saved.nanos == 3


def test_savings_can_be_negative() -> None:
    record(1, cost_nanos=7, baseline=OPUS, baseline_nanos=5)
    assert spend_of_all().saved.nanos == -2


def test_without_any_baseline_savings_are_unknown_and_not_zero() -> None:
    record(1, cost_nanos=7)
    assert spend_of_all().saved is None


def test_calls_are_counted_by_route_cache_and_outcome() -> None:
    record(1, cost_nanos=7)
    record(2, cost_nanos=5)
    record(3, deployment="ollama/gemma3", model_class="local")
    record(4, 0, outcome="cached", cache_layer="L1")
    record(5, 0, outcome="refused", error_code="rate_limited", deployment="", model_class="")
    spend = spend_of_all()
    assert spend.by_route == (Group(f"premium {OPUS}", 2, 12), Group("local ollama/gemma3", 1, 0))
    assert spend.by_cache == (Group("L1", 1, 0),)
    assert spend.by_outcome == (
        Group("complete", 3, 12), Group("cached", 1, 0), Group("refused rate_limited", 1, 0),
    )


def test_a_day_begins_at_local_midnight() -> None:
    midnight = datetime(2026, 11, 24, 15, tzinfo=UTC)
    record(1, at=midnight - timedelta(microseconds=1), cost_nanos=5)
    record(2, at=midnight, cost_nanos=7)
    assert spend_of_days(1, zone="Asia/Seoul", now=NOON).cost_nanos == 7
    assert spend_of_days(2, zone="Asia/Seoul", now=NOON).cost_nanos == 12


def test_days_are_counted_by_the_calendar_when_the_clocks_change() -> None:
    now = datetime(2026, 11, 2, 17, tzinfo=UTC)  # New York: a day of 25 hours lies before
    start = spend_of_days(2, zone="America/New_York", now=now).start
    assert start == datetime(2026, 11, 1, 4, tzinfo=UTC)


def test_the_report_asks_the_same_few_questions_however_many_calls(
    django_assert_max_num_queries: Any,
) -> None:
    for call in range(20):
        record(call, baseline=OPUS, baseline_nanos=10)
    with django_assert_max_num_queries(10):
        spend_of_all()


def printed(*args: str, **options: Any) -> str:
    out = StringIO()
    call_command("spend", *args, stdout=out, **options)
    return out.getvalue()


def test_the_command_prints_spend_savings_routes_and_caches() -> None:
    now = datetime.now(UTC)
    record(1, at=now, cost_nanos=1_234_000, baseline=OPUS, baseline_nanos=5_000_000)
    record(2, 0, at=now, outcome="cached", cache_layer="L1")
    text = printed("--days", "2")
    assert "spent    $0.001234" in text
    assert f"saved    $0.003766 (estimated: 1 calls would have cost $0.005000 on {OPUS})" in text
    assert f"premium {OPUS}" in text
    assert "L1" in text


def test_an_empty_report_says_what_to_do_next() -> None:
    assert "manage.py issue_api_key" in printed()


@pytest.mark.parametrize("days", [0, 3661])
def test_days_are_bounded(days: int) -> None:
    with pytest.raises(CommandError, match="from 1 to 3660"):
        printed(days=days)


def test_an_unknown_zone_is_refused_with_a_sentence() -> None:
    with pytest.raises(CommandError, match="“Mars/Base” is not a time zone"):
        printed("--zone", "Mars/Base")
    assert "Asia/Seoul" in printed()


def test_the_command_writes_csv_in_whole_nanos() -> None:
    now = datetime.now(UTC)
    record(1, at=now, cost_nanos=1_234_000, baseline=OPUS, baseline_nanos=5_000_000)
    record(2, 1, at=now, outcome="failed", error_code="=1+1", cost_nanos=1_000)
    lines = printed("--days", "2", "--csv").splitlines()
    assert lines[:3] == ["part,name,calls,nanos", "spent,,1,1235000", "estimated,,,0"]
    assert f"saved,{OPUS},1,3765000" in lines
    assert f"route,premium {OPUS},1,1235000" in lines
    assert "outcome,failed =1+1,1,1000" in lines


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@x", "\uff1d1+1"])
def test_no_name_is_taken_for_a_formula(name: str) -> None:
    assert guarded(name) == f"'{name}"
    assert guarded("openai/gpt") == "openai/gpt"


def test_debates_are_told_by_stage_when_that_is_asked_for() -> None:
    record(1, debate_id="d1", stage="opening", cost_nanos=7)
    record(2, debate_id="d2", stage="opening", cost_nanos=2)
    record(3, debate_id="d1", cost_nanos=4)
    record(4, cost_nanos=100)
    spend = spend_between(NOON - timedelta(days=1), NOON, parts=["stage"])
    assert spend.by_debate_part == (("stage", (Group("opening", 2, 9), Group("", 1, 4))),)
    assert spend_of_all().by_debate_part == ()


def test_the_command_shows_the_way_from_the_baseline_to_the_spend() -> None:
    now = datetime.now(UTC)
    record(1, at=now, cost_nanos=1_234_000, baseline=OPUS, baseline_nanos=5_000_000)
    record(2, at=now, tier="precompute", cost_nanos=1_000)
    lines = printed("--days", "2", "--csv").splitlines()
    steps = dict(line.split(",")[1::2] for line in lines if line.startswith("step,"))
    assert steps == {
        "baseline": "5000000", "route": "-3766000", "precompute": "1000", "uncompared": "0",
        "spend": "1235000",
    }
    assert "from the baseline to the spend" in printed("--days", "2")


def test_the_command_compares_with_another_baseline() -> None:
    baselines.freeze_original(at=NOON, actor="test")
    now = datetime.now(UTC)
    record(1, at=now, call_kind="closing", baseline=OPUS, baseline_nanos=5,
           fresh_input_tokens=100, output_tokens=10)
    lines = printed("--days", "2", "--csv", "--baseline", "original").splitlines()
    assert f"baseline,original 1,1,{100 * 30_000 + 10 * 60_000}" in lines
    with pytest.raises(CommandError, match="no baseline “mine”"):
        printed("--baseline", "mine")


def test_searches_are_told_apart_when_that_is_asked_for() -> None:
    now = datetime.now(UTC)
    record(1, at=now, call_kind="rag_search", searches=2, search_nanos=20, cost_nanos=50)
    assert "search,rag_search,2,20" in printed("--csv", "--days", "2", "--by", "search")
    assert "search," not in printed("--csv", "--days", "2")

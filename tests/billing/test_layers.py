"""What each cache layer answered: exact in every zone, whatever the filter, ours left out."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from billing.reports import layers
from billing.reports.layers import LayerFacts
from billing.reports.ranges import last_days
from billing.reports.shapes import Filters, Question
from tests.costcontrol.dashboard.rows import NOW, call, hit, rolled_up

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
OPENING = "opening_statement"


def facts(*, days: int = 7, zone: str = "Asia/Seoul", kind: str = "", **filters: str) -> LayerFacts:
    rolled_up()
    question = Question(last_days(days, zone=zone, now=NOW), NOW, Filters(**filters))
    return layers.load(question, kind=kind)


def served(layer: str, **columns: Any) -> None:
    hit(**{"cache_layer": layer, "call_kind": OPENING} | columns)


def line(facts: LayerFacts, layer: str) -> tuple[int | None, ...]:
    (found,) = [each for each in layers.answers(facts).lines if each.key == layer]
    return found.values


@pytest.mark.parametrize("zone", ["Asia/Seoul", "Asia/Kathmandu", "America/New_York", "UTC"])
def test_the_days_of_every_zone_add_up_to_the_range(zone: str) -> None:
    for hours in range(0, 200, 5):
        served("pattern", at=NOW - timedelta(hours=hours, minutes=17))
    found = facts(zone=zone, days=30)
    values = line(found, "pattern")
    assert sum(filter(None, values)) == 40
    assert len(values) == 30


def test_a_call_right_now_is_in_it_and_hours_to_come_are_not_known() -> None:
    served("exact")
    values = line(facts(days=1), "exact")
    assert values[12] == 1  # it is 12:04 in Seoul
    assert values[13:] == (None,) * 11


def test_a_day_is_cut_in_the_zone_of_whoever_looks() -> None:
    served("pattern", at=datetime(2026, 11, 23, 15, 30, tzinfo=UTC))  # 00:30 on the 24th in Seoul
    assert line(facts(), "pattern")[-2] == 1
    assert line(facts(zone="UTC"), "pattern")[-3] == 1


def test_what_is_made_ahead_and_vectors_are_nobodys_call() -> None:
    call(call_kind=OPENING, tier="precompute")
    call(call_kind="embedding", tier="embedding")
    call(call_kind=OPENING)
    assert facts().calls == 1


def test_failed_attempts_and_refusals_are_no_calls_that_a_layer_could_answer() -> None:
    call(call_kind=OPENING, outcome="failed")
    call(call_kind=OPENING, outcome="refused", attempt=0)
    assert facts().calls == 0


def test_the_store_is_asked_for_calls_of_its_kinds_that_nothing_before_answered() -> None:
    served("exact")
    served("exact", call_kind="other")
    served("pattern")
    call(call_kind=OPENING)
    call(call_kind="other")
    sums = {each.layer: each for each in layers.layer_sums(facts(), storable={OPENING})}
    assert (sums["exact"].answered, sums["exact"].asked) == (2, 5)
    assert (sums["pattern"].answered, sums["pattern"].asked) == (1, 2)
    assert sums["precomputed"].asked == sums["pattern"].asked
    assert sums["template"].asked is None


def test_where_the_hourly_sums_are_days_behind_it_is_said() -> None:
    served("pattern", at=NOW - timedelta(days=3))
    served("pattern")
    question = Question(last_days(7, zone="Asia/Seoul", now=NOW), NOW, Filters())
    found = layers.load(question)
    assert sum(filter(None, line(found, "pattern"))) == 1
    assert found.missing_hours == 49
    assert line(found, "pattern")[3] is None


def test_searches_are_a_line_of_their_own() -> None:
    served("pattern")
    served("pattern", call_kind="rag_search", at=NOW - timedelta(days=1))
    call(call_kind="rag_search")
    call(call_kind="rag_search")
    found = facts()
    sums = {each.layer: each for each in layers.layer_sums(found, storable={OPENING})}
    assert (sums["search_cache"].answered, sums["search_cache"].asked) == (1, 3)
    assert (sums["pattern"].answered, sums["pattern"].asked) == (1, 1)
    assert sum(filter(None, line(found, "search_cache"))) == 1
    (kind,) = [each for each in layers.kind_sums(found) if each.kind == "rag_search"]
    assert kind.by_layer == {"pattern": 1}


def test_templates_are_in_no_rate() -> None:
    served("pattern")
    served("template")
    sums = {each.layer: each for each in layers.layer_sums(facts(), storable={OPENING})}
    assert (sums["exact"].asked, sums["pattern"].asked) == (1, 1)
    (kind,) = layers.kind_sums(facts())
    assert (kind.answered, kind.asked, kind.hits) == (2, 1, 1)


def test_a_kind_that_is_stored_no_more_still_counts_where_it_was_a_hit() -> None:
    """No rate is above 1 because an operator changed the kinds yesterday."""
    served("pattern")
    sums = {each.layer: each for each in layers.layer_sums(facts(), storable=set())}
    assert (sums["pattern"].answered, sums["pattern"].asked) == (1, 1)


def test_kinds_tell_models_layers_and_money_apart() -> None:
    for _number in range(2):
        call(call_kind=OPENING)
    served("pattern")
    served("template", call_kind="closing")
    call(call_kind="")
    first, second = layers.kind_sums(facts())
    assert (first.kind, first.answered, first.by_models, first.hits) == (OPENING, 3, 2, 1)
    assert first.saved_nanos == 1_000_000_000
    assert (second.kind, second.by_models, second.hits) == ("closing", 0, 0)


def test_an_answer_without_a_baseline_saved_nothing_that_is_known() -> None:
    served("pattern", baseline_nanos=None)
    served("pattern")
    (sums,) = [each for each in layers.layer_sums(facts(), storable=set())
               if each.layer == "pattern"]
    assert (sums.answered, sums.saved_nanos) == (2, 1_000_000_000)


def test_a_layer_that_nobody_knows_is_at_the_end() -> None:
    served("tomorrow")
    assert [each.key for each in layers.saved(facts()).lines][-1] == "tomorrow"


@pytest.mark.parametrize(
    "narrowed", [{"kind": "closing"}, {"tier": "free"}, {"language": "en"},
                 {"deployment": "openai/gpt-6-luna"}],
)
def test_each_filter_narrows_both_counts(narrowed: dict[str, str]) -> None:
    served("pattern")
    call(call_kind=OPENING)
    columns = {"call_kind" if name == "kind" else name: value for name, value in narrowed.items()}
    served("pattern", **columns)
    found = facts(**narrowed)
    assert found.calls == 1
    assert sum(filter(None, line(found, "pattern"))) == 1

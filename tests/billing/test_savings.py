"""What a row saved and by what: one definition, in Python and in SQL."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import BigIntegerField
from django.db.models.expressions import RawSQL
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing import savings
from billing.models import UsageRecord
from billing.prices import Price, cost
from billing.usage import Usage
from tests.billing import ledgers

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
AT = datetime(2026, 11, 25, 3, tzinfo=UTC)
PARTS = {
    "cache": savings.SAVED_CACHE, "search_cache": savings.SAVED_SEARCH,
    "prompt_cache": savings.SAVED_PROMPT_CACHE, "route": savings.SAVED_ROUTE,
    "machine": savings.SAVED_LOCAL, "precompute": savings.SAVED_PRECOMPUTE,
    "helpers": savings.SAVED_HELPERS, "failed": savings.SAVED_FAILED,
}


def row(outcome: str = "complete", **columns: Any) -> UsageRecord:
    return UsageRecord(outcome=outcome, **{"cost_nanos": 30, "baseline_nanos": 100} | columns)


def test_an_answer_saved_what_is_missing_to_its_baseline() -> None:
    assert savings.saved_nanos(row()) == 70
    assert savings.causes(row(prompt_cache_nanos=20)) == {"prompt_cache": 20, "route": 50}


def test_an_answer_from_a_cache_saved_all_of_it_by_its_layer() -> None:
    hit = row("cached", cost_nanos=0, cache_layer="shared")
    assert savings.causes(hit) == {"shared": 100}


def test_a_stored_search_is_a_cause_of_its_own() -> None:
    hit = row("cached", cost_nanos=0, cache_layer="precomputed", call_kind="rag_search")
    assert savings.causes(hit) == {"search_cache": 100}


def test_our_own_machine_costs_what_its_price_says() -> None:
    answer = row(model_class="local", prompt_cache_nanos=5)
    assert savings.causes(answer) == {"prompt_cache": 5, "route": 95, "machine": -30}


@pytest.mark.parametrize("outcome", ["complete", "failed", "cancelled"])
@pytest.mark.parametrize(
    ("columns", "cause"),
    [({"tier": "precompute"}, "precompute"), ({"call_kind": "judge"}, "helpers"),
     ({"call_kind": "embedding", "tier": "precompute"}, "precompute")],
)
def test_what_nobody_asked_for_saves_nothing(
    outcome: str, columns: dict[str, str], cause: str
) -> None:
    assert savings.causes(row(outcome, **columns)) == {cause: -30}


def test_a_failed_attempt_saved_less_than_nothing() -> None:
    assert savings.saved_nanos(row("failed")) == -30
    assert savings.causes(row("failed")) == {"failed": -30}


def test_a_refusal_saved_nothing() -> None:
    assert savings.saved_nanos(row("refused", cost_nanos=0)) == 0


def test_without_a_baseline_it_is_not_known() -> None:
    assert savings.saved_nanos(row(baseline_nanos=None)) is None
    assert savings.causes(row(baseline_nanos=None)) == {}


@settings(max_examples=40, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ledgers.calls(st.just(AT)), max_size=6))
def test_python_and_sql_say_the_same_of_every_row(rows: list[list[UsageRecord]]) -> None:
    UsageRecord.objects.all().delete()
    ledgers.write(one for call in rows for one in call)
    annotations = {
        f"sql_{name}": RawSQL(sql, [], output_field=BigIntegerField())
        for name, sql in {"saved": savings.SAVED, **PARTS}.items()
    }
    for found in UsageRecord.objects.annotate(**annotations):
        if found.corrects_outcome == "failed":  # the same row, as Python is asked about it
            found.outcome = "failed"
        causes = savings.causes(found)
        assert found.sql_saved == savings.saved_nanos(found)
        assert sum(causes.values()) == (found.sql_saved or 0)
        assert found.sql_cache == sum(
            causes.get(layer, 0) for layer in (*savings.LAYERS, savings.TEMPLATE)
        )
        for name in PARTS.keys() - {"cache"}:
            assert getattr(found, f"sql_{name}") == causes.get(name, 0)


PRICE = Price(1, "anthropic", "opus", "standard", 0, Decimal("5.5"), Decimal("0.55"),
              Decimal("6.875"), Decimal(25), Decimal("0.01"))


@given(counts=st.tuples(*[st.none() | st.integers(0, 10**6)] * 5))
def test_cost_and_prompt_cache_add_up_to_the_price_without_one(counts: Any) -> None:
    usage = Usage(*counts)
    fresh = Usage(usage.input_tokens, 0, 0, usage.output_tokens, usage.searches)
    assert cost(usage, PRICE) + savings.prompt_cache_nanos(usage, PRICE) == cost(fresh, PRICE)


def test_writing_to_the_prompt_cache_can_cost_more_than_it_saves() -> None:
    assert savings.prompt_cache_nanos(Usage(cache_write_tokens=1000), PRICE) == -1_375_000
    assert savings.prompt_cache_nanos(Usage(cache_read_tokens=1000), PRICE) == 4_950_000

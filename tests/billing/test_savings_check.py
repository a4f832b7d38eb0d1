"""Held out debates against the others: what is measured, how sure, and when nothing is said."""

import random
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from billing import rollups
from billing.models import UsageRecord
from billing.reports.ranges import last_days
from billing.reports.savings_check import (
    LEAST,
    Check,
    DebateCost,
    check,
    debates_of,
    student_t,
)
from billing.reports.shapes import Filters, Question

NOW = datetime(2026, 11, 20, 3, 20, tzinfo=UTC)


def debate(name: str, cost: float, *, is_held: bool = False, saved: float = 0) -> DebateCost:
    return DebateCost(1, name, round(cost), 10, 10 if is_held else 0, round(saved))


def drawn(
    seed: int, *, held: int, others: int, saved: float = 300.0, claimed: float = 300.0
) -> Check:
    """Costs around 1000 a debate; of the others `saved` less, while the ledger claims another."""
    chance = random.Random(seed)
    rows = [debate(f"h{n}", chance.gauss(1000, 200), is_held=True) for n in range(held)]
    rows += [
        debate(f"o{n}", chance.gauss(1000 - saved, 200), saved=chance.gauss(claimed, 50))
        for n in range(others)
    ]
    return check(rows, {row.debate_id: "2v2" for row in rows})


def test_the_truth_is_within_the_interval_as_often_as_it_says() -> None:
    found = [drawn(seed, held=40, others=200).measured for seed in range(300)]
    inside = sum(one.low <= 300 <= one.high for one in found if one)
    assert len(found) == 300
    assert 270 <= inside <= 297  # 95%: 285, and 4 standard deviations


def test_an_estimate_that_says_too_much_is_found_out() -> None:
    assert drawn(1, held=200, others=2000).agrees is True
    assert drawn(1, held=200, others=2000, claimed=450).agrees is False


def test_the_same_debates_give_the_same_interval() -> None:
    assert drawn(7, held=50, others=90) == drawn(7, held=50, others=90)


def test_too_few_debates_are_no_verdict() -> None:
    few = drawn(1, held=LEAST - 1, others=500)
    assert (few.held_out, few.is_enough, few.agrees) == (29, False, None)
    assert drawn(1, held=LEAST, others=500).is_enough
    assert not check([], {}).is_enough


def test_debates_are_compared_with_their_like() -> None:
    """Held out ones are small by chance: the plain means would say that saving costs money."""
    rows = [debate(f"a{n}", 100 + n % 3, is_held=True) for n in range(40)]
    rows += [debate(f"b{n}", 1000 + n % 3, is_held=True) for n in range(4)]
    rows += [debate(f"c{n}", 50 + n % 3) for n in range(10)]
    rows += [debate(f"d{n}", 500 + n % 3) for n in range(90)]
    strata = {row.debate_id: "1v1" if row.debate_id[0] in "ac" else "2v2" for row in rows}
    found = check(rows, strata)
    assert found.measured is not None
    assert found.measured.value == pytest.approx(0.1 * 50 + 0.9 * 500, abs=2)


def test_mixed_and_lonely_debates_are_left_out_and_counted() -> None:
    rows = [DebateCost(1, "mixed", 5, 10, 4, 0), DebateCost(1, "alone", 5, 10, 0, 0),
            DebateCost(1, "unknown", 5, 10, 0, 0)]
    found = check(rows, {"mixed": "2v2", "alone": "2v2"})
    assert (found.mixed, found.lonely, found.held_out, found.others) == (1, 1, 0, 0)


@pytest.mark.parametrize(
    ("degrees", "quantile"), [(3, 3.182), (5, 2.571), (10, 2.228), (30, 2.042), (1e9, 1.96)]
)
def test_quantiles_are_those_of_the_tables(degrees: float, quantile: float) -> None:
    assert student_t(0.975, degrees) == pytest.approx(quantile, rel=0.01)


@pytest.mark.django_db
@pytest.mark.postgresql
def test_debates_are_read_from_hours_and_rows() -> None:
    def record(**columns: Any) -> None:
        values: dict[str, Any] = {
            "call_id": uuid.uuid4(), "attempt": 1, "at": NOW - timedelta(hours=5), "user_id": 1,
            "tier": "premium", "language": "ko", "requested_model": "auto", "outcome": "complete",
            "confidence": "exact", "debate_id": "a", "cost_nanos": 10, "baseline_nanos": 30,
            "model_class": "premium",
        }
        UsageRecord.objects.create(**values | columns)

    record(is_holdout=True)
    record(is_holdout=True, at=NOW)
    record(outcome="failed", cost_nanos=1)
    record(debate_id="b", tier="free")
    record(debate_id="c", outcome="cached", cache_layer="exact", cost_nanos=0)
    question = Question(last_days(7, zone="Asia/Seoul", now=NOW), NOW, Filters())
    expected = {DebateCost(1, "a", 21, 2, 2, 39), DebateCost(1, "c", 0, 1, 0, 30)}
    assert set(debates_of(question, ["premium"])) == expected
    rollups.catch_up(now=NOW)
    assert set(debates_of(question, ["premium"])) == expected

"""Quality is said only where it was measured; a layer that is added answers as it did elsewhere."""

from datetime import timedelta
from uuid import uuid4

import pytest

from billing import rollups
from billing.models import UsageRecord
from routing.models import AnswerRating, StoredAnswer
from routing.whatif import quality
from routing.whatif.changes import Changes
from tests.routing.whatif.past import (
    DAY,
    HAIKU,
    NOW,
    OPUS,
    SONNET,
    answered,
    cells_with,
    hit,
    played,
)

MINUTE = timedelta(minutes=1)


def rated(deployment: str, *, good: int, bad: int) -> None:
    answer = StoredAnswer.objects.create(
        key=uuid4().hex, variant=0, kind="opening_statement", language="ko", route="r",
        deployment=deployment, model_class="mid", origin="live", call_id=uuid4(), made_at=NOW,
        soft_until=NOW, hard_until=NOW, text="…",
    )
    AnswerRating.objects.bulk_create(
        AnswerRating(answer=answer, user_id=number, rating=1 if number < good else -1, at=NOW)
        for number in range(good + bad)
    )


def test_nothing_is_said_where_nothing_was_rated() -> None:
    answered(DAY + MINUTE)
    found = played(Changes())
    assert found.quality_now.good is None
    assert found.quality_now.ratings == 0


def test_few_ratings_are_no_measurement() -> None:
    rated(OPUS, good=quality.LEAST - 1, bad=0)
    answered(DAY + MINUTE)
    assert played(Changes()).quality_then.good is None


def test_a_mix_is_as_good_as_its_models() -> None:
    rated(OPUS, good=90, bad=10)
    rated(SONNET, good=60, bad=40)
    for place in range(1, 5):
        answered(DAY + place * MINUTE, language="ko" if place % 2 else "en")
    cells = cells_with("hybrid", "complex", "mid")
    found = played(Changes(cells=cells))
    assert found.quality_then.good == pytest.approx(0.9)
    assert found.quality_now.good == pytest.approx(0.6)
    assert found.quality_now.low == pytest.approx(0.50, abs=0.01)
    assert found.quality_now.high == pytest.approx(0.69, abs=0.01)


def test_where_too_many_calls_go_to_unrated_models_nothing_is_said() -> None:
    rated(OPUS, good=40, bad=0)
    answered(DAY + MINUTE)
    answered(DAY + 2 * MINUTE, complexity="medium", deployment=HAIKU)
    found = played(Changes()).quality_then
    assert found.good is None
    assert found.covered == 0.5


def test_more_ratings_make_the_interval_narrower() -> None:
    few, many = quality.of_model(40, 30), quality.of_model(400, 300)
    assert few.good == many.good == 0.75
    assert few.low is not None
    assert many.low is not None
    assert few.low < many.low < 0.75


def test_a_layer_that_is_added_answers_the_share_that_it_answered_elsewhere() -> None:
    for place in range(1, 4):  # days before: one of three calls of this kind
        at = DAY - timedelta(days=3) + place * MINUTE
        hit(at, "pattern") if place == 1 else answered(at)
    rows = [answered(DAY + place * MINUTE) for place in range(1, 4)]
    UsageRecord.objects.filter(at__lt=DAY).update(call_kind="closing")
    UsageRecord.objects.filter(at__gte=DAY).update(call_kind="closing")
    rollups.catch_up(now=NOW)
    found = played(Changes(layers_on=("pattern", "precomputed")))
    pattern, ahead = found.added
    # 1 of 6 calls in the last 30 days; of 3 calls that is none yet
    assert (pattern["is_measured"], pattern["calls"]) == (True, 0)
    assert not ahead["is_measured"]
    UsageRecord.objects.filter(at__gte=DAY).update(at=DAY + MINUTE)
    hits = [hit(DAY - timedelta(days=2) + n * MINUTE, "pattern", call_kind="closing")
            for n in range(6)]
    rollups.catch_up(now=NOW)
    found = played(Changes(layers_on=("pattern",)))
    # 7 of 12: of 3 calls one, and its cost is one of three
    assert found.added[0]["calls"] == 3 * (1 + len(hits)) // (6 + len(hits))
    assert found.added_nanos == rows[0].cost_nanos * found.added[0]["calls"]
    assert found.now_nanos == found.figures.same.cost_nanos - found.added_nanos

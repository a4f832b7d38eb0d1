"""How long answers are expected to be, learned from those that were given."""

from typing import Any

import pytest

from billing.models import UsageRecord
from billing.output_lengths import ENOUGH, SAMPLES, samples, tight, usual
from tests.billing.books import usage

PLACE = {"deployment": "openai/gpt-test", "call_kind": "rebuttal", "language": "ko"}


def answers(*tokens: int, is_cut: bool = False) -> list[tuple[int, bool]]:
    return [(each, is_cut) for each in tokens]


# --- the estimate ------------------------------------------------------------------------------


def test_nineteen_answers_are_too_few_to_trust_and_twenty_are_enough() -> None:
    assert usual(answers(*[100] * (ENOUGH - 1))) is None
    assert usual(answers(*[100] * ENOUGH)) == 125


def test_one_answer_is_enough_where_room_is_short_with_a_wider_margin() -> None:
    assert tight([]) is None
    assert tight(answers(100)) == 200
    assert tight(answers(*[100] * (ENOUGH - 1))) == 200
    assert tight(answers(*[100] * ENOUGH)) == 125


def test_one_answer_in_a_hundred_may_be_longer() -> None:
    assert usual(answers(*[100] * 99, 10_000)) == 125
    assert usual(answers(*[100] * 98, 10_000, 10_000)) == 12_500


def test_a_fraction_of_a_token_is_a_whole_one() -> None:
    assert usual(answers(*[101] * ENOUGH)) == 127  # 126.25


def test_answers_that_were_cut_short_by_our_cap_double_it() -> None:
    whole = answers(*[100] * 98)
    assert usual(whole + answers(100, 100, is_cut=True)) == 125
    assert usual(whole + answers(100, 100, 100, is_cut=True)) == 250


def test_the_order_of_the_answers_does_not_matter() -> None:
    lengths = answers(*range(1, 101))
    assert usual(lengths) == usual(lengths[::-1])


# --- the samples -------------------------------------------------------------------------------


def record(tokens: int | None, **more: Any) -> None:
    usage(None, cost=0, output_tokens=tokens, **PLACE | more).save()  # type: ignore[arg-type]


@pytest.mark.django_db
@pytest.mark.postgresql
class TestSamples:
    def test_complete_answers_of_this_place_count_newest_first(self) -> None:
        record(10, stop_reason="stop")
        record(20, stop_reason="length")
        assert samples(**PLACE) == [(20, True), (10, False)]

    @pytest.mark.parametrize(
        "other", [{"deployment": "x"}, {"call_kind": "opening"}, {"language": "en"}]
    )
    def test_other_models_kinds_and_languages_do_not_count(self, other: dict[str, str]) -> None:
        record(10, **other)
        assert samples(**PLACE) == []

    @pytest.mark.parametrize("outcome", ["cancelled", "incomplete", "failed", "cached", "refused"])
    def test_answers_that_did_not_come_to_their_end_do_not_count(self, outcome: str) -> None:
        record(10, outcome=outcome)
        assert samples(**PLACE) == []

    def test_an_answer_without_a_count_is_not_one_of_zero(self) -> None:
        record(None)
        assert samples(**PLACE) == []

    def test_only_the_newest_count(self) -> None:
        place = [usage(None, cost=0, output_tokens=n, **PLACE) for n in range(SAMPLES + 1)]  # type: ignore[arg-type]
        UsageRecord.objects.bulk_create(place)
        found = samples(**PLACE)
        assert len(found) == SAMPLES
        assert (0, False) not in found

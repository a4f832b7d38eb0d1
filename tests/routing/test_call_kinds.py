"""The kinds of call: complete, capped, and helpful when a name is wrong."""

import dataclasses

import pytest

from costcontrol.lib.errors import BadRequest
from routing.call_kinds import CALL_KINDS, DEFAULT_MAX_OUTPUT_TOKENS, kind_get, output_cap
from routing.types import Complexity


def test_a_debate_knows_twenty_two_kinds_of_call() -> None:
    assert len(CALL_KINDS) == 22
    assert all(name == kind.name and kind.purpose for name, kind in CALL_KINDS.items())


def test_the_kinds_spread_over_all_three_classes() -> None:
    names = {
        complexity: {kind.name for kind in CALL_KINDS.values() if kind.complexity is complexity}
        for complexity in Complexity
    }
    assert names[Complexity.COMPLEX] == {
        "core_arguments", "opening_statement", "quality_check", "conclusion", "character_card",
    }
    assert len(names[Complexity.SIMPLE]) == 9
    assert len(names[Complexity.MEDIUM]) == 8


@pytest.mark.parametrize(
    ("modelled", "cap"), [(0, 128), (64, 128), (65, 192), (96, 192), (97, 256), (700, 1408)]
)
def test_a_cap_is_twice_the_modelled_answer_in_steps_of_64(modelled: int, cap: int) -> None:
    assert output_cap(modelled) == cap


def test_only_an_opening_and_a_character_card_may_get_longer_than_the_default() -> None:
    default = DEFAULT_MAX_OUTPUT_TOKENS
    longer = {kind.name for kind in CALL_KINDS.values() if kind.max_output_tokens > default}
    assert longer == {"opening_statement", "character_card"}


def test_an_unknown_kind_is_refused_with_the_nearest_names() -> None:
    with pytest.raises(BadRequest) as refusal:
        kind_get("opening_statment")
    assert "opening_statement" in refusal.value.message
    assert refusal.value.param == "call_kind"


def test_a_kind_that_resembles_nothing_is_refused_with_all_names() -> None:
    with pytest.raises(BadRequest) as refusal:
        kind_get("x" * 10_000)
    assert all(name in refusal.value.message for name in CALL_KINDS)
    assert len(refusal.value.message) < 1_000


def test_a_kind_cannot_be_changed_by_those_who_read_it() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        kind_get("closing").max_output_tokens = 1  # type: ignore[misc]
    with pytest.raises(TypeError):
        CALL_KINDS["closing"] = kind_get("conclusion")  # type: ignore[index]

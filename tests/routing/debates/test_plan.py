"""The plan makes the calls of the workload model, in an order that a debate can have."""

from collections import Counter

import pytest

from routing.call_kinds import CALL_KINDS, SEARCH
from routing.debates.plan import CYCLE, STAGES, Shape, next_steps, plan_of, speakers_of
from routing.debates.types import Step


def calls(shape: Shape) -> Counter[str]:
    return Counter(kind for step in plan_of(shape) for kind in step.calls)


@pytest.mark.parametrize(
    ("shape", "count"),
    [
        (Shape("1v1", has_context=True), 32),
        (Shape("1v1", "pro1", has_context=True), 24),
        (Shape("2v2", has_context=True), 58),
        (Shape("2v2", "pro2", has_context=True), 51),
    ],
)
def test_it_makes_as_many_calls_as_the_workload_model(shape: Shape, count: int) -> None:
    assert calls(shape).total() == count


def test_a_2v2_debate_makes_these_calls() -> None:
    assert calls(Shape("2v2", has_context=True)) == Counter(
        stance_statements=1, context_summary=1, moderator_intro=1, core_arguments=4, rag_query=4,
        opening_statement=4, quality_check=4, opening_analysis=4, moderator_summary_1=1,
        tone_select=12, attack_response=4, defense_response=4, followup_response=4,
        turn_analysis=4, moderator_summary_2=1, conclusion=4, closing=1,
    )


def test_a_search_comes_before_each_opening_of_a_model_where_somebody_can_make_it() -> None:
    def searched(shape: Shape) -> list[str]:
        return [
            background.speaker for step in plan_of(shape) for background in step.before
            if background.kind == SEARCH
        ]

    assert searched(Shape("2v2", "con1", has_search=True)) == ["pro1", "pro2", "con2"]
    assert searched(Shape("2v2")) == []
    assert searched(Shape("2v2", is_lean=True, has_search=True)) == []
    assert searched(Shape("2v2", off=frozenset({SEARCH}), has_search=True)) == []


@pytest.mark.parametrize("seat", ["", "pro1", "con1", "pro2", "con2"])
def test_stages_come_in_their_order_and_every_kind_is_known(seat: str) -> None:
    steps = plan_of(Shape("2v2", seat))
    assert [step.index for step in steps] == list(range(len(steps)))
    positions = [STAGES.index(step.stage) for step in steps]
    assert positions == sorted(positions)
    assert {kind for step in steps for kind in step.calls} <= CALL_KINDS.keys()


@pytest.mark.parametrize("seat", ["pro1", "con1", "pro2", "con2"])
def test_with_a_teammate_the_user_is_not_attacked(seat: str) -> None:
    attacks = [s for s in plan_of(Shape("2v2", seat)) if s.kind == "attack_response"]
    assert all(step.target != seat for step in attacks)
    assert [step.speaker for step in attacks] == ["con1", "pro1", "con2", "pro2"]


def test_alone_the_user_is_attacked_and_defends() -> None:
    spoken = [s for s in plan_of(Shape("1v1", "pro1")) if s.is_users]
    assert [s.kind for s in spoken] == [
        "opening_statement", "defense_response", "attack_response", "followup_response",
        "conclusion",
    ]


def test_attack_defence_and_follow_up_belong_together() -> None:
    steps = [s for s in plan_of(Shape("2v2")) if s.stage == "interactive_argument"]
    for attack, defence, follow_up in zip(*[iter(steps)] * 3, strict=True):
        assert (attack.kind, defence.kind, follow_up.kind) == CYCLE
        assert attack.speaker == follow_up.speaker == defence.target
        assert attack.target == defence.speaker


def test_a_lean_debate_makes_only_calls_that_are_read() -> None:
    steps = plan_of(Shape("2v2", is_lean=True))
    assert len(steps) == 24
    assert all(step.calls == (step.kind,) for step in steps)


def test_what_the_operator_switched_off_is_not_made() -> None:
    assert calls(Shape("2v2", off={"quality_check"}))["quality_check"] == 0


def after(steps: tuple[Step, ...], count: int) -> tuple[Step, ...]:
    return next_steps(steps, lambda step: step.index < count)


def test_openings_may_come_in_another_order_but_not_a_cycle() -> None:
    steps = plan_of(Shape("2v2"))
    assert [s.speaker for s in after(steps, 1)] == ["pro1", "pro2"]
    first_cycle = next(s.index for s in steps if s.stage == "interactive_argument")
    assert [s.kind for s in after(steps, first_cycle)] == ["attack_response"]
    assert after(steps, len(steps)) == ()


def test_speakers_have_a_side_and_a_number() -> None:
    assert speakers_of("2v2") == ("pro1", "pro2", "con1", "con2")
    assert speakers_of("1v1") == ("pro1", "con1")

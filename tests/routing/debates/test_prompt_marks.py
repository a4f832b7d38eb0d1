"""Which prefixes are worth keeping: those that a later turn on the same model reads in time."""

import pytest

from routing.debates.plan import Shape, plan_of
from routing.debates.prompt_marks import (
    PACE_S,
    SAFE_S,
    earlier_of,
    is_same_model,
    pays,
    readers_of,
    viewed,
)
from routing.debates.prompts import background_prompt, turn_prompt
from routing.debates.types import Said
from tests.routing.debates.prompting import ROOM, brief_of, said_before, step_of, steps_of


def marks(kind: str, *, number: int = 0, format: str = "2v2", knows_plan: bool = True) -> list[int]:
    """After how many lines of the transcript a prefix ends; 0: after the brief."""
    step = step_of(kind, number=number, format=format)
    prompt = turn_prompt(
        step, brief=brief_of(format=format), transcript=said_before(step, format=format),
        found=(), room_tokens=ROOM,
        steps_left=steps_of(format)[step.index + 1 :] if knows_plan else (),
    )
    return [at - 1 for at, message in enumerate(prompt.messages) if message.is_prefix_end]


def lines(kind: str, *, number: int = 0) -> int:
    step = step_of(kind, number=number)
    return len(viewed(kind, said_before(step)))


@pytest.mark.parametrize(
    ("readers", "write", "read", "is_worth_it"),
    [
        (0, 1.25, 0.1, False), (1, 1.25, 0.1, True), (1, 1.25, 0.05, True),
        (1, 2.0, 0.1, False), (2, 2.0, 0.1, True), (1, 1.25, 0.8, False), (0, 1.0, 0.5, False),
    ],
)
def test_keeping_pays_if_reading_saves_more_than_writing_costs(
    readers: int, write: float, read: float, is_worth_it: bool
) -> None:
    assert pays(readers, write=write, read=read) is is_worth_it


def test_a_turn_that_others_follow_keeps_all_it_has_read() -> None:
    for kind in ("moderator_summary_1", "attack_response", "defense_response", "conclusion"):
        assert marks(kind)[-1] == lines(kind)


def test_openings_keep_the_brief_which_is_all_they_share() -> None:
    assert [marks("opening_statement", number=n) for n in range(4)] == [[0]] * 4


@pytest.mark.parametrize(
    ("kind", "number"),
    [("moderator_summary_2", 0), ("followup_response", 3), ("conclusion", 3), ("closing", 0)],
)
def test_a_turn_that_nobody_on_its_model_follows_keeps_nothing_new(kind: str, number: int) -> None:
    """It may still name what an earlier turn kept, to read it."""
    assert lines(kind, number=number) not in marks(kind, number=number)


def test_the_last_conclusion_reads_what_the_one_before_has_kept() -> None:
    before = marks("conclusion", number=2)[-1]
    assert marks("conclusion", number=3) == [0, before]


def test_the_end_of_the_debate_is_not_kept_for_anybody() -> None:
    assert marks("closing") == []


def test_without_knowing_what_follows_nothing_new_is_kept() -> None:
    assert marks("moderator_summary_1", knows_plan=False) == []
    assert lines("attack_response", number=1) not in marks(
        "attack_response", number=1, knows_plan=False
    )


def test_what_is_read_was_kept_by_an_earlier_turn_on_the_same_model() -> None:
    """No mark stands where neither this turn nor an earlier one keeps anything, except where it
    costs nothing, because all of it is kept anyway."""
    kept: dict[str, set[tuple[str, ...]]] = {}
    for step in steps_of():
        prompt = turn_prompt(
            step, brief=brief_of(), transcript=said_before(step), found=(), room_tokens=ROOM,
            steps_left=steps_of()[step.index + 1 :],
        )
        texts = [message.content for message in prompt.messages]
        ends = [at for at, each in enumerate(prompt.messages) if each.is_prefix_end]
        if not ends:
            continue
        mine = next((kept[kind] for kind in kept if is_same_model(kind, step.kind)), set())
        is_keeping = ends[-1] == len(texts) - 2
        if not is_keeping and step.kind != "opening_statement":
            assert tuple(texts[: ends[-1] + 1]) in mine
        kept.setdefault(step.kind, mine).update(tuple(texts[: end + 1]) for end in ends)


def test_readers_must_begin_before_it_is_forgotten() -> None:
    intro = step_of("moderator_intro")
    later = [step for step in steps_of()[1:] if is_same_model("moderator_intro", step.kind)]
    assert later, "there are turns on its model"
    assert readers_of(intro, steps_of()[1:]) == (), "but not before the openings are read"
    assert marks("moderator_intro") == []
    attack = step_of("attack_response")
    readers = readers_of(attack, steps_of()[attack.index + 1 :])
    assert readers
    last = readers[-1]
    assert sum(PACE_S[s.kind] for s in steps_of()[attack.index : last.index]) <= SAFE_S


def test_somebody_who_types_lets_the_rest_be_forgotten() -> None:
    seated = plan_of(Shape("1v1", "pro1", has_context=True))
    attack = next(s for s in seated if s.kind == "attack_response")
    quick = readers_of(attack, steps_of("1v1")[attack.index + 1 :])
    slow = readers_of(attack, seated[attack.index + 1 :])
    assert len(slow) < len(quick)
    assert not any(step.is_users for step in slow)


def test_what_was_kept_too_long_ago_is_not_looked_for() -> None:
    step = step_of("conclusion")
    said = said_before(step)
    assert earlier_of(step, said) is None, "the openings are long ago"
    assert earlier_of(step, [*said, Said(19, "s", "conclusion", "pro1", "x")]) is not None


def test_calls_behind_the_scenes_keep_nothing() -> None:
    for step in steps_of():
        for background in (*step.before, *step.after):
            prompt = background_prompt(
                background, brief=brief_of(context="A text."), transcript=said_before(step),
                found=(), room_tokens=ROOM,
            )
            assert not any(message.is_prefix_end for message in prompt.messages)

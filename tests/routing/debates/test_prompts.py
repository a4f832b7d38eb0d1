"""Prompts of turns and of calls behind the scenes: what stands in them, where, and that it fits."""

import hashlib
import re
from itertools import pairwise

import pytest

from routing.call_kinds import CALL_KINDS
from routing.debates.prompt_canonical import Canon, Statement, canonical_prompt
from routing.debates.prompt_parts import WORDS
from routing.debates.prompt_room import cost
from routing.debates.prompts import (
    LEAST_ROOM,
    MODERATOR_STYLES,
    VERSION,
    background_prompt,
    turn_prompt,
)
from routing.debates.reuse import CANONICAL
from routing.debates.types import Background, Cast, Character, Said
from tests.routing.debates.prompting import (
    NAMES,
    ROOM,
    TOPICS,
    brief_of,
    found,
    prompt_of,
    said_before,
    step_of,
    steps_of,
    text_of,
)

LANGUAGES = ("ko", "en")
TURNS = sorted({step.kind for step in steps_of()})
JOBS = sorted(
    {b.kind for s in steps_of() + steps_of(seat="con1") for b in (*s.before, *s.after)}
)
CANON = sorted(CANONICAL)
PAGES = "Words of a search.\n[A page](https://a.example/1) its words"
HANGUL = re.compile("[가-힣]")
DIGESTS = {3: "cb59cb8fba92ca78"}  # of all texts that a version of the prompts is made of


def canonical_text(kind: str, language: str) -> str:
    cast = brief_of(language).cast
    statements = (Statement(cast.pro[0], "pro", "Words."), Statement(cast.con[0], "con", "Words."))
    canon = Canon(
        kind, language, TOPICS[language], "con", cast.con[0], cast,
        statements if kind == "moderator_summary_1" else statements[1:],
        is_searched=kind == "opening_statement",
    )
    return "\n".join(
        each.content for each in canonical_prompt(canon, found=[
            found(kind, PAGES if kind == "rag_search" else "Something found.") for kind in JOBS
        ])
    )


def job(kind: str) -> Background:
    plans = steps_of() + steps_of(seat="con1")
    return next(b for s in plans for b in (*s.before, *s.after) if b.kind == kind)


def job_prompt(kind: str, language: str = "en", room: int = ROOM, **changes: object) -> str:
    background = job(kind)
    said = [Said(n, "s", "opening_statement", "con1", f"Words of step {n}.") for n in range(24)]
    prompt = background_prompt(
        background, brief=brief_of(language, **changes), transcript=said, found=(),
        room_tokens=room,
    )
    assert cost(prompt.messages) <= room
    return text_of(prompt)


def test_every_kind_of_the_plan_has_its_words_in_both_languages() -> None:
    templates = {"topic_resolve", "moderator_transition"}
    for words in WORDS.values():
        assert set(words.tasks) == set(words.short_tasks) == set(TURNS)
        assert set(JOBS) < set(words.jobs)
        assert set(words.tasks) | set(words.jobs) | templates == set(CALL_KINDS)
        assert set(words.styles) == set(MODERATOR_STYLES)
    assert set(WORDS["ko"].tones) == set(WORDS["en"].tones)


def test_a_change_of_the_texts_is_a_new_version() -> None:
    """If this fails: raise `prompts.VERSION` and write the new digest down."""
    texts = [
        text_of(prompt_of(step, language=language, room=room, moderator_style=style))
        for language in LANGUAGES for room in (ROOM, 900)
        for style in MODERATOR_STYLES for step in steps_of()
    ]
    texts += [job_prompt(kind, language) for language in LANGUAGES for kind in JOBS]
    texts += [canonical_text(kind, language) for language in LANGUAGES for kind in CANON]
    texts += [repr(words) for words in WORDS.values()]
    digest = hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]
    assert digest == DIGESTS[VERSION]


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_turns_begin_with_the_same_rules_and_brief(language: str) -> None:
    heads = {
        tuple(message.content for message in prompt_of(step, language=language).messages[:2])
        for step in steps_of()
    }
    assert len(heads) == 1


@pytest.mark.parametrize("format", ["1v1", "2v2"])
def test_in_the_exchange_a_prompt_begins_with_all_of_the_one_before(format: str) -> None:
    kinds = ("moderator_summary_1", "attack_response", "defense_response", "followup_response")
    steps = [step for step in steps_of(format) if step.kind in kinds]
    bodies = [
        [message.content for message in turn_prompt(
            step, brief=brief_of(format=format), transcript=said_before(step, format=format),
            found=(), room_tokens=ROOM,
        ).messages[:-1]]
        for step in steps
    ]
    for earlier, later in pairwise(bodies):
        assert later[: len(earlier)] == earlier
        assert len(later) == len(earlier) + 1


def test_last_statements_begin_alike_too_and_see_summaries_the_last_cycle_and_each_other() -> None:
    seen = [
        re.findall(r"Words of step (\d+)\.", text_of(prompt_of(step_of("conclusion", number=n))))
        for n in range(4)
    ]
    first = ["5", "15", "16", "17", "18"]
    assert seen == [first, [*first, "19"], [*first, "19", "20"], [*first, "19", "20", "21"]]
    closing = text_of(prompt_of(step_of("closing")))
    assert re.findall(r"Words of step (\d+)\.", closing) == ["18", "19", "20", "21", "22"]


def test_openings_stand_by_themselves() -> None:
    for number in range(4):
        step = step_of("opening_statement", number=number)
        assert "Words of step" not in text_of(prompt_of(step))


def test_from_the_first_summary_on_everybody_sees_at_least_the_last_three_messages() -> None:
    for step in steps_of():
        if step.index > 4:
            text = text_of(prompt_of(step))
            for number in range(step.index - 3, step.index):
                assert f"Words of step {number}." in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_who_speaks_and_to_whom_stands_at_the_end_only(language: str) -> None:
    step = step_of("attack_response")
    messages = prompt_of(step, language=language).messages
    me, target = NAMES[language][2], NAMES[language][0]
    last = messages[-1].content
    assert me in last.splitlines()[0]
    assert target in last.rpartition("<task>")[2]
    assert "essence" not in messages[1].content
    assert [message.role for message in messages] == ["system"] + ["user"] * (len(messages) - 1)


@pytest.mark.parametrize("kind", TURNS)
@pytest.mark.parametrize("room", [ROOM, 900])
def test_a_prompt_is_in_one_language(kind: str, room: int) -> None:
    english = text_of(prompt_of(step_of(kind), room=room))
    assert not HANGUL.search(english)
    korean = text_of(prompt_of(step_of(kind), language="ko", room=room, said=()))
    words = set(re.findall(r"[A-Za-z]+", korean))
    assert words <= {"task", "topic", "speaker", "side", "card", "of", "said", "by"}


@pytest.mark.parametrize("kind", JOBS)
def test_a_call_behind_the_scenes_is_asked_in_the_language_of_the_debate(kind: str) -> None:
    assert not HANGUL.search(job_prompt(kind))
    assert len(HANGUL.findall(job_prompt(kind, "ko"))) > 60


def test_what_can_be_used_again_depends_on_nothing_else() -> None:
    """Another opponent, another seat, another style: the same words, so a store can answer."""
    other = Character("x", 1, "Arendt", {})
    brief = brief_of()
    changed = Cast(brief.cast.pro, (other, other))
    for kind in (
        "core_arguments", "rag_query", "rag_search", "stance_statements", "context_summary",
    ):
        one = job_prompt(kind, context="A text.")
        assert one == job_prompt(kind, context="A text.", cast=changed, moderator_style="formal",
                                 seat="con2")


def test_sides_swap_with_the_topic() -> None:
    straight, swapped = (
        text_of(prompt_of(step_of("moderator_intro"), is_swapped=swap)) for swap in (False, True)
    )
    assert "PRO says yes" in straight
    assert "PRO says no" in swapped


@pytest.mark.parametrize(
    ("kind", "find"),
    [
        ("opening_statement", found("core_arguments", speaker="pro1", step=1)),
        ("opening_statement", found("rag_query", speaker="pro1", step=1)),
        ("attack_response", found("opening_analysis", speaker="pro1", step=1)),
        ("attack_response", found("quality_check", speaker="con1", step=3)),
        ("moderator_summary_2", found("turn_analysis", speaker="con1", step=8)),
        ("closing", found("context_summary")),
        ("closing", found("stance_statements", "PRO: Never lie.\nCON: Sometimes lie.")),
    ],
)
def test_what_was_found_stands_in_the_prompts_it_is_for_and_is_named_as_used(
    kind: str, find: object
) -> None:
    prompt = prompt_of(step_of(kind), finds=[find], context="A text.")
    assert prompt.uses == (find.call_id,)
    assert find.text.splitlines()[0].removeprefix("PRO: ") in text_of(prompt)


@pytest.mark.parametrize(
    ("kind", "find"),
    [
        ("opening_statement", found("core_arguments", speaker="pro2", step=2)),
        ("attack_response", found("opening_analysis", speaker="con1", step=3)),
        ("attack_response", found("turn_analysis", step=8)),
        ("attack_response", found("opening_analysis", "", speaker="pro1", step=1)),
        ("conclusion", found("opening_analysis", speaker="con1", step=3)),
    ],
)
def test_what_is_not_for_a_turn_is_not_used(kind: str, find: object) -> None:
    prompt = prompt_of(step_of(kind), finds=[find])
    assert prompt.uses == ()
    assert "Something found" not in text_of(prompt)


def test_only_the_last_state_of_the_arguments_is_told() -> None:
    states = [found("turn_analysis", f"State {n}.", step=n) for n in (8, 14, 11)]
    prompt = prompt_of(step_of("moderator_summary_2"), finds=states)
    assert prompt.uses == (states[1].call_id,)


def test_a_tone_is_told_in_words() -> None:
    step = step_of("attack_response")
    tone = found("tone_select", "ironic", speaker="con1", step=step.index)
    assert "Speak with fine irony.</task>" in text_of(prompt_of(step, finds=[tone]))
    assert "irony" not in text_of(prompt_of(step_of("defense_response"), finds=[tone]))


def test_the_context_is_summed_up_once_that_was_done() -> None:
    long = "A very long text. " * 300
    step = step_of("opening_statement")
    before = text_of(prompt_of(step, context=long))
    after = text_of(prompt_of(step, context=long, finds=[found("context_summary", "In short.")]))
    assert before.count("A very long text.") < 100
    assert "<context>In short.</context>" in after
    assert "A very long text" not in after


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("room", [LEAST_ROOM, 500, 900, 1_180, 1_500, 2_500, 4_000, 9_000])
def test_everything_fits_into_the_room_and_what_was_said_last_goes_last(
    language: str, room: int
) -> None:
    long = {"ko": "나는 그렇게 생각하지 않습니다. ", "en": "I do not think that it is so. "}
    for step in steps_of():
        said = [
            Said(s.step, s.stage, s.kind, s.speaker, f"#{s.step}# " + long[language] * 40)
            for s in said_before(step)
        ]
        finds = [found("core_arguments", "x " * 300, speaker="pro1", step=1)]
        prompt = prompt_of(step, language=language, room=room, said=said, finds=finds)
        assert cost(prompt.messages) <= room
        seen = [int(n) for n in re.findall(r"#(\d+)#", text_of(prompt))]
        assert seen == sorted(seen)
        if seen and step.kind not in ("conclusion", "closing"):
            assert seen == list(range(seen[0], step.index)), "only the oldest may be left out"


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_had_to_go_is_said(language: str) -> None:
    step = step_of("moderator_summary_2")
    said = said_before(step, text="Word. " * 200)
    prompt = prompt_of(step, language=language, room=2_500, said=said)
    assert WORDS[language].cut in text_of(prompt)
    assert not any(message.is_prefix_end for message in prompt.messages)
    whole = prompt_of(step, language=language, said=said)
    assert WORDS[language].cut not in text_of(whole)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_longest_names_and_topic_fit_into_the_least_room(language: str) -> None:
    name = {"ko": "긴이름의철학자", "en": "Longnamed Philosopher of "}[language] * 20
    people = [Character(f"p{n}", 1, f"{n}{name}", {"essence": name * 10}) for n in range(4)]
    cast = Cast(tuple(people[:2]), tuple(people[2:]))
    topic = {"ko": "정말로 그러한가 ", "en": "Is it really so "}[language] * 40
    for step in steps_of():
        prompt = prompt_of(step, language=language, room=LEAST_ROOM, cast=cast, topic=topic)
        assert cost(prompt.messages) <= LEAST_ROOM
        assert prompt.messages[-1].content.strip()


def test_a_small_model_gets_few_words_and_what_was_said_last() -> None:
    step = step_of("defense_response")
    prompt = prompt_of(step, room=900)
    assert len(prompt.messages) == 2
    assert cost(prompt.messages) < 450
    assert text_of(prompt).endswith("Begin with the name.")
    assert "Words of step 6." in text_of(prompt)
    assert TOPICS["en"] in prompt.messages[0].content


def test_no_korean_particle_hangs_on_a_name() -> None:
    """Whether it is 은 or 는, 이 or 가 depends on how a name ends, which nobody knows."""
    words = WORDS["ko"]
    texts = [*words.tasks.values(), *words.jobs.values(), *words.canon.values(), words.you,
             words.you_say, words.mate, words.short_you, *words.short_tasks.values()]
    for text in texts:
        assert not re.search(r"\{(name|target|mate|pros|cons)\}[가-힣]", text), text


def test_only_a_summary_of_the_context_may_be_cut_short() -> None:
    brief = brief_of(context="A text.")
    cut = {
        kind for kind in JOBS
        if background_prompt(job(kind), brief=brief, transcript=(), found=(),
                             room_tokens=ROOM).may_be_cut
    }
    assert cut == {"context_summary"}
    assert not prompt_of(step_of("attack_response")).may_be_cut


def test_a_huge_context_is_cut_to_the_room() -> None:
    text = job_prompt("context_summary", room=1_000, context="Many words. " * 2_000)
    assert text.count("Many words.") > 50


@pytest.mark.parametrize("language", LANGUAGES)
def test_with_little_room_the_opponents_last_words_are_rather_cut_than_left_out(
    language: str,
) -> None:
    step = step_of("defense_response")
    sentence = {"ko": "그것은 참으로 옳지 않습니다. ", "en": "That is not right at all. "}
    long = sentence[language] * 60
    said = [Said(s.step, s.stage, s.kind, s.speaker, long) for s in said_before(step)]
    text = text_of(prompt_of(step, language=language, room=LEAST_ROOM, said=said))
    assert text.count("<said ") == 1
    assert "…</said>" in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_card_is_drawn_from_a_name_alone(language: str) -> None:
    prompt = background_prompt(
        Background("character_card", "con1", 0), brief=brief_of(language), transcript=(),
        found=(), room_tokens=ROOM,
    )
    assert NAMES[language][2] in text_of(prompt)
    assert TOPICS[language] not in text_of(prompt)
    assert '"essence": "..."' in text_of(prompt)

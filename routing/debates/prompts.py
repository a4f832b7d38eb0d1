"""What is said to the models of a debate, in Korean and English. Pure: no database, no clock.

    rules -> brief -> transcript -> who speaks, notes, task

The first parts are the same words in every turn of a debate, the transcript only grows, and what
differs comes last: so a provider that remembers the beginning of a prompt is paid for it once
(docs/prompts.md). Whatever people typed stands between tags that it cannot close, and is no order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from routing.debates.plan import CYCLE
from routing.debates.prompt_fence import fenced, plain
from routing.debates.prompt_found import found_text, wants
from routing.debates.prompt_jobs import job_parts
from routing.debates.prompt_marks import marks_of, viewed
from routing.debates.prompt_parts import (
    SHORT_CARD,
    WHOLE_CARD,
    brief_text,
    line_of,
    name_in,
    note_lines,
    persona,
    side_names,
    words_of,
)
from routing.debates.prompt_room import cost, newest_that_fit
from routing.debates.prompt_short import short_prompt
from routing.debates.prompt_words import MODERATOR_STYLES
from routing.debates.types import Background, Brief, Found, Said, Step
from routing.types import Message

__all__ = (
    "LEAST_ROOM", "MODERATOR_STYLES", "VERSION", "Prompt", "background_prompt", "found_text",
    "told_in", "turn_prompt", "wants",
)

VERSION = 3  # of all texts and their order; a test fails if they change without it
SHORT_BELOW = 1_500  # tokens of room, below which rules of this length would leave too little
LEAST_ROOM = 450  # tokens that the shortest prompt may need


@dataclass(frozen=True, slots=True)
class Prompt:
    """`uses`: the calls whose answers stand in it. `may_be_cut`: half an answer is of use."""

    messages: tuple[Message, ...]
    uses: tuple[UUID, ...] = ()
    may_be_cut: bool = False


def turn_prompt(
    step: Step, *, brief: Brief, transcript: Sequence[Said], found: Sequence[Found],
    room_tokens: int, steps_left: Sequence[Step] = (),
) -> Prompt:
    """The prompt of one turn, in at most `room_tokens` (our own count, each message included).

    `steps_left`: the steps that follow, which tell whether a prefix is worth keeping.
    """
    told = told_in(step, found)
    head = (Message("system", words_of(brief).rules), Message("user", brief_text(brief, told)))
    tail = Message("user", _last_part(step, brief, told))
    room = room_tokens - cost((*head, tail))
    said = viewed(step.kind, transcript)
    lines = newest_that_fit(said, room, brief)
    if room_tokens < SHORT_BELOW or room < 0 or (said and not lines):
        return Prompt(short_prompt(step, brief=brief, transcript=said, room_tokens=room_tokens))
    is_whole = len(lines) == len(said)
    marks = marks_of(
        step, lines=said, transcript=transcript, steps_left=steps_left
    ) if is_whole else frozenset()
    body = [Message("user", line_of(each, brief), is_prefix_end=at + 1 in marks)
            for at, each in enumerate(lines)]
    brief_message = Message("user", head[1].content, is_prefix_end=0 in marks)
    gap = () if is_whole else (Message("user", fenced("omitted", words_of(brief).cut)),)
    return Prompt((head[0], brief_message, *gap, *body, tail), _uses(told))


def background_prompt(
    background: Background, *, brief: Brief, transcript: Sequence[Said], found: Sequence[Found],
    room_tokens: int,
) -> Prompt:
    """The prompt of a call that nobody reads along. Shares no prefix: nothing is worth keeping.

    What can be used again in another debate depends on nothing but its key: `core_arguments` on
    philosopher, topic and side, `context_summary` on the context.
    """
    parts, told, task = job_parts(background, brief=brief, transcript=transcript, found=found)
    rules = Message("system", words_of(brief).job_rules)
    limit = max((len(text) for _tag, text, _of in parts), default=0)
    while True:
        lines = [fenced(tag, plain(text, limit), of=of) for tag, text, of in parts if text]
        asked = Message("user", "\n".join([*lines, fenced("task", task)]))
        if cost((rules, asked)) <= room_tokens or limit < 2:
            break
        limit = limit * 3 // 4
    return Prompt((rules, asked), _uses(told), may_be_cut=background.kind == "context_summary")


def told_in(step: Step, found: Sequence[Found]) -> tuple[Found, ...]:
    """What of all that was found out stands in the prompt of this turn."""
    return latest([each for each in found if each.text and wants(step, each)])


def latest(found: Sequence[Found]) -> tuple[Found, ...]:
    """Of the states of the arguments only the last: each one brings the former up to date."""
    states = [each for each in found if each.kind == "turn_analysis"]
    last = max(states, key=lambda each: each.step, default=None)
    return tuple(each for each in found if each.kind != "turn_analysis" or each is last)


def _last_part(step: Step, brief: Brief, told: Sequence[Found]) -> str:
    """Persona, notes and task: all that is this turn's alone."""
    words = words_of(brief)
    notes = note_lines(words, told)
    task = words.tasks[step.kind].format(
        target=name_in(brief, step.target) if step.target else "",
        side=words.side(step.speaker),
        pros=side_names(brief, "pro"), cons=side_names(brief, "con"),
    )
    tones = [words.tones[each.text] for each in told if each.text in words.tones]
    card = SHORT_CARD if step.kind in CYCLE else WHOLE_CARD
    asked = fenced("task", " ".join([task, *tones]))
    return "\n".join([persona(brief, step.speaker, card), *notes, asked])


def _uses(told: Sequence[Found]) -> tuple[UUID, ...]:
    return tuple(dict.fromkeys(each.call_id for each in told))

"""Prompts for very little room and very small models: few plain words, and what was said last."""

from collections.abc import Sequence

from routing import tokens
from routing.debates.prompt_fence import fenced, plain
from routing.debates.prompt_parts import (
    line_of,
    name_in,
    positions,
    side_names,
    words_of,
)
from routing.debates.prompt_room import cost
from routing.debates.types import MODERATOR, Brief, Said, Step
from routing.types import Message

MAX_SAID = (700, 350, 150)  # characters of a message; less only for the last one
MAX_TOPIC = 300
MAX_LINES = 4  # a small model loses itself in more, and reads slowly
MAX_ESSENCE = 160
SHRINK = (1.0, 0.6, 0.35, 0.15, 0.0)


def short_prompt(
    step: Step, *, brief: Brief, transcript: Sequence[Said], room_tokens: int
) -> tuple[Message, ...]:
    """Rules and question in one message, the last words and the task in another."""
    for share in SHRINK:
        head = Message("system", _head(brief, int(MAX_TOPIC * max(share, 0.1))))
        task = _task(step, brief, int(MAX_ESSENCE * share))
        room = room_tokens - cost((head, Message("user", task)))
        if room >= 0:
            break
    lines = _last_words(transcript, brief, room)
    return (head, Message("user", "\n".join([*lines, task])))


def _last_words(transcript: Sequence[Said], brief: Brief, room: int) -> list[str]:
    """The last few messages, as far as they have a place; the very last is rather cut."""
    lines: list[str] = []
    for said in reversed(transcript[-MAX_LINES:]):
        sizes = MAX_SAID if not lines else MAX_SAID[:1]
        tried = (line_of(said, brief, size) for size in sizes)
        line = next((line for line in tried if tokens.count(line) < room), None)
        if line is None:
            break
        lines.insert(0, line)
        room -= tokens.count(line) + 1
    return lines


def _head(brief: Brief, limit: int) -> str:
    words = words_of(brief)
    topic = fenced("topic", plain(brief.topic, limit))
    return f"{words.short_rules}\n" + words.short_brief.format(
        topic=topic, positions=positions(brief)
    )


def _task(step: Step, brief: Brief, limit: int) -> str:
    words, side = words_of(brief), words_of(brief).side(step.speaker)
    task = words.short_tasks[step.kind].format(
        target=name_in(brief, step.target) if step.target else "", side=side,
        pros=side_names(brief, "pro"), cons=side_names(brief, "con"),
    )
    if step.speaker == MODERATOR:
        return f"{words.short_moderate}\n{task}"
    essence = plain(str(brief.cast.of(step.speaker).card.get("essence") or ""), limit)
    you = words.short_you.format(
        name=name_in(brief, step.speaker), side=side,
        essence=fenced("card", essence) if essence else "",
    )
    return f"{you.rstrip()}\n{task}"

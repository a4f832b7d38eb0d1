"""The prompts of answers that other debates may use: nothing of one debate, of its people, or of
whoever watches it stands in them. Pure.

Such a prompt is made from the fields of the answer's key and from other answers of that kind, in
the catalogue's words. It names no side: what PRO says in one debate CON says in another one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from routing.call_kinds import SEARCH
from routing.debates.prompt_fence import fenced, name_of, plain
from routing.debates.prompt_parts import (
    MAX_TOPIC,
    STANCES,
    WHOLE_CARD,
    card,
    card_text,
    note_lines,
    words_in,
)
from routing.debates.prompt_words import USUAL_STYLE
from routing.debates.prompts import turn_prompt
from routing.debates.types import MODERATOR, SIDES, Brief, Cast, Character, Found, Said, Step
from routing.types import Message

WHOLE_ROOM = 1_000_000  # tokens: such a prompt is never shortened
READS: dict[str, tuple[str, ...]] = {  # earlier answers that stand in a prompt
    "rag_query": ("core_arguments",),
    "opening_statement": ("core_arguments", "rag_query", SEARCH),
    "moderator_intro": ("stance_statements",),
}


@dataclass(frozen=True, slots=True)
class Statement:
    """A stored opening. `side`: of the catalogue's topic."""

    by: Character
    side: str
    text: str


@dataclass(frozen=True, slots=True)
class Canon:
    """All that such a prompt is made of. `side`: of the catalogue's topic; `is_swapped`: PRO of the
    debate says what the catalogue calls CON, where a prompt has to name the sides; `is_searched`:
    an opening that reads what a web search found, and says so in its key."""

    kind: str
    language: str
    title: str
    side: str = ""
    who: Character | None = None
    cast: Cast | None = None
    statements: tuple[Statement, ...] = ()
    moderator_style: str = USUAL_STYLE
    is_swapped: bool = False
    is_searched: bool = False


def canonical_prompt(canon: Canon, *, found: Sequence[Found] = ()) -> tuple[Message, ...]:
    """`found`: what the speaker's earlier answers found out; of `stance_statements`, in the
    catalogue's sense of PRO and CON."""
    told = [each for each in found if each.kind in read_by(canon) and each.text]
    if canon.kind == "moderator_intro":
        return _moderated(canon, "opening", found=told)
    if canon.kind == "moderator_summary_1":
        return _moderated(canon, canon.kind)
    return _spoken(canon, told) if canon.kind == "opening_statement" else _job(canon, told)


def read_by(canon: Canon) -> tuple[str, ...]:
    """The kinds of earlier answers that stand in its prompt."""
    kinds = READS.get(canon.kind, ())
    return kinds if canon.is_searched else tuple(kind for kind in kinds if kind != SEARCH)


def flipped(side: str) -> str:
    return SIDES[1 - SIDES.index(side)]


def stances_swapped(text: str) -> str:
    """What PRO says and what CON says, the other way round."""
    lines = dict(STANCES.findall(text))
    return f"PRO: {lines['CON']}\nCON: {lines['PRO']}" if len(lines) == len(SIDES) else text


def _spoken(canon: Canon, told: Sequence[Found]) -> tuple[Message, ...]:
    words, who = words_in(canon.language), canon.who
    assert who
    you = words.you_say.format(name=name_of(who.name) or who.key, view=words.views[canon.side])
    lines = [
        _topic(canon), you, card(words, who, WHOLE_CARD), *note_lines(words, told),
        fenced("task", words.canon[canon.kind]),
    ]
    return (Message("system", words.rules), Message("user", "\n".join(filter(None, lines))))


def _job(canon: Canon, told: Sequence[Found]) -> tuple[Message, ...]:
    words, who = words_in(canon.language), canon.who
    name = name_of(who.name) or who.key if who else ""
    lines = [_topic(canon)]
    if who and canon.kind in ("core_arguments", "quality_check"):
        lines.append(fenced("card", card_text(words, who), of=name))
    lines += [fenced("note", plain(each.text)) for each in told]
    lines += [fenced("said", plain(each.text), of=name) for each in canon.statements]
    task = words.canon[canon.kind].format(
        name=name, view=words.views.get(canon.side, ""), **words.views
    )
    lines.append(fenced("task", task))
    return (Message("system", words.job_rules), Message("user", "\n".join(lines)))


def _moderated(
    canon: Canon, stage: str, *, found: Sequence[Found] = ()
) -> tuple[Message, ...]:
    """As in a debate of this cast on this topic, which nobody takes part in or added a text to."""
    cast = canon.cast or _cast_of(canon)
    brief = Brief(
        canon.title, canon.language, cast, moderator_style=canon.moderator_style,
        is_swapped=canon.is_swapped,
    )
    said = [
        Said(1 + at, "", "opening_statement", speaker, each.text)
        for at, (speaker, each) in enumerate(_by_speaker(canon))
    ]
    step = Step(1 + len(said), stage, canon.kind, MODERATOR)
    told = [_in_debate(each, canon) for each in found]
    prompt = turn_prompt(step, brief=brief, transcript=said, found=told, room_tokens=WHOLE_ROOM)
    return prompt.messages


def _in_debate(found: Found, canon: Canon) -> Found:
    if not canon.is_swapped:
        return found
    text = stances_swapped(found.text)
    return Found(found.kind, found.speaker, found.step, text, found.call_id)


def _by_speaker(canon: Canon) -> list[tuple[str, Statement]]:
    """The statements under the names that their speakers have in the debate, PRO first."""
    sides = {side: flipped(side) if canon.is_swapped else side for side in SIDES}
    by_side = {
        side: [each for each in canon.statements if sides[each.side] == side] for side in SIDES
    }
    return [
        (f"{side}{at}", each) for side in SIDES for at, each in enumerate(by_side[side], start=1)
    ]


def _cast_of(canon: Canon) -> Cast:
    people = _by_speaker(canon)
    return Cast(*(
        tuple(each.by for speaker, each in people if speaker.startswith(side)) for side in SIDES
    ))


def _topic(canon: Canon) -> str:
    return fenced("topic", plain(canon.title, MAX_TOPIC))

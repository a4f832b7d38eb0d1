"""Which calls of a debate others may be given the answers of, and under which fields. Pure.

Three sorts (docs/cache.md). A **canonical** answer depends on the catalogue alone: topic, side,
philosopher, cast. One **of statements** depends on stored openings. One **in a replay** depends on
all that was said and found out so far, and is shared only while every bit of that is a stored
answer: then a debate with the same topic and cast goes the same way. Nothing else is ever shared;
and nothing that a user typed is in any field.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from routing.call_kinds import SEARCH, CallKind
from routing.debates.prompt_canonical import flipped
from routing.debates.prompt_words import USUAL_STYLE
from routing.debates.prompts import VERSION
from routing.debates.types import SIDES, Cast, Character, Step
from routing.types import Reuse

OPENING = "opening_statement"
OF_TOPIC = frozenset({"stance_statements"})
OF_SIDE = frozenset({SEARCH})  # whoever speaks for it
OF_SPEAKER = frozenset({"core_arguments", "rag_query", OPENING})
OF_CAST = frozenset({"moderator_intro"})
OF_STATEMENT = frozenset({"quality_check", "opening_analysis"})
OF_STATEMENTS = frozenset({"moderator_summary_1"})
IN_REPLAY = frozenset({
    "tone_select", "attack_response", "defense_response", "followup_response", "turn_analysis",
    "moderator_summary_2", "conclusion", "closing",
})
CANONICAL = OF_TOPIC | OF_SIDE | OF_SPEAKER | OF_CAST | OF_STATEMENT | OF_STATEMENTS
SHAREABLE = CANONICAL | IN_REPLAY


@dataclass(frozen=True, slots=True)
class About:
    """What shared answers are about: a topic of the catalogue, in its own words. `is_swapped`: PRO
    of this debate says what the catalogue's topic calls CON. `has_search`: its openings read what a
    web search found for their side."""

    topic: str  # its key
    epoch: int
    title: str
    language: str
    cast: Cast
    is_swapped: bool = False
    moderator_style: str = USUAL_STYLE
    has_search: bool = False

    def side_of(self, speaker: str) -> str:
        """Of the catalogue's topic."""
        return flipped(speaker[:3]) if self.is_swapped else speaker[:3]

    @property
    def has_own(self) -> bool:
        """A philosopher of the user's own is in the cast."""
        return any(each.owner_id is not None for each in (*self.cast.pro, *self.cast.con))


def reuse_of(
    kind: str, about: About, *, kinds: Mapping[str, CallKind], speaker: str = "",
    statement_ids: Sequence[int | None] = (), place: Mapping[str, Any] | None = None,
    prefer: int = 0,
) -> Reuse | None:
    """None: this answer is one debate's alone.

    `speaker`: whose answer it is, or whose statement it is about. `statement_ids`: the stored
    openings it reads, in the order of the plan; None among them: one is not stored. `place`: where
    in a replay it stands (`place_of`).
    """
    row = kinds[kind]
    if not row.key_fields or not row.variants:  # 0 variants: the operator's word for "never"
        return None
    own = _own_fields(kind, about, speaker, statement_ids, place)
    if own is None:
        return None
    fields = {
        "kind": kind, "lang": about.language, "prompt_version": VERSION, "topic": about.topic,
        "topic_epoch": about.epoch, "title": about.title, **own,
    }
    return Reuse(fields, variants=row.variants, ttl_days=row.ttl_days, prefer=prefer)


def place_of(
    about: About, step: Step, *, said: Sequence[tuple[int, int | None]],
    told: Sequence[tuple[str, str, int, int | None]] = (),
) -> Mapping[str, Any] | None:
    """Where in a replay this is: after exactly these stored answers. None: something of it is not
    stored. `said`: (step, stored answer) in the order it was said; `told`: (kind, speaker, step,
    stored answer) of what stands in the prompt."""
    if any(each[-1] is None for each in (*said, *told)):
        return None
    way = [
        about.topic, about.epoch, about.language, about.is_swapped, cast_fields(about.cast),
        about.moderator_style, list(map(list, said)), sorted(map(list, told)),
    ]
    digest = hashlib.sha256(json.dumps(way, ensure_ascii=False).encode()).hexdigest()
    return {"debate_variant_id": digest, "step": step.index}


def philosopher_fields(who: Character) -> list[Any]:
    """Key, version, owner: a user's own are their owner's alone."""
    return [who.key, who.version, who.owner_id]


def cast_fields(cast: Cast) -> list[list[list[Any]]]:
    return [list(map(philosopher_fields, people)) for people in (cast.pro, cast.con)]


def _own_fields(
    kind: str, about: About, speaker: str, statement_ids: Sequence[int | None],
    place: Mapping[str, Any] | None,
) -> Mapping[str, Any] | None:
    if kind in OF_TOPIC:
        return {}
    if kind in OF_SIDE:
        return {"side": about.side_of(speaker)} if speaker[:3] in SIDES else None
    if kind in OF_SPEAKER | OF_STATEMENT and speaker[:3] in SIDES:
        return _of_speaker(kind, about, speaker, statement_ids)
    if about.has_own:  # of several people: a user's own is not mixed with the catalogue's
        return None
    moderated = {"moderator_style": about.moderator_style, "is_swapped": about.is_swapped}
    if kind in OF_CAST:
        return {**moderated, "cast": cast_fields(about.cast)}
    if kind in OF_STATEMENTS and statement_ids and None not in statement_ids:
        return {**moderated, "statement_ids": list(statement_ids)}
    return place if kind in IN_REPLAY else None


def _of_speaker(
    kind: str, about: About, speaker: str, statement_ids: Sequence[int | None]
) -> Mapping[str, Any] | None:
    who = philosopher_fields(about.cast.of(speaker))
    own = {"philosopher": who, "side": about.side_of(speaker)}
    if kind in OF_SPEAKER:
        return own | ({"is_searched": True} if kind == OPENING and about.has_search else {})
    if len(statement_ids) != 1 or statement_ids[0] is None:
        return None
    return {**own, "statement_id": statement_ids[0]}

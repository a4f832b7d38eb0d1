"""What of one debate others may be given, and what it may be given of others: from its rows.

The rules are `reuse.py`'s; here is where what they ask for is found. Synchronous where it reads.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings

from accounts.types import Caller
from costcontrol.lib.rows import asked
from routing import holdout
from routing.call_kinds import CallKind
from routing.debates.prompt_canonical import (
    READS,
    Canon,
    Statement,
    canonical_prompt,
    read_by,
    stances_swapped,
)
from routing.debates.prompts import Prompt, latest, told_in
from routing.debates.reuse import (
    CANONICAL,
    IN_REPLAY,
    OF_SIDE,
    OF_SPEAKER,
    SHAREABLE,
    About,
    place_of,
    reuse_of,
)
from routing.debates.types import Background, Brief, Found, Step
from routing.models import BackgroundCall, Debate, Turn
from routing.types import Reuse

TOPIC = "SELECT epoch, ko, en FROM routing_topic WHERE key = %s"
SAID_ALONE = frozenset({"moderator_intro"})  # no prompt reads it, so no key depends on it


@dataclass(frozen=True, slots=True)
class Sharing:
    """`turns`: completed, in the order they were said."""

    about: About
    kinds: Mapping[str, CallKind]
    turns: Sequence[Turn]
    prefer: int = 0
    seat: str = ""

    def of_turn(
        self, step: Step, found: Sequence[Found], *, is_fresh: bool = False
    ) -> Reuse | None:
        """`is_fresh`: another text is wanted, so there is room for as many again."""
        told = told_in(step, found)
        reuse = self._reuse(step.kind, step.speaker, self._openings(), self._place(step, told))
        if reuse is None or not is_fresh:
            return reuse
        return Reuse(
            reuse.fields, variants=2 * reuse.variants, ttl_days=reuse.ttl_days,
            prefer=reuse.prefer,
        )

    def of_background(self, background: Background, found: Sequence[Found]) -> Reuse | None:
        """`found`: what it may read of what is known."""
        own = [turn for turn in self.turns if turn.step == background.step]
        at = Step(background.step, "", background.kind, background.speaker)
        until = background.step + (1 if background.kind == "turn_analysis" else 0)
        told = states_before(background, found)
        return self._reuse(
            background.kind, background.speaker, [turn.answer_id for turn in own],
            self._place(at, told, until=until),
        )

    def in_debate(self, kind: str, text: str) -> str:
        """What was found out in the catalogue's sense of PRO and CON, in this debate's. And back.
        """
        is_turned = self.about.is_swapped and kind == "stance_statements"
        return stances_swapped(text) if is_turned else text

    def prompt(self, kind: str, speaker: str, found: Sequence[Found], *, step: int) -> Prompt:
        """The canonical one. `step`: of the statement it reads."""
        canon = self.canon(kind, speaker, step=step)
        told = [
            replace(each, text=self.in_debate(each.kind, each.text)) for each in found
            if each.kind in read_by(canon) and each.speaker == speaker and each.text
        ]
        messages = canonical_prompt(canon, found=told)
        return Prompt(messages, tuple(dict.fromkeys(each.call_id for each in told)))

    def canon(self, kind: str, speaker: str, *, step: int) -> Canon:
        """What the canonical prompt of this call is made of."""
        about, who = self.about, None
        if speaker and kind not in OF_SIDE:
            who = about.cast.of(speaker)
        return Canon(
            kind, about.language, about.title, about.side_of(speaker) if speaker else "", who,
            about.cast, self._statements(kind, step), about.moderator_style, about.is_swapped,
            about.has_search,
        )

    def _statements(self, kind: str, step: int) -> tuple[Statement, ...]:
        if kind == "moderator_summary_1":
            return tuple(map(self._statement, self._opening_turns()))
        if kind not in ("quality_check", "opening_analysis"):
            return ()
        return tuple(self._statement(turn) for turn in self.turns if turn.step == step)

    def _statement(self, turn: Turn) -> Statement:
        about = self.about
        return Statement(about.cast.of(turn.speaker), about.side_of(turn.speaker), turn.text)

    def _reuse(
        self, kind: str, speaker: str, statement_ids: Sequence[int | None],
        place: Mapping[str, Any] | None,
    ) -> Reuse | None:
        return reuse_of(
            kind, self.about, kinds=self.kinds, speaker=speaker, statement_ids=statement_ids,
            place=place, prefer=self.prefer,
        )

    def _opening_turns(self) -> list[Turn]:
        """In the order of the plan, however they were said."""
        openings = [turn for turn in self.turns if turn.kind == "opening_statement"]
        return sorted(openings, key=lambda turn: turn.step)

    def _openings(self) -> list[int | None]:
        return [turn.answer_id for turn in self._opening_turns()]

    def _place(
        self, step: Step, told: Sequence[Found], *, until: int | None = None
    ) -> Mapping[str, Any] | None:
        """`until`: what was said at this step and later is not read. A debate that its user speaks
        in goes nobody else's way."""
        if self.seat or step.kind not in IN_REPLAY:
            return None
        said = [
            (turn.step, turn.answer_id) for turn in self.turns
            if turn.kind not in SAID_ALONE and (until is None or turn.step < until)
        ]
        facts = [(each.kind, each.speaker, each.step, each.answer_id) for each in told]
        return place_of(self.about, step, said=said, told=facts)


def states_before(background: Background, found: Sequence[Found]) -> tuple[Found, ...]:
    """What stands in the prompt of a call behind the scenes whose key is its place in a replay."""
    if background.kind != "turn_analysis":
        return ()
    return latest([
        each for each in found
        if each.kind == "turn_analysis" and each.step < background.step and each.text
    ])


def heard(rows: Sequence[BackgroundCall]) -> list[Found]:
    """What calls behind the scenes have found out."""
    return [
        Found(row.kind, row.speaker, row.step, row.text, row.call_id, row.answer_id)
        for row in rows if row.text
    ]


def is_canonical(kind: str, reuse: Reuse | None) -> bool:
    """Its prompt is made of the fields of its key alone."""
    return reuse is not None and kind in CANONICAL


def reads(kind: str) -> tuple[str, ...]:
    """What a canonical prompt wants to know first."""
    return READS.get(kind, ())


def is_told_by_id(kind: str, reuse: Reuse | None) -> bool:
    """The key of a later answer says which stored answer this one is."""
    return reuse is not None and kind not in OF_SPEAKER | OF_SIDE


def is_shared(debate: Debate, kind: str) -> bool:
    """It may come from the store, as far as the debate itself decides. For what is shown."""
    if not settings.CACHE_SHARED or not debate.topic_key or debate.context:
        return False
    return kind in (CANONICAL if debate.seat else SHAREABLE)


def cache_of(debate: Debate, turn: Turn) -> str:
    """Where a turn came from, in a word: hit, miss, template, or off where nothing was looked
    for."""
    if turn.source == Turn.Source.TEMPLATE:
        return "template"
    if turn.source == Turn.Source.CACHE:
        return "hit"
    is_looked_for = turn.source == Turn.Source.LIVE and not turn.is_fresh
    return "miss" if is_looked_for and is_shared(debate, turn.kind) else "off"


def is_held_out(debate: Debate, caller: Caller) -> bool:
    """It goes the baseline's way: no store, no templates."""
    return holdout.is_held_out(str(debate.pk), tier=caller.tier, user_id=caller.user_id)


def about_of(
    debate: Debate, brief: Brief, caller: Caller, *, is_made: bool = True,
    has_search: bool = False,
) -> About | None:
    """None: its answers are its own. One query.

    A topic that was typed in other words, or that has another title by now, is not the catalogue's:
    the title stands in prompts, and there it is the catalogue's or nobody's.
    """
    if not settings.CACHE_SHARED or not debate.topic_key or debate.context:
        return None
    if is_made and is_held_out(debate, caller):  # before, it has no name that could decide
        return None
    for epoch, korean, english in asked(TOPIC, debate.topic_key):
        if (korean if debate.language == "ko" else english) == debate.topic:
            return About(
                debate.topic_key, epoch, debate.topic, debate.language, brief.cast,
                debate.is_swapped, debate.moderator_style, has_search,
            )
    return None

"""What is there for the next turn of a debate without any model: a stored answer, or a template.

Looked for where the turn is asked for, in the same transaction: such a turn is there at once, and
no worker hears of it. What its prompt would have read is looked for as well, because the key of an
answer within a replay says what was read. Synchronous.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple
from uuid import UUID

from billing.models import UsageRecord
from billing.usage import Usage
from costcontrol.lib.rows import Rows
from routing import policy
from routing.cache import patterns, templates
from routing.cache.patterns import Stored
from routing.call_kinds import SEARCH
from routing.debates import sharing as sharings
from routing.debates.frames import brief_of_names, written_by
from routing.debates.philosophers import brief_of
from routing.debates.prompt_canonical import WHOLE_ROOM
from routing.debates.prompt_found import found_text, wants
from routing.debates.prompt_room import cost
from routing.debates.prompts import turn_prompt
from routing.debates.reuse import IN_REPLAY
from routing.debates.shapes import searches, steps_now
from routing.debates.sharing import Sharing, about_of, heard
from routing.debates.sizes import sizes_of
from routing.debates.types import Background, Brief, Found, Said, Step
from routing.debates.unasked import Desk
from routing.models import BackgroundCall, Turn
from routing.tokens import count
from routing.types import Reuse

# What a stored opening makes superfluous; a check that is stored may have a remark for later turns.
UNREAD = frozenset({"core_arguments", "rag_query", SEARCH})
SPARED = UNREAD | {"quality_check"}
_background = Rows(BackgroundCall, "WHERE debate_id = %s ORDER BY id")
_said = Rows(Turn, "WHERE debate_id = %s AND status = 'completed' ORDER BY number")


class Ready(NamedTuple):
    """What a turn says, and where it is from."""

    text: str
    source: Turn.Source
    layer: str
    stored: Stored | None = None


class Shelf:
    """For one turn. `rows` and `learnt` are to be written, whether the turn is there or not.

    `is_dry`: for a debate that is not made yet. Nothing is taken, and turn may follow on turn.
    """

    def __init__(self, desk: Desk, turns: Sequence[Turn], *, is_dry: bool = False) -> None:
        self._is_dry = is_dry
        self.rows: list[UsageRecord] = []
        self.learnt: list[BackgroundCall] = []
        self.is_all_known = True  # nothing of this turn is left to be found out
        self._desk, self._debate = desk, desk.debate
        self._turns = [turn for turn in turns if turn.status == Turn.Status.COMPLETED]
        self._has_search = searches(
            self._debate, snapshot=desk.snapshot, tier=desk.caller.tier
        )
        self.steps = steps_now(
            self._debate, snapshot=desk.snapshot, has_search=self._has_search
        )
        self._found: list[Found] = []
        self._made: set[tuple[str, str, int]] = set()
        self._sharing: Sharing | None = None
        self._brief: Brief | None = None

    def turn(self, step: Step) -> Ready | None:
        """None: a model has to write it."""
        step = self.steps[step.index]
        if self._brief is None and sharings.is_shared(self._debate, step.kind):
            self._look_around()
        return self._stored(step) or self._template(step)

    def around(self, turn: Turn, ready: Ready) -> None:
        """The calls of the plan that belong to this turn: known, not needed, or left to do."""
        step = self.steps[turn.step]
        self.said(turn)
        for background in (*step.before, *step.after):
            if background.key in self._made:
                continue
            if ready.stored and background.kind in UNREAD:
                self._spare(background, ready.stored)
            elif self._knows(background):
                continue
            elif ready.stored and background.kind in SPARED:
                self._spare(background, ready.stored)
            else:
                self.is_all_known = False

    def said(self, turn: Turn) -> None:
        self._turns = [*self._turns, turn]
        if self._sharing:
            self._sharing = replace(self._sharing, turns=self._turns)

    def _look_around(self) -> None:
        """What the keys are made of. Three queries."""
        debate, desk = self._debate, self._desk
        self._brief = brief_of(debate)
        about = about_of(
            debate, self._brief, desk.caller, is_made=not self._is_dry,
            has_search=self._has_search,
        )
        if about is None:
            return
        self._sharing = Sharing(
            about, desk.snapshot.kinds, self._turns, debate.variant, debate.seat
        )
        rows = _background(debate.pk)
        self._found = heard(rows)
        self._made = {(row.kind, row.speaker, row.step) for row in rows}

    def _stored(self, step: Step) -> Ready | None:
        if self._sharing is None or not self._is_found_out(step):
            return None
        reuse = self._sharing.of_turn(step, self._found)
        stored = self._take(step.kind, reuse) if reuse else None
        if reuse is None or stored is None:
            return None
        self.rows.append(self._desk.said(step, stored, reuse))
        return Ready(stored.text, Turn.Source.CACHE, stored.layer, stored)

    def _is_found_out(self, step: Step) -> bool:
        """All that the prompt would have read is known, or can be."""
        assert self._sharing
        if step.kind not in IN_REPLAY:
            return True
        if self._sharing.of_turn(step, self._found) is None:  # not somebody else's way any more
            return False
        return all(map(self._knows, self._owed(step)))

    def _owed(self, step: Step) -> Iterable[Background]:
        done = {turn.step for turn in self._turns} | {step.index}
        of_done = [each for each in self.steps if each.index in done]
        wanted = [
            background for each in of_done
            for background in (*each.before, *(each.after if each.index != step.index else ()))
            if background.key not in self._made and wants(step, background)
        ]
        return sorted(wanted, key=lambda background: background.step)

    def _knows(self, background: Background) -> bool:
        """Somebody found it out before. Written down as if we had."""
        reuse = self._sharing and self._sharing.of_background(background, self._found)
        stored = self._look(background.kind, reuse) if reuse else None
        if not reuse or stored is None:
            return False
        text = self._in_debate(background.kind, stored.text)
        if self._is_ours(stored):  # just made, and not written down yet
            self._learn(background, UUID(stored.completion.call_id), text, stored.answer_id)
            return True
        row = self._desk.known(background, stored, reuse)
        self.rows.append(row)
        self._learn(background, row.call_id, text, stored.answer_id)
        return True

    def _is_ours(self, stored: Stored) -> bool:
        """A call of this very debate made it, whose row there is."""
        if all(turn.source != Turn.Source.LIVE for turn in self._turns):
            return False
        made = UsageRecord.objects.filter(call_id=stored.completion.call_id)
        return made.filter(debate_id=str(self._debate.pk)).exists()

    def _in_debate(self, kind: str, text: str) -> str:
        assert self._sharing
        return self._sharing.in_debate(kind, found_text(kind, text).replace("\0", ""))

    def _spare(self, background: Background, because_of: Stored) -> None:
        usage = self._usage_of(background)
        row = self._desk.spared(background, usage, because_of=because_of)
        self.rows.append(row)
        self._learn(background, row.call_id, "", None)

    def _learn(
        self, background: Background, call_id: UUID, text: str, answer_id: int | None
    ) -> None:
        self._made.add(background.key)
        self.learnt.append(BackgroundCall(
            debate=self._debate, kind=background.kind, speaker=background.speaker,
            step=background.step, call_id=call_id, text=text, answer_id=answer_id,
            created_at=self._desk.now,
        ))
        if text:
            self._found.append(Found(*background.key, text, call_id, answer_id))

    def _usage_of(self, background: Background) -> Usage:
        """Of a call that is not needed: as a stored one took, else as such calls usually do."""
        reuse = self._sharing and self._sharing.of_background(background, ())
        if reuse and (stored := self._look(background.kind, reuse)):
            return stored.completion.usage
        step = self.steps[background.step]
        size = next(
            size for size in sizes_of([step], language=self._debate.language)
            if size.kind == background.kind
        )
        return Usage(
            fresh_input_tokens=size.input_tokens, output_tokens=size.usual_tokens,
            searches=size.searches or None, is_estimated=True,
        )

    def _template(self, step: Step) -> Ready | None:
        if not self._desk.snapshot.kinds[step.kind].may_be_template:
            return None
        brief = self._brief or brief_of_names(self._debate)
        text = written_by(step.kind, brief, seed=str(self._debate.pk))
        if not text or self._is_dry:
            return Ready(text, Turn.Source.TEMPLATE, templates.LAYER) if text else None
        self.rows.append(self._desk.filled_in(step, self._usage_without(step, brief, text)))
        return Ready(text, Turn.Source.TEMPLATE, templates.LAYER)

    def _usage_without(self, step: Step, brief: Brief, text: str) -> Usage:
        """Of the prompt that was not sent, and of what was said without it."""
        transcript = [
            Said(turn.step, turn.stage, turn.kind, turn.speaker, turn.text, turn.target)
            for turn in (_said(self._debate.pk) if self._turns else ())
        ]
        prompt = turn_prompt(
            step, brief=brief, transcript=transcript, found=self._found, room_tokens=WHOLE_ROOM
        )
        return Usage(
            fresh_input_tokens=cost(prompt.messages), output_tokens=count(text), is_estimated=True
        )

    def _take(self, kind: str, reuse: Reuse) -> Stored | None:
        route, desk = self._route(kind), self._desk
        if not route:
            return None
        find = patterns.lookup if self._is_dry else patterns.take
        return find(reuse, route=route, user_id=desk.caller.user_id, now=desk.now)

    def _look(self, kind: str, reuse: Reuse) -> Stored | None:
        route, desk = self._route(kind), self._desk
        if not route:
            return None
        return patterns.lookup(reuse, route=route, user_id=desk.caller.user_id, now=desk.now)

    def _route(self, kind: str) -> str:
        return policy.usual_route(
            kind, tier=self._desk.caller.tier, language=self._debate.language,
            snapshot=self._desk.snapshot,
        )

"""One attempt at one turn: what it needs to know, its call, and its text as it is written.

It ends completed, failed or given up, with its last event; or it is stopped without an end, for
somebody else to begin again.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import aclosing, suppress
from copy import copy
from dataclasses import replace
from uuid import uuid4

from django.db import DatabaseError, InterfaceError

from billing.gauge import Reading
from billing.models import ScopeKind
from costcontrol.lib import clock, database
from costcontrol.lib.errors import (
    BudgetExhausted,
    ContextTooLong,
    CostControlError,
    QuotaExceeded,
    Unavailable,
)
from costcontrol.lib.sentences import Sentence as _
from routing import gateway
from routing.answers import Answer
from routing.debates import calls, endings, sayings, searching, states
from routing.debates.background import Backstage, Props
from routing.debates.commits import Commits, Events, Line
from routing.debates.frames import cut_off, transition
from routing.debates.prompts import Prompt, turn_prompt, wants
from routing.debates.scenes import Scene
from routing.debates.sharing import is_canonical, reads
from routing.debates.states import TurnLost
from routing.debates.types import Background, Found
from routing.models import Turn
from routing.types import Chunk, Reuse, StopReason

MAX_ATTEMPTS = 4  # workers that may die over one turn
TOO_LONG_OR_DEAR = (ContextTooLong, BudgetExhausted, QuotaExceeded, Unavailable)
OWN_SCOPES = (ScopeKind.USER, ScopeKind.ORGANISATION)
BROKEN = _("Something broke on our side. Ask for the turn again.")
log = logging.getLogger(__name__)


class Speech:
    """`scene.turn` is begun and ours."""

    def __init__(
        self, scene: Scene, props: Props, *, commits: Commits, backstage: Backstage
    ) -> None:
        assert scene.turn
        self.scene, self.props, self.turn = scene, props, scene.turn
        self._commits, self._backstage = commits, backstage
        self._line = Line(self.turn.pk, self.turn.attempt)
        self._answer: Answer | None = None
        self._prompt = Prompt(())
        self._read = searching.NOTHING  # of the web, in the prompt
        self._pieces: list[str] = []
        self._writing: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """To its end, unless it is cancelled: then somebody calls `give_up`, or nobody."""
        try:
            await self._speak()
        except TurnLost:
            log.warning("debates: turn %s was taken over", self.turn)
        except CostControlError as error:
            await self._fail(error)
        except Exception:
            log.exception("debates: turn %s broke", self.turn)
            await self._fail(CostControlError(BROKEN))

    async def give_up(self, reason: str) -> None:
        """After a cancellation. What the upstream wrote is settled first; a whole text stays."""
        if self._answer and self._answer.work:
            with suppress(Exception):
                await self._answer.work.finished()
        await self._end(lambda turn: endings.give_up(
            turn, reason=reason, text=self._text, seq=self._line.seq, now=clock.now()
        ))

    @property
    def _text(self) -> str:
        return "".join(self._pieces)

    async def _speak(self) -> None:
        if self.turn.attempt > 1 and not self.turn.is_whole:
            self._say(sayings.restarted(self.turn))
        if self.turn.attempt > MAX_ATTEMPTS:
            raise CostControlError(BROKEN)
        if not self.turn.is_whole:
            await self._read_along()
        await self._move(self._complete)

    async def _read_along(self) -> None:
        found = await self._find_out()
        answer = self._answer = await self._asked(found)
        is_announced = False
        async with aclosing(answer.chunks()) as chunks:  # whoever leaves from here on ends the call
            async for chunk in chunks:
                if not is_announced:
                    await self._announce(answer)
                    is_announced = True
                self._see(chunk)
        if self._writing is None:
            raise Unavailable(_("The model said nothing. Ask for the turn again."))
        await asyncio.shield(self._writing)

    def _say(self, event: sayings.Event) -> None:
        self._commits.add(self._line, event)

    async def _find_out(self) -> list[Found]:
        """What this turn's prompt needs to know; what is not known yet is found out first."""
        step, scene = self.scene.step, self.scene
        is_canon = is_canonical(step.kind, self._reuse([]))

        def is_needed(background: Background) -> bool:
            if is_canon:
                return background.speaker == step.speaker and background.kind in reads(step.kind)
            return background in step.before or wants(step, background)

        wanted = [*step.before, *filter(is_needed, scene.after_calls)]
        self._backstage.start(wanted, scene, self.props)
        fresh = await self._backstage.found(is_needed)
        known = {(each.kind, each.speaker, each.step): each for each in (*scene.found, *fresh)}
        return list(known.values())

    async def _asked(self, found: list[Found]) -> Answer:
        """Once more with a short prompt, if nobody can take, or pay for, the long one."""
        kind, routes = self.scene.step.kind, self.props.routes
        room, short = calls.room_of(routes, kind), calls.short_room_of(routes, kind)
        try:
            return await self._ask(found, room)
        except TOO_LONG_OR_DEAR:
            if short >= room:
                raise
            self.turn.call_id = uuid4()
            return await self._ask(found, short, is_short=True)

    def _reuse(self, found: list[Found]) -> Reuse | None:
        sharing = self.scene.sharing
        if sharing is None:
            return None
        return sharing.of_turn(self.scene.step, found, is_fresh=self.turn.is_fresh)

    async def _ask(self, found: list[Found], room: int, *, is_short: bool = False) -> Answer:
        """A short prompt is a makeshift, and one without the search that was wanted: its answer is
        nobody else's."""
        scene, step = self.scene, self.scene.step
        assert scene.caller
        is_makeshift = is_short or searching.is_missing(step, found)
        reuse = None if is_makeshift else self._reuse(found)
        if scene.sharing and is_canonical(step.kind, reuse):
            self._prompt = scene.sharing.prompt(step.kind, step.speaker, found, step=step.index)
        else:
            self._prompt = turn_prompt(
                step, brief=scene.brief, transcript=scene.transcript, found=found,
                room_tokens=room,
                steps_left=[each for each in scene.steps_left if each.index != step.index],
            )
        self._read = searching.read_by(step, found, uses=self._prompt.uses)
        if reuse:
            reuse = replace(reuse, citations=self._read.pages)
        request = calls.turn_request(
            self.props.part, step, self._prompt, reuse=reuse, is_fresh=self.turn.is_fresh
        )
        return await gateway.answer(request, scene.caller, call_id=self.turn.call_id)

    async def _announce(self, answer: Answer) -> None:
        """Who speaks, and what there is to say about how."""
        scene, turn = self.scene, self.turn
        turn.deployment, turn.model_class = calls.who(answer)
        turn.source = Turn.Source.CACHE if answer.cache == "hit" else Turn.Source.LIVE
        hand_over = transition(scene.brief, scene.step, seed=str(scene.debate.pk))
        self._say(sayings.started(scene.debate, turn, transition=hand_over))
        self._read.write_on(turn, stored=answer.citations)
        for event in sayings.searched(turn, language=scene.debate.language):
            self._say(event)
        if calls.is_smaller(self.props.routes, turn.kind, turn.model_class):
            why = calls.why_smaller(answer, has_hold=scene.has_hold)
            told = sayings.degraded(turn.model_class, why, language=scene.debate.language)
            scene.debate.degraded_reason = told[1]["reason"]
            self._say(told)
        if nearly_full := list(filter(_is_own_and_nearly_full, answer.readings)):
            await self._warn(nearly_full)

    async def _warn(self, nearly_full: Sequence[Reading]) -> None:
        """Once a debate. While the database is away the text is worth more than the warning."""
        with suppress(DatabaseError, InterfaceError):
            if not await database.run(endings.was_warned, self.scene.debate):
                for reading in nearly_full:
                    self._say(sayings.nearly_used_up(reading))

    def _see(self, chunk: Chunk) -> None:
        if chunk.text:
            text = chunk.text.replace("\0", "\ufffd")
            self._pieces.append(text)
            self._say(sayings.piece(text))
        if chunk.stop_reason and self._text.strip() and self._writing is None:
            self._writing = asyncio.create_task(self._write(chunk.stop_reason))

    async def _write(self, stop_reason: StopReason) -> None:
        """All of it, before anything else can happen to us."""
        ours, debate = self.turn, self.scene.debate
        code = "" if stop_reason == StopReason.STOP else str(stop_reason)
        note = cut_off(stop_reason, self.scene.brief, ours.speaker, seed=str(debate.pk))

        def written(turn: Turn) -> Events:
            states.turn_written(
                turn, text=self._text, source=ours.source, model_class=ours.model_class,
                deployment=ours.deployment, call_id=ours.call_id, error_code=code, error=note,
            )
            if ours.search:
                states.turn_cite(turn, search=ours.search, citations=ours.citations)
            if debate.degraded_reason:
                debate.save(update_fields=["degraded_reason"])
            return []

        await self._move(written)

    def _complete(self, turn: Turn) -> Events:
        readings = self._answer.readings if self._answer else ()
        return endings.complete(
            turn, uses=self._prompt.uses, readings=readings, seq=self._line.seq, now=clock.now(),
            answer_id=self._answer.stored_id if self._answer else None,
            layer=self._answer.layer if self._answer else "",
        )

    async def _fail(self, error: CostControlError) -> None:
        await self._end(lambda turn: endings.fail(
            turn, error, language=self.scene.debate.language, text=self._text,
            seq=self._line.seq, now=clock.now(),
        ))

    async def _end(self, otherwise: Callable[[Turn], Events]) -> None:
        """A text that is whole stands, whatever broke after it."""
        with suppress(TurnLost):
            if self._writing:
                await asyncio.shield(self._writing)
            await self._move(self._complete if self.turn.is_whole else otherwise)

    async def _move(self, change: Callable[[Turn], Events]) -> None:
        """In the next transaction. Ours changes when the row has: a transaction can be repeated."""

        def work(events: Events) -> Turn:
            turn = copy(self.turn)
            events += change(turn)
            return turn

        is_last = len(self.scene.steps_left) <= 1  # what the debate holds is released with it
        turn = await self._commits.do(work, is_alone=is_last)
        vars(self.turn).update(vars(turn))


def _is_own_and_nearly_full(reading: Reading) -> bool:
    return reading.is_soft_reached and reading.window.rule.scope_kind in OWN_SCOPES

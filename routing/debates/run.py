"""One debate in a worker's hands: its turn, and what is found out for it, until nothing is left.

    take -> speak -> what is learnt from it -> (the next turn, if asked for meanwhile) -> give back
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, InterfaceError

from costcontrol.lib import clock, database
from costcontrol.lib.errors import CostControlError
from routing import snapshot
from routing.debates import claims, endings
from routing.debates.at_once import is_stored
from routing.debates.background import Backstage, Props
from routing.debates.calls import Part
from routing.debates.claims import Glimpse
from routing.debates.commits import Commits
from routing.debates.routes import Routes
from routing.debates.scenes import Scene, fail_untold, scene_take
from routing.debates.speech import BROKEN, Speech
from routing.debates.states import TurnLost
from routing.models import Debate

LINGER_S = 1.5
log = logging.getLogger(__name__)


class Run:
    """From the moment a worker takes a debate until it gives it back."""

    def __init__(self, debate_id: UUID, *, worker: str, commits: Commits) -> None:
        self.debate_id, self._worker, self._commits = debate_id, worker, commits
        self._backstage = Backstage(commits)
        self._poked = asyncio.Event()
        self._speaking: asyncio.Task[None] | None = None
        self._reason = ""  # why the turn is given up
        self.is_taken = False  # the lease is ours
        self._is_leaving = False
        self._is_wanted = True  # somebody watches, and it is not paused
        self._task: asyncio.Task[None] | None = None

    def start(self, *, when_over: Callable[["Run"], None]) -> None:
        self._poked.set()
        self._task = asyncio.create_task(self._run())
        self._task.add_done_callback(lambda _task: when_over(self))

    def poke(self) -> None:
        """Something about the debate has changed."""
        self._poked.set()

    @property
    def is_over(self) -> bool:
        return self._task is not None and self._task.done()

    @property
    def is_speaking(self) -> bool:
        return self._speaking is not None and not self._speaking.done()

    def saw(self, glimpse: Glimpse | None, *, now: datetime) -> None:
        """Stop what nobody wants any more."""
        if glimpse is None or not glimpse.is_ours:
            return self.stop()
        if glimpse.status == Debate.Status.CANCELLED or glimpse.is_cancel_asked:
            self._give_up(endings.ASKED)
        elif is_unwatched(glimpse.seen_at, now=now):
            self._give_up(endings.NOBODY_WATCHING)
        is_open = glimpse.status == Debate.Status.OPEN
        self._is_wanted = is_open and not is_unwatched(glimpse.seen_at, now=now)
        if not self._is_wanted and not self.is_speaking:
            self._backstage.cancel()
        return None

    def leave(self) -> None:
        """End what is nearly done, and wait for nothing more."""
        self._is_leaving = True
        if self._task and not self.is_speaking and not self._backstage.tasks:
            self._task.cancel()

    def stop(self) -> None:
        """Give it back as it is, for somebody else to go on."""
        if self._task:
            self._task.cancel()

    async def over(self) -> None:
        if self._task:
            await asyncio.gather(self._task, return_exceptions=True)

    def _give_up(self, reason: str) -> None:
        if self.is_speaking and not self._reason and self._speaking:
            self._reason = reason
            self._speaking.cancel()

    async def _run(self) -> None:
        try:
            while self._poked.is_set():
                self._poked.clear()
                await self._round()
                await self._linger()
                if not self._poked.is_set():
                    await self._give_back()
        except asyncio.CancelledError:
            await self._stopped()
            await self._give_back()
        except Exception:  # the lease runs out first: what breaks is not tried again at once
            log.exception("debates: the run of %s broke", self.debate_id)
            await self._stopped()

    async def _round(self) -> None:
        known = await snapshot.current()
        try:
            scene = await self._commits.do(lambda _events: scene_take(
                self.debate_id, worker=self._worker, snapshot=known, now=clock.now()
            ), is_alone=True)
        except TurnLost:  # cancelled at this moment
            return self.poke()
        except CostControlError as error:
            return await self._commits.do(partial(fail_untold, self.debate_id, error))
        except Exception:  # and would break again: nobody waits for that for ever
            log.exception("debates: the next turn of %s cannot be begun", self.debate_id)
            broken = CostControlError(BROKEN)
            return await self._commits.do(partial(fail_untold, self.debate_id, broken))
        if scene is None:
            return None
        self.is_taken = True
        self._is_wanted = scene.debate.status == Debate.Status.OPEN
        if not self._is_wanted:
            self._backstage.cancel()
        if scene.turn is not None and scene.caller is None:
            return await self._close_account(scene)
        if scene.caller is not None:
            await self._played(scene, known)
        return None

    async def _close_account(self, scene: Scene) -> None:
        turn = scene.turn
        assert turn
        await self._commits.do(
            lambda events: events.extend(endings.close_account(turn, seq=0, now=clock.now())),
            is_alone=True,
        )

    async def _played(self, scene: Scene, known: snapshot.Snapshot) -> None:
        turn = scene.turn or (scene.completed[-1] if scene.completed else None)
        if turn is None or scene.caller is None:
            return
        routes = Routes(
            caller=scene.caller, snapshot=known, language=scene.debate.language,
            is_alone=scene.sharing is None,
        )
        props = Props(Part(scene.debate, turn.stage, turn.call_id, scene.draws_on), routes)
        if scene.turn is not None:
            if scene.turn.is_fresh:
                self._backstage.forget(scene.step.after)  # about the old text
            speech = Speech(scene, props, commits=self._commits, backstage=self._backstage)
            await self._speak(speech, unwanted=_why_unwanted(scene))
        if self._is_wanted and scene.steps_left:
            self._backstage.start(scene.after_calls, scene, props)
            await self._look_ahead(scene, props)
        await self._learnt()

    async def _look_ahead(self, scene: Scene, props: Props) -> None:
        """While somebody reads: the next turn then waits only for what is not there yet. There is
        no turn yet that these calls could be called a part of."""
        if self._is_leaving or await _is_next_stored(scene, props.routes.snapshot):
            return
        part = replace(props.part, call_id=None)
        self._backstage.start(scene.ahead, scene, replace(props, part=part))

    async def _speak(self, speech: Speech, *, unwanted: str) -> None:
        self._reason = ""
        if unwanted:
            return await speech.give_up(unwanted)
        self._speaking = asyncio.create_task(speech.run())
        try:
            await asyncio.shield(self._speaking)
        except asyncio.CancelledError:
            if not self._speaking.done() or not self._reason:
                self._speaking.cancel()  # it is the run that is stopped
                raise
            self._backstage.cancel()
            await speech.give_up(self._reason)
        return None

    async def _learnt(self) -> None:
        """Until everything is found out, or the next turn is asked for."""
        while (tasks := self._backstage.tasks) and not self._poked.is_set():
            poke = asyncio.create_task(self._poked.wait())
            await asyncio.wait([*tasks, poke], return_when=asyncio.FIRST_COMPLETED)
            poke.cancel()

    async def _linger(self) -> None:
        """Many ask for the next turn at once: the lease is not worth giving back for a moment."""
        if self.is_taken and not self._is_leaving:
            with suppress(TimeoutError):
                async with asyncio.timeout(LINGER_S):
                    await self._poked.wait()

    async def _give_back(self) -> None:
        self.is_taken = False
        await self._commits.do(
            lambda _events: claims.release(self.debate_id, worker=self._worker)
        )

    async def _stopped(self) -> None:
        """Calls are ended and settled; the turn waits for whoever takes it."""
        if self._speaking:
            self._speaking.cancel()
            with suppress(asyncio.CancelledError):
                await self._speaking
        await self._backstage.stop()


async def _is_next_stored(scene: Scene, known: snapshot.Snapshot) -> bool:
    """Then nothing has to be found out for it."""
    if not scene.ahead or scene.sharing is None or scene.caller is None:
        return False
    with suppress(DatabaseError, InterfaceError):
        return await database.run(
            is_stored, scene.sharing, scene.steps_left[0], caller=scene.caller, snapshot=known,
            now=clock.now(),
        )
    return False


def _why_unwanted(scene: Scene) -> str:
    """Nobody waits for it any more, so it is not begun."""
    if scene.turn and scene.turn.is_cancel_asked:
        return endings.ASKED
    is_alone = is_unwatched(scene.debate.seen_at, now=clock.now())
    return endings.NOBODY_WATCHING if is_alone else ""


def is_unwatched(seen_at: datetime | None, *, now: datetime) -> bool:
    return seen_at is not None and (now - seen_at).total_seconds() > settings.DEBATE_GRACE_S

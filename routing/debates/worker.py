"""The debate worker: takes debates that have something to do, many at the same time.

Valkey tells it at once; without Valkey, and for whatever was not told, it looks into the table.
"""

import asyncio
import logging
import os
import secrets
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import count
from typing import ParamSpec, TypeVar
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, InterfaceError

from costcontrol.lib import clock, database
from routing import keeper
from routing.debates import claims
from routing.debates.commits import Commits
from routing.debates.news import Inbox, Publisher, news
from routing.debates.run import Run
from routing.debates.wakes import CHANNEL

P = ParamSpec("P")
T = TypeVar("T")
POLL_S = 0.5  # without Valkey
LOOK_S = 2.0  # with it, for what died or was not told
WATCH_S = 1.0  # who watches, what was cancelled
WATCHES_A_RENEWAL = 3
DRAIN_S = 4.0  # to end in order, before turns are left to somebody else
log = logging.getLogger(__name__)


def new_name() -> str:
    """Never had by another process, so that its leases are its own."""
    return f"{socket.gethostname()[:40]}:{os.getpid()}:{secrets.token_hex(4)}"


async def _nothing() -> None:
    pass


class Worker:
    """Its runs, and what looks after them."""

    def __init__(self, *, when_alive: Callable[[], Awaitable[None]] = _nothing) -> None:
        self.name = new_name()
        self._when_alive = when_alive
        self._runs: dict[UUID, Run] = {}
        self._stopping = asyncio.Event()
        self._publisher = Publisher()
        self._commits = Commits(self._publisher.publish)

    def stop(self) -> None:
        self._stopping.set()

    async def work(self) -> None:
        """Until it is told to stop: then what is nearly done is ended, and the rest given back.

        The same if it breaks: then it raises what broke, for somebody to start it again.
        """
        works = (self._listen(), self._look(), self._watch(), self._stopping.wait())
        tasks = [asyncio.create_task(work) for work in works]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        await self._drain()
        with suppress(DatabaseError, InterfaceError):
            await keeper.flush()
        await self._commits.close()
        await self._publisher.close()
        for broken in (end for end in ends if isinstance(end, Exception)):
            raise broken

    async def _drain(self) -> None:
        runs = list(self._runs.values())
        for run in runs:
            run.leave()
        ending = asyncio.gather(*(run.over() for run in runs))
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_S):
                await asyncio.shield(ending)
        for run in runs:
            run.stop()
        await ending

    async def _listen(self) -> None:
        with news().following(CHANNEL) as inbox:
            while True:
                await inbox.wait(LOOK_S)
                told = woken(inbox)
                for debate_id in told:
                    self._take(debate_id)
                await self._glimpse([each for each in told if self._is_busy(each)])

    def _is_busy(self, debate_id: UUID) -> bool:
        """With a turn. All others look for themselves, as they were told."""
        run = self._runs.get(debate_id)
        return run is not None and run.is_speaking

    async def _look(self) -> None:
        """Debates that nobody works at."""
        while True:
            await self._when_alive()
            free = settings.DEBATES_AT_ONCE - len(self._runs)
            if free > 0:
                found = await _or_nothing(claims.to_do, now=clock.now(), limit=free)
                for debate_id in found or ():
                    if debate_id not in self._runs:
                        self._take(debate_id)
            await asyncio.sleep(LOOK_S if news().is_alive else POLL_S)

    async def _watch(self) -> None:
        """Keep what we have, and see what became of it meanwhile."""
        for second in count(1):
            await asyncio.sleep(WATCH_S)
            ids = list(self._runs)
            if ids and second % WATCHES_A_RENEWAL == 0:
                await _or_nothing(claims.renew, ids, worker=self.name, now=clock.now())
            await self._glimpse(ids, is_told=False)

    async def _glimpse(self, debate_ids: list[UUID], *, is_told: bool = True) -> None:
        """`is_told`: their runs know already that something was asked for. To say so again would
        make them look a second time, after the turn."""
        runs = [run for each in debate_ids if (run := self._runs.get(each)) and run.is_taken]
        if not runs:
            return
        seen = await _or_nothing(
            claims.glimpses, [run.debate_id for run in runs], worker=self.name
        )
        for run in runs:
            if seen is not None and run.is_taken:
                glimpse = seen.get(run.debate_id)
                run.saw(glimpse, now=clock.now())
                if not is_told and glimpse and glimpse.is_turn_asked:
                    run.poke()

    def _take(self, debate_id: UUID) -> None:
        run = self._runs.get(debate_id)
        if run is not None and not run.is_over:
            return run.poke()
        if len(self._runs) >= settings.DEBATES_AT_ONCE:
            return None
        run = self._runs[debate_id] = Run(debate_id, worker=self.name, commits=self._commits)
        return run.start(when_over=self._forget)

    def _forget(self, run: Run) -> None:
        if self._runs.get(run.debate_id) is run:
            del self._runs[run.debate_id]


def woken(inbox: Inbox) -> list[UUID]:
    """Each once, in order."""
    messages, _must_look = inbox.taken()
    return [UUID(text) for text in dict.fromkeys(message.decode() for message in messages)]


async def _or_nothing(
    function: Callable[P, T], *args: P.args, **kwargs: P.kwargs
) -> T | None:
    try:
        return await database.run(function, *args, **kwargs)
    except (DatabaseError, InterfaceError) as error:
        log.warning("debates: the database is away (%s)", error)
        return None

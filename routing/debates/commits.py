"""Group commit: what all running turns of this process have to write, one transaction at a time.

While one transaction is under way the next one gathers; pieces of text that come meanwhile become
one event. A lonely turn never waits; when a hundred write, their pieces wait for each other, so
that writing them takes about a tenth of the time. All else is written at once. Whatever cannot be
written while the database is away is kept and written later.
"""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any, TypeVar
from uuid import UUID

from django.db import InterfaceError, OperationalError, transaction

from costcontrol.lib import database
from costcontrol.lib.rows import changed
from routing.debates import sayings
from routing.models import TurnEvent

T = TypeVar("T")
Events = list[TurnEvent]
# Between the beginnings of two transactions that hold nothing but pieces of text.
MIN_GAP_S, MAX_GAP_S = 1 / 30, 0.15
SHARE = 0.1  # of the time that such transactions may take
EVENTS_A_STATEMENT = 100
INSERT = "INSERT INTO routing_turnevent (turn_id, attempt, seq, kind, data, is_last) VALUES"
PAUSES_S = (0.05, 0.1, 0.2, 0.5, 1.0)  # between tries while the database is away
log = logging.getLogger(__name__)


@dataclass(slots=True)
class Line:
    """The events of one attempt of one turn, in order."""

    turn_id: UUID
    attempt: int
    seq: int = 0
    open_piece: TurnEvent | None = None  # is not being written yet: text can be added


@dataclass(slots=True)
class Job:
    """Something to do in the next transaction. What it appends to the list is written and sent."""

    work: Callable[[Events], Any]
    done: "asyncio.Future[Any]"
    is_alone: bool = False
    events: Events = field(default_factory=list)
    result: Any = None
    error: Exception | None = None


class Commits:
    """One a process. `publish` is told of events that are written, in their order."""

    def __init__(self, publish: Callable[[Sequence[TurnEvent]], None]) -> None:
        self._publish = publish
        self._waiting: list[TurnEvent | Job] = []
        self._lines: list[Line] = []  # with an open piece
        self._news, self._hurry = asyncio.Event(), asyncio.Event()
        self._next = 0.0  # when pieces alone are written again
        self._task = asyncio.create_task(self._run())

    def add(self, line: Line, event: sayings.Event) -> None:
        """Written soon. Whoever needs to know when awaits a job that comes after it."""
        kind, data = event
        if kind == sayings.PIECE and line.open_piece is not None:
            line.open_piece.data["text"] += data["text"]
            return
        line.seq += 1
        row = TurnEvent(
            turn_id=line.turn_id, attempt=line.attempt, seq=line.seq, kind=kind, data=dict(data)
        )
        self._waiting.append(row)
        self._news.set()
        line.open_piece = row if kind == sayings.PIECE else None
        if line.open_piece:
            self._lines.append(line)
        else:
            self._hurry.set()

    async def do(self, work: Callable[[Events], T], *, is_alone: bool = False) -> T:
        """Run it in the next transaction, after all that was added before. Raises what it raises.

        It is run again if the database went away meanwhile: it must bear that. `is_alone`: in a
        transaction of its own, because it locks windows of money. Those of one debate are locked in
        the ledger's order; those of several, one after the other, would meet other calls the wrong
        way round.
        """
        job = Job(work, asyncio.get_running_loop().create_future(), is_alone)
        self._waiting.append(job)
        self._news.set()
        self._hurry.set()
        result: T = await job.done
        return result

    async def close(self) -> None:
        """Write what is left, then stop."""
        while self._waiting and not self._task.done():
            self._hurry.set()
            await self.do(lambda _events: None)
        self._task.cancel()

    async def _run(self) -> None:
        while True:
            await self._news.wait()
            await self._gather()
            batch, begun = self._taken(), time.monotonic()
            await self._written(batch)
            took = time.monotonic() - begun
            self._next = begun + min(MAX_GAP_S, max(MIN_GAP_S, took / SHARE))
            self._tell(batch)

    async def _gather(self) -> None:
        """Only pieces of text can wait a moment for more of them."""
        left = self._next - time.monotonic()
        if left > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._hurry.wait()

    def _taken(self) -> list[TurnEvent | Job]:
        for line in self._lines:
            line.open_piece = None
        self._lines.clear()
        end = _together(self._waiting)
        batch, self._waiting = self._waiting[:end], self._waiting[end:]
        if not self._waiting:
            self._news.clear()
            self._hurry.clear()
        return batch

    async def _written(self, batch: list[TurnEvent | Job]) -> None:
        """In the end. One by one if a row spoils it."""
        try:
            await _in_the_end(batch)
        except Exception as error:  # whatever it is: nobody else may wait for ever
            log.warning("debates: writing one by one (%s)", error)
            batch[:] = [each for each in batch if await self._is_written(each)]

    async def _is_written(self, each: TurnEvent | Job) -> bool:
        """Alone. What no database takes (the debate was deleted meanwhile) is left out."""
        try:
            await _in_the_end([each])
        except Exception as error:
            if isinstance(each, Job):
                each.events, each.error = [], error
                return True
            return False
        return True

    def _tell(self, batch: list[TurnEvent | Job]) -> None:
        events: Events = []
        for each in batch:
            if isinstance(each, TurnEvent):
                events.append(each)
                continue
            events += each.events
            if each.done.done():
                continue  # whoever wanted to know has left
            if each.error is not None:
                each.done.set_exception(each.error)
            else:
                each.done.set_result(each.result)
        if events:
            self._publish(events)


async def _in_the_end(batch: Sequence[TurnEvent | Job]) -> None:
    """Again and again while the database is away."""
    for tries in count():
        try:
            await database.run(write, batch)
        except (OperationalError, InterfaceError) as away:
            if not tries:
                log.warning("debates: cannot write, trying again (%s)", away)
        else:
            break
        await asyncio.sleep(PAUSES_S[min(tries, len(PAUSES_S) - 1)])


def _together(waiting: Sequence[TurnEvent | Job]) -> int:
    """How many of these are written in one transaction, from the first on."""
    alone = [i for i, each in enumerate(waiting) if isinstance(each, Job) and each.is_alone]
    return max(1, alone[0]) if alone else len(waiting)


def write(batch: Sequence[TurnEvent | Job]) -> None:
    """All of it, or nothing. A job that fails takes nobody with it."""
    with transaction.atomic():
        events: Events = []
        for each in batch:
            alone = len(batch) == 1
            events += _done(each, alone=alone) if isinstance(each, Job) else [each]
        if events:
            insert(events)


def insert(events: Sequence[TurnEvent]) -> None:
    """What is there already stays as it is."""
    for begin in range(0, len(events), EVENTS_A_STATEMENT):
        some = events[begin : begin + EVENTS_A_STATEMENT]
        words = ", ".join(["(%s, %s, %s, %s, %s, %s)"] * len(some))
        params = (
            value for event in some for value in (
                event.turn_id, event.attempt, event.seq, event.kind, json.dumps(event.data),
                event.is_last,
            )
        )
        changed(f"{INSERT} {words} ON CONFLICT DO NOTHING", *params)


def _done(job: Job, *, alone: bool) -> Events:
    """Within a savepoint, unless there is nobody to save."""
    job.events, job.error = [], None
    try:
        with transaction.atomic(savepoint=not alone):
            job.result = job.work(job.events)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:  # whatever it is: it belongs to whoever asked
        job.events, job.error = [], error
    return job.events


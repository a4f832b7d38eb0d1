"""Plays the script through the real gateway, day by day, as fast as it goes.

Calls of a debate follow one another; debates run beside each other, nearly in the order of the
simulated time. Credentials, parsing, limits, cache, routing, ledger: everything is the product's
own, in this process. Only the providers are simulated, in theirs.
"""

import asyncio
import json
import urllib.request
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from heapq import heapify, heappop, heappush
from typing import Any, Protocol
from uuid import UUID

from accounts import auth
from costcontrol.demo import texts
from costcontrol.demo.scenario import Asked, Lane
from costcontrol.demo.stamps import Stamps
from costcontrol.demo.timetravel import Forgetting
from costcontrol.lib import clock, database
from costcontrol.lib.errors import CostControlError
from routing import gateway, providers, snapshot
from routing.answers import Answer
from routing.api import parsing

WIDTH = 16  # calls at the same time
LOOKAHEAD = timedelta(hours=2)  # a call may be played so much before an earlier one has ended
CONTROL_TIMEOUT_S = 30.0

Day = tuple[date, list[Lane]]


class Teller(Protocol):
    """Whoever wants to know how far it is."""

    def step(self) -> None: ...
    def day_done(self) -> None: ...


@dataclass(slots=True)
class Replay:
    control: str  # where the simulated providers are told what comes
    secrets: dict[str, str]
    teller: Teller
    stamps: Stamps = field(default_factory=Stamps)
    outcomes: dict[str, int] = field(default_factory=dict)
    _left: set[str] = field(default_factory=set)

    async def run(self, days: list[Day]) -> None:
        deployments = (await snapshot.current()).deployments
        forgetting = Forgetting(tuple(each.name for each in deployments))
        for _, lanes in days:
            self._control("plan", _plan(lanes))
            await _Day(self, lanes, forgetting).play()
            await self._stamp()
            self.teller.day_done()
        await _others()
        await self._stamp()
        await providers.close_all()

    async def _stamp(self) -> None:
        self.stamps.take(self._control("sales"))
        await database.run(self.stamps.write)

    def _control(self, what: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.control}/{what}", data=data)
        with urllib.request.urlopen(request, timeout=CONTROL_TIMEOUT_S) as answer:
            return json.load(answer)

    async def ask(self, call: Asked) -> None:
        """At its own time. A double click is the same call twice at once."""
        with clock.at(call.at):
            await asyncio.gather(*(self._ask(call) for _ in range(call.copies)))

    async def _ask(self, call: Asked) -> None:
        headers = self._headers(call)
        try:
            caller = await auth.acaller(headers)
            request = parsing.request_of(_body(call), headers)
            answer = await gateway.answer(request, caller)
            self.stamps.refs[answer.call.id] = call.ref
            await self._read(call, answer)
            self._count("answered")
        except CostControlError as error:
            if error.call_id:
                self.stamps.refs[UUID(error.call_id)] = call.ref
            self._count(error.code)

    async def _read(self, call: Asked, answer: Answer) -> None:
        if call.fault != "leaves" or call.ref in self._left:
            await answer.whole()
            return
        self._left.add(call.ref)
        async with aclosing(answer.chunks()) as chunks:
            await anext(chunks, None)

    def _headers(self, call: Asked) -> dict[str, str]:
        headers = {
            "authorization": f"Bearer {self.secrets[call.person.account]}",
            "x-call-kind": call.kind,
        }
        if call.debate_id:
            headers["x-debate-id"] = call.debate_id
        if call.person.end_user:
            headers["x-end-user"] = call.person.end_user
        return headers

    def _count(self, what: str) -> None:
        self.outcomes[what] = self.outcomes.get(what, 0) + 1


class _Day:
    """The lanes of one day; it ends when all of them have ended."""

    def __init__(self, replay: Replay, lanes: list[Lane], forgetting: Forgetting) -> None:
        self._replay, self._lanes, self._forgetting = replay, lanes, forgetting
        self._next = [(lane[0].at, number, 0) for number, lane in enumerate(lanes)]
        heapify(self._next)
        self._running: dict[int, datetime] = {}  # lane -> the time of its call
        self._ended: asyncio.Queue[tuple[int, int]] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()

    async def play(self) -> None:
        while self._next or self._running:
            while self._may_begin():
                await self._begin(*heappop(self._next))
            number, place = await self._ended.get()
            del self._running[number]
            if place + 1 < len(self._lanes[number]):
                heappush(self._next, (self._lanes[number][place + 1].at, number, place + 1))
        for task in self._tasks:
            task.result()  # a fault of the replay itself must not go unseen

    def _may_begin(self) -> bool:
        if not self._next or len(self._running) >= WIDTH:
            return False
        return not self._running or self._next[0][0] <= min(self._running.values()) + LOOKAHEAD

    async def _begin(self, at: datetime, number: int, place: int) -> None:
        await self._forgetting.it_is(at)
        self._running[number] = at
        self._tasks.add(asyncio.create_task(self._play(number, place)))

    async def _play(self, number: int, place: int) -> None:
        try:
            await self._replay.ask(self._lanes[number][place])
        finally:
            self._replay.teller.step()
            self._ended.put_nowait((number, place))


def _plan(lanes: list[Lane]) -> dict[str, list[Any]]:
    return {
        call.ref: [
            call.kind, call.language, call.topic.titles[call.language], call.input_tokens,
            call.prefix_tokens, call.output_tokens, call.fault,
        ]
        for lane in lanes
        for call in lane
    }


def _body(call: Asked) -> bytes:
    messages = texts.prompt(
        ref=call.ref, kind=call.kind, language=call.language,
        topic=call.topic.titles[call.language], speaker=call.speaker, tokens=call.input_tokens,
    )
    body = {"model": call.model, "messages": messages, "stream": call.is_stream}
    return json.dumps(body, ensure_ascii=False).encode()


async def _others() -> None:
    """Wait for what goes on behind the calls: the keeper writes the rows of cached answers."""
    while others := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait(others)

"""Debates that go on while the processes under them are killed, and what became of them.

Their frontends do what a good one does: whoever loses the line comes back with the last id, and
asks for the same turn by its number. What is killed stays away for a moment and is started again.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp

from tests.services.debater import Debater, Heard, session
from tests.services.theatre import Theatre

AWAY = (aiohttp.ClientError, TimeoutError, ConnectionError)
PAUSE_S = 0.1
ORDER = {"format": "1v1", "cast": {"pro": ["kant"], "con": ["hegel"]}}


@dataclass
class Diary:
    """What one frontend went through with one debate."""

    debate_id: str = ""
    turns: dict[int, Heard] = field(default_factory=dict)
    ends: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    is_over: bool = False

    @property
    def restarts(self) -> int:
        return sum(
            event.kind == "turn.restarted"
            for heard in self.turns.values() for event in heard.events
        )

    @property
    def is_streaming(self) -> bool:
        """Some of the text of the last turn was read, and not all of it."""
        last = self.turns.get(max(self.turns, default=0))
        return bool(last and last.text and not last.first("turn.completed"))

    def faults(self) -> list[str]:
        return [
            f"turn {number}: {fault}"
            for number, heard in self.turns.items() for fault in heard.faults()
        ]


class Frontend:
    """`urls`: after a broken line it tries the next one."""

    def __init__(self, http: aiohttp.ClientSession, urls: Sequence[str], key: str) -> None:
        self.diary = Diary()
        self._urls = urls
        self._who = Debater(http, urls[0], key)

    async def debate(self, deadline: float, **order: Any) -> None:
        """From the first turn to the last. Raises TimeoutError after the deadline."""
        async with asyncio.timeout_at(deadline):
            made = await self._who.create(**order)
            self.diary.debate_id = made["id"]
            while not self.diary.is_over:
                number = await self._ask()
                if number:
                    await self._hear(number)

    async def _ask(self) -> int:
        """The number of the turn to read; 0: nothing to read now."""
        number = max(self.diary.turns, default=0) + 1
        try:
            asked = await self._who.next(self.diary.debate_id, expected_turn=number)
        except AWAY:
            return await self._elsewhere()
        if asked.status in (200, 202):
            return int(asked.data["turn"])
        self.diary.refusals[f"{asked.status} {asked.code}"] += 1
        if asked.code == "turn_in_progress":
            return int(asked.data["turn"])
        self.diary.is_over = asked.code == "debate_over"
        await asyncio.sleep(PAUSE_S)
        return 0

    async def _hear(self, number: int) -> None:
        heard = self.diary.turns.setdefault(number, Heard())
        while True:
            try:
                before = len(heard.events)
                await self._who.hear(self.diary.debate_id, number, heard)
                if is_ended(heard) or len(heard.events) == before:
                    break
            except AWAY:
                await self._elsewhere()
        self.diary.ends[next((e.kind for e in heard.events if e.kind in ENDS), "none")] += 1
        self.diary.is_over = heard.first("debate.completed") is not None

    async def _elsewhere(self) -> int:
        await asyncio.sleep(PAUSE_S)
        place = self._urls.index(self._who.url)
        self._who.url = self._urls[(place + 1) % len(self._urls)]
        return 0


ENDS = ("turn.completed", "turn.cancelled", "error")


def is_ended(heard: Heard) -> bool:
    return any(event.kind in ENDS for event in heard.events)


@dataclass(frozen=True)
class Strike:
    """Kill this when a stream is in its midst, and start it again after `away_s`."""

    victim: str
    kill: Callable[[], None]
    start: Callable[[], None]
    away_s: float = 0.5


def strike_of(house: Theatre, name: str, *, away_s: float = 0.5) -> Strike:
    part = house.parts[name]

    def start() -> None:
        part.start()
        part.wait()

    return Strike(name, part.kill, start, away_s)


def strike_on_worker(house: Theatre) -> Strike:
    """Nobody waits here until the leases of a dead worker have run out."""
    usual = strike_of(house, "worker", away_s=0)

    def start() -> None:
        house.rows("abandon")
        usual.start()

    return replace(usual, start=start)


async def trial(
    house: Theatre, keys: Sequence[str], strikes: Sequence[Strike], *, within_s: float,
    pause_s: float = 1.0, **order: Any,
) -> list[Diary]:
    """All debates to their ends, and every strike, one after the other."""
    async with session() as http:
        frontends = [Frontend(http, house.urls, key) for key in keys]
        deadline = asyncio.get_running_loop().time() + within_s
        async with asyncio.TaskGroup() as group:
            for number, each in enumerate(frontends):
                topic = f"Is virtue knowledge? #{number}#"
                group.create_task(each.debate(deadline, topic=topic, **ORDER | order))
            group.create_task(_strike_all([each.diary for each in frontends], strikes, pause_s))
        return [each.diary for each in frontends]


async def _strike_all(
    diaries: Sequence[Diary], strikes: Sequence[Strike], pause_s: float
) -> None:
    for strike in strikes:
        await asyncio.sleep(pause_s)
        while not any(diary.is_streaming for diary in diaries):
            assert not all(diary.is_over for diary in diaries), f"too late for {strike.victim}"
            await asyncio.sleep(0.005)
        await asyncio.to_thread(strike.kill)
        await asyncio.sleep(strike.away_s)
        await asyncio.to_thread(strike.start)


def settle_down(house: Theatre, *, within_s: float = 20.0) -> dict[str, Any]:
    """Leases of the dead run out, which nobody waits for here; then the books."""
    deadline = time.monotonic() + within_s
    while True:
        house.rows("sweep")
        told = dict(house.rows("audit"))
        if not told["open"] or time.monotonic() > deadline:
            return told
        time.sleep(0.5)

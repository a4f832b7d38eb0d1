"""Plays a part of a month through the real gateway, one debate after the other, in one thread.

Each debate has its simulated time (`costcontrol.lib.clock.at`), so that answers get too old as they
would in a month. Everything between two calls is the product's own; nobody reads along.
"""

import asyncio
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from billing.models import UsageRecord
from costcontrol.lib import clock, redis
from routing import keeper, snapshot
from routing.replay import figures, upstream
from routing.replay.ahead import make_ahead
from routing.replay.books import problems
from routing.replay.figures import Figures
from routing.replay.house import House, furnish
from routing.replay.options import BEGINS, Options
from routing.replay.script import Staged, debates, frozen, part_of, topics_of
from routing.replay.walk import Walk

AHEAD = BEGINS - timedelta(days=3)  # what is made ahead is there when the month begins
Tell = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Played:
    """What became of a part. `frozen`: of one debate that is watched and one that is taken part in,
    all of it on the baseline model; only the first part plays them."""

    figures: tuple[Figures, ...]  # one for each checkpoint
    frozen: tuple[Figures, ...]
    calls: int
    cpu_s: float
    problems: tuple[str, ...]  # where the books differ; must be empty

    @classmethod
    def loads(cls, data: Mapping[str, Any]) -> "Played":
        return cls(
            tuple(map(Figures.loads, data["figures"])), tuple(map(Figures.loads, data["frozen"])),
            data["calls"], data["cpu_s"], tuple(data["problems"]),
        )


class Loop(asyncio.SelectorEventLoop):
    """There is nothing to do beside the database: its work is done here, without another thread."""

    def run_in_executor(  # type: ignore[override]  # the stubs know it with TypeVarTuples
        self, executor: Executor | None, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        future = self.create_future()
        asyncio._set_running_loop(None)  # as in a thread of its own
        try:
            future.set_result(func(*args))
        except Exception as error:
            future.set_exception(error)
        finally:
            asyncio._set_running_loop(self)
        return future


def play(options: Options, *, part: int, parts: int, tell: Tell = lambda *_: None) -> Played:
    """In the database that is configured, which must be empty. Raises what a call raises: in a
    replay nobody is refused."""
    with clock.at(BEGINS):
        house = furnish(options)
    month = _Month(options, house, part=part, parts=parts)
    with clock.at(AHEAD):
        month.make_ahead()
    with asyncio.Runner(loop_factory=Loop) as runner:
        runner.run(_closed(month.play(tell)))
    return month.played()


async def _closed(playing: Coroutine[Any, Any, None]) -> None:
    """With nothing left open on its loop."""
    try:
        await playing
    finally:
        await redis.client().aclose()


class _Month:
    def __init__(self, options: Options, house: House, *, part: int, parts: int) -> None:
        self._options, self._house = options, house
        self._simulated = upstream.install()
        offer = house.offer()
        every = list(debates(options, offer))
        self._staged = part_of(every, part=part, parts=parts)
        self._topics = topics_of(every, options, part=part, parts=parts)
        self._frozen = frozen(options, offer) if part == 0 else ()
        self._shareable: Counter[int] = Counter()  # calls, by the checkpoint they come before
        self._calls = 0

    def make_ahead(self) -> None:
        if self._options.precompute:
            topics = {self._house.topics[n].key for n in self._topics}
            make_ahead(self._options, topics, simulated=self._simulated, now=AHEAD)

    async def play(self, tell: Tell) -> None:
        for staged in self._frozen:
            await self._play(staged)
        self._calls = 0
        for at, staged in enumerate(self._staged):
            await self._play(staged)
            tell(at + 1, self._calls)

    def played(self) -> Played:
        billed = self._simulated.books.total_nanos(snapshot.latest().prices)
        return Played(
            tuple(map(self._figures, self._options.checkpoints)),
            tuple(map(_of_one, self._frozen)), self._calls, time.process_time(),
            tuple(problems(self._simulated.books, billed_nanos=billed)),
        )

    async def _play(self, staged: Staged) -> None:
        with clock.at(staged.at):
            walk = Walk(
                staged, self._options, house=self._house, simulated=self._simulated,
                known=await snapshot.current(),
            )
            await walk.to_the_end()
            await keeper.flush()
        self._calls += walk.calls
        place = bisect_left(self._options.checkpoints, staged.number)
        self._shareable[place] += walk.shareable

    def _figures(self, checkpoint: int) -> Figures:
        mine = [each for each in self._staged if each.number <= checkpoint]
        if not mine:
            return Figures(0, (), 0, 0, 0)
        place = self._options.checkpoints.index(checkpoint)
        return figures.read(
            first=self._staged[0].id, last=mine[-1].id, debates=len(mine), until=mine[-1].at,
            shareable=sum(self._shareable[each] for each in range(place + 1)),
        )


def _of_one(staged: Staged) -> Figures:
    rows = UsageRecord.objects.filter(debate_id=staged.id)
    return Figures(1, figures.groups_of(rows), 0, 0, 0)

"""One look a second at the newest rows, shared by everybody of this process who watches calls.

Nobody watches: nothing is asked. A hundred watch: one narrow query a second, and one that reads the
whole lines of what is shown.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from django.db import DatabaseError

from billing.reports import tail
from billing.reports.tail import Batch, Place, Wanted
from costcontrol.lib import database

EVERY_S = 1.0
MOST_VIEWERS = 100  # of one process
MOST_WAITING = 20  # batches that a slow reader may be behind
LOOKED_BACK = 500  # rows: how far back somebody may have seen
log = logging.getLogger(__name__)


@dataclass(eq=False)
class Viewer:
    """One reader. `after`: rows up to here were seen before; `missed`: calls that were dropped,
    because the reader is slow."""

    wanted: Wanted
    after: int
    waiting: deque[Batch] = field(default_factory=deque)
    missed: int = 0
    is_new: asyncio.Event = field(default_factory=asyncio.Event)

    def give(self, batch: Batch) -> None:
        if len(self.waiting) == MOST_WAITING:
            oldest = self.waiting.popleft()
            self.missed += len(oldest.lines) + oldest.more
        self.waiting.append(batch)
        self.is_new.set()

    async def taken(self, timeout_s: float) -> list[Batch]:
        """Empty: nothing came for so long."""
        try:
            async with asyncio.timeout(timeout_s):
                await self.is_new.wait()
        except TimeoutError:
            return []
        self.is_new.clear()
        come = [*self.waiting]
        self.waiting.clear()
        return come


class Hub:
    """The watchers of one event loop."""

    def __init__(self) -> None:
        self._viewers: set[Viewer] = set()
        self._task: asyncio.Task[None] | None = None
        self._place: Place | None = None

    @property
    def is_full(self) -> bool:
        return len(self._viewers) >= MOST_VIEWERS

    @property
    def viewers(self) -> int:
        return len(self._viewers)

    @contextmanager
    def watching(self, wanted: Wanted, *, after: int) -> Iterator[Viewer]:
        """From the row `after` on. The first one starts the looks, the last one ends them."""
        viewer = Viewer(wanted, after)
        self._viewers.add(viewer)
        if self._task is None or self._task.done():
            self._place = None
            self._task = asyncio.get_running_loop().create_task(self._look_on())
        try:
            yield viewer
        finally:
            self._viewers.discard(viewer)
            if not self._viewers and self._task:
                self._task.cancel()
                self._task = None

    async def _look_on(self) -> None:
        while self._viewers:
            try:
                await self._catch_up()
                await self._look()
            except DatabaseError as error:
                log.warning("the live calls could not be read: %s", error)
            await asyncio.sleep(EVERY_S)

    async def _catch_up(self) -> None:
        """Where the looks begin; and what the newest readers have not seen since their page."""
        if self._place is None:
            self._place = Place(await database.run(tail.newest_id))
        upto, known = self._place.last, dict[tuple[Wanted, int], Batch]()
        for viewer in [one for one in self._viewers if one.after < upto]:
            begin = max(viewer.after, upto - LOOKED_BACK)
            if (viewer.wanted, begin) not in known:
                known[viewer.wanted, begin] = await database.run(
                    tail.recent, viewer.wanted, after=begin, upto=upto
                )
            viewer.after = upto
            if (batch := known[viewer.wanted, begin]).lines:
                viewer.give(batch)

    async def _look(self) -> None:
        assert self._place is not None
        viewers = [*self._viewers]
        seen = await database.run(tail.look, self._place, {one.wanted for one in viewers})
        self._place = seen.place
        for viewer in viewers:
            viewer.after = seen.place.last
            if batch := seen.batches.get(viewer.wanted):
                viewer.give(batch)


_hubs: "WeakKeyDictionary[asyncio.AbstractEventLoop, Hub]" = WeakKeyDictionary()


def hub() -> Hub:
    """The hub of the running event loop."""
    return _hubs.setdefault(asyncio.get_running_loop(), Hub())

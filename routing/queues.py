"""Bounded places to wait: slots of a local model, and turns at a budget that is nearly full.

Both count inside one process. A local model's own server queues without a bound, so we do not
let more calls near it than it can run.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from costcontrol.lib.errors import RateLimited, Unavailable
from costcontrol.lib.sentences import Sentence as _
from routing.types import DeploymentSpec

WAITERS_A_SLOT = 8
WAITERS_A_BUDGET = 200
SPILL_AFTER_S = 2.0  # with another candidate behind it
LAST_AFTER_S = 30.0  # with nobody else left


@dataclass(slots=True)
class Line:
    """A semaphore and how many wait at it."""

    semaphore: asyncio.Semaphore
    waiting: int = 0


@dataclass(slots=True)
class Lines:
    slots: dict[str, Line] = field(default_factory=dict)
    turns: dict[int, Line] = field(default_factory=dict)


_lines: "WeakKeyDictionary[asyncio.AbstractEventLoop, Lines]" = WeakKeyDictionary()


def _here() -> Lines:
    return _lines.setdefault(asyncio.get_running_loop(), Lines())


@asynccontextmanager
async def slot(deployment: DeploymentSpec, *, is_last: bool) -> AsyncIterator[None]:
    """A place at a model that runs few calls at once. Raises Unavailable when it is busy."""
    if deployment.max_concurrency is None:
        yield
        return
    line = _here().slots.setdefault(
        deployment.name, Line(asyncio.Semaphore(deployment.max_concurrency))
    )
    if line.waiting >= WAITERS_A_SLOT * deployment.max_concurrency:
        raise _busy(deployment)
    try:
        await _wait(line, LAST_AFTER_S if is_last else SPILL_AFTER_S)
    except TimeoutError:
        raise _busy(deployment) from None
    try:
        yield
    finally:
        line.semaphore.release()


@asynccontextmanager
async def turn(window_id: int, *, seconds: float) -> AsyncIterator[bool]:
    """First come, first served at one budget. Yields False when the time is up.

    Raises RateLimited when too many wait already.
    """
    lines = _here().turns
    line = lines.setdefault(window_id, Line(asyncio.Semaphore(1)))
    if line.waiting >= WAITERS_A_BUDGET:
        raise RateLimited(
            _("Too many calls wait for this budget. Try again in a second."), retry_after_s=1
        )
    try:
        await _wait(line, seconds)
    except TimeoutError:
        yield False
        return
    try:
        yield True
    finally:
        line.semaphore.release()
        if not line.waiting and not line.semaphore.locked():
            lines.pop(window_id, None)


async def _wait(line: Line, seconds: float) -> None:
    if not line.semaphore.locked():
        await line.semaphore.acquire()  # at once: whoever comes next finds it taken
        return
    line.waiting += 1
    try:
        await asyncio.wait_for(line.semaphore.acquire(), max(0.001, seconds))
    finally:
        line.waiting -= 1


def _busy(deployment: DeploymentSpec) -> Unavailable:
    return Unavailable(
        _("%(name)s is busy. Try again in a few seconds.") % {"name": deployment.name},
        retry_after_s=3,
    )

"""The bridge from async code to synchronous transactions: a few threads, each with one connection.

Django's own bridge opens a connection per request. A ledger that writes before every call cannot
afford that, so money has its own threads, whose connections stay open. SQLite has one writer, so
it gets one thread; PostgreSQL gets a few.

While the server is away nobody waits for it in line: one caller at a time looks whether it is back,
the others fail at once. Once one connection has broken, no thread trusts the one that it has.
"""

import asyncio
import logging
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import ParamSpec, TypeVar

from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, connection

P = ParamSpec("P")
T = TypeVar("T")
PAUSE_S = 1.0  # between two looks
SWITCH_S = 0.0005  # of Python's usual 0.005
PAUSES_S = (0.1, 0.5, 1, 2, 4, 8, 15, 30, 60, 120, 240)  # of what must be written in the end
log = logging.getLogger(__name__)
_insisting: set[asyncio.Task[None]] = set()


class Outage:
    """Remembers that the server could not be reached. Used from several threads."""

    def __init__(self, *, pause_s: float = PAUSE_S) -> None:
        self._pause_s = pause_s
        self._lock = threading.Lock()
        self._next_look: float | None = None
        self.breaks = 0  # how often a connection that was open has been found dead

    def fail_fast(self) -> None:
        """Raises OperationalError, except for the one who looks."""
        with self._lock:
            if self._next_look is None:
                return
            if time.monotonic() < self._next_look:
                raise OperationalError("the database could not be reached a moment ago")
            self._next_look = float("inf")

    def note(self, *, is_away: bool) -> None:
        with self._lock:
            self._next_look = time.monotonic() + self._pause_s if is_away else None


    def note_break(self) -> None:
        with self._lock:
            self.breaks += 1


outage = Outage()
_mine = threading.local()  # `breaks`, as of this thread's connection


@cache
def _threads() -> ThreadPoolExecutor:
    count = settings.DATABASE_THREADS or (1 if connection.vendor == "sqlite" else 4)
    return ThreadPoolExecutor(count, thread_name_prefix="database")


def take_turns_quickly() -> None:
    """For processes with one busy event loop: a thread of ours asks for its turn after every
    statement, and would wait ten times as long for it, a dozen times a transaction."""
    sys.setswitchinterval(SWITCH_S)


async def run(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a synchronous function of the database in one of the threads."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(
        _threads(), partial(_with_live_connection, function, *args, **kwargs)
    )


async def insist(attempt: Callable[[], Awaitable[None]], *, what: str) -> None:
    """Do it now; if the database fails, go on trying for some minutes, behind the caller."""
    try:
        await attempt()
    except DatabaseError as failure:
        log.warning("%s: trying again in a moment (%s)", what, failure)
        task = asyncio.create_task(_insist(attempt, what))
        _insisting.add(task)
        task.add_done_callback(_insisting.discard)


async def _insist(attempt: Callable[[], Awaitable[None]], what: str) -> None:
    for pause_s in PAUSES_S:
        await asyncio.sleep(pause_s)
        try:
            return await attempt()
        except DatabaseError:
            continue
    return log.error("%s: given up, the database stays away", what)


def _with_live_connection(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Drop a connection that broke, so that the next call opens a new one."""
    outage.fail_fast()
    _reconnect_after_breaks()
    try:
        result = function(*args, **kwargs)
    except (OperationalError, InterfaceError):
        was_connected = connection.connection is not None
        if was_connected and not connection.is_usable():
            outage.note_break()
        connection.close()
        outage.note(is_away=not was_connected)
        raise
    except BaseException:
        outage.note(is_away=False)
        raise
    outage.note(is_away=False)
    return result


def _reconnect_after_breaks() -> None:
    """Whatever cut off another thread has most likely cut off this one."""
    breaks = outage.breaks
    if getattr(_mine, "breaks", breaks) != breaks:
        connection.close()
    _mine.breaks = breaks


def close_threads() -> None:
    """End the threads and their connections (tests, shutdown)."""
    pool = _threads()
    everybody = threading.Barrier(pool._max_workers)
    for _ in range(pool._max_workers):
        pool.submit(_close_one, everybody)
    pool.shutdown(wait=True)
    _threads.cache_clear()


def _close_one(everybody: threading.Barrier) -> None:
    """Each thread its own: none takes the turn of another."""
    everybody.wait(10)
    connection.close()

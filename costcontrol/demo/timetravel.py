"""Another now for the real gateway, and only inside the replay.

`clock.at` gives each call its time. Two places ask somebody else: the ledger reads the database's
clock, and the work in the database's threads has no context. Here both follow the call. What the
process remembers by the running time of the machine (cached answers, breakers) is forgotten as the
simulated time goes by.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from contextvars import copy_context
from datetime import datetime, timedelta
from typing import Any

from django.db import connections
from django.db.backends.signals import connection_created

from costcontrol.lib import clock, redis
from routing import health
from routing.cache import exact
from routing.health import OPEN_S

UNIX_EPOCH_JULIAN = 2440587.5
REMEMBERED = timedelta(hours=1)  # an answer's time in the cache, as configured by default


class ContextLoop(asyncio.SelectorEventLoop):
    """An event loop that takes the context along into threads."""

    def run_in_executor(  # type: ignore[override]  # the stubs know it with TypeVarTuples
        self, executor: Executor | None, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        return super().run_in_executor(executor, copy_context().run, func, *args)


@contextmanager
def simulated_database_clock() -> Iterator[None]:
    """SQLite says the call's time, and does not wait for the disk."""
    connections.close_all()
    connection_created.connect(_prepare, dispatch_uid="demo")
    try:
        yield
    finally:
        connection_created.disconnect(dispatch_uid="demo")
        connections.close_all()


def _prepare(connection: Any, **_: Any) -> None:
    raw: sqlite3.Connection = connection.connection
    raw.create_function("julianday", 1, _julianday)
    raw.execute("PRAGMA synchronous=OFF")


def _julianday(of: str) -> float:
    if of != "now":
        raise ValueError("only now is simulated")
    return clock.now().timestamp() / 86_400 + UNIX_EPOCH_JULIAN


class Forgetting:
    """What must not be remembered from another simulated hour."""

    def __init__(self, deployments: tuple[str, ...]) -> None:
        self._deployments = deployments
        self._cleared: datetime | None = None
        self._open_since: dict[str, datetime] = {}

    async def it_is(self, at: datetime) -> None:
        self._breakers(at)
        if self._cleared and abs(at - self._cleared) < REMEMBERED:
            return
        self._cleared = at
        exact.memory.clear()
        await redis.attempt(lambda client: client.flushdb(), default=None)

    def _breakers(self, at: datetime) -> None:
        """One that opened half a simulated minute ago lets a call through to see."""
        for name in self._deployments:
            breaker = health.breaker(name)
            if not breaker.open_until:
                self._open_since.pop(name, None)
                continue
            since = self._open_since.setdefault(name, at)
            if abs((at - since).total_seconds()) >= OPEN_S:
                self._open_since[name] = at
                breaker.abandoned()

"""Identical calls at the same time share one upstream request.

Inside a process the followers read the leader's chunks as they come. Between processes a lease in
Valkey says that somebody is at it; the others wait for the stored answer, and take over when the
lease ends without one. Without Valkey every process makes its own request.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from costcontrol.lib import redis
from routing.types import Chunk

LEASE_MS = 2_000  # a dead leader delays the others by no more, and a look
RENEW_S = 0.5
POLL_S = 0.05
RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end"
STORE_AND_RELEASE = """
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
if redis.call('GET', KEYS[2]) == ARGV[3] then redis.call('DEL', KEYS[2]) end
return 1
"""
# The stored answer if there is one; else true when the lease is ours now, else false.
FIND_OR_LEAD = """
local found = redis.call('GET', KEYS[1])
if found then return found end
if redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
return 0
"""


class Flight:
    """One answer in the making: a task that produces, and anybody who reads along.

    The work belongs to no reader. When the last one has left, it is cancelled, unless the flight
    must land (an idempotent call, whose caller may come back for the answer).
    """

    def __init__(self) -> None:
        self.chunks: list[Chunk] = []
        self.error: BaseException | None = None
        self.is_done = self.is_given_up = False
        self.must_land = False
        self._readers = 0
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self, work: Callable[[], Awaitable[None]]) -> None:
        self._task = asyncio.create_task(self._run(work))

    async def _run(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except BaseException as error:  # handed to every reader, whatever it is
            self.error = error
            if isinstance(error, asyncio.CancelledError):
                raise
        finally:
            self.is_done = True
            self._news.set()

    def publish(self, chunk: Chunk) -> None:
        self.chunks.append(chunk)
        self._tell()

    def _tell(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    def join(self) -> None:
        self._readers += 1

    def leave(self) -> None:
        self._readers -= 1
        if not self._readers and not self.must_land and self._task and not self._task.done():
            self.is_given_up = True  # it still settles: nobody may join it now
            self._task.cancel()

    async def started(self) -> None:
        """Wait for the first chunk, so that a refusal can still be an HTTP error."""
        while not self.chunks and not self.is_done:
            await self._news.wait()
        if not self.chunks:
            self._raise()

    async def finished(self) -> None:
        """Wait for the end, settlement included. Raises what the work raised."""
        while not self.is_done:
            await self._news.wait()
        self._raise()

    async def read(self) -> AsyncIterator[Chunk]:
        position = 0
        while True:
            while position < len(self.chunks):
                yield self.chunks[position]
                position += 1
            if self.is_done:
                break
            await self._news.wait()
        self._raise()

    def _raise(self) -> None:
        if isinstance(self.error, asyncio.CancelledError):
            raise ConnectionAbortedError("the answer was given up: nobody was reading it")
        if self.error is not None:
            raise self.error


_flights: dict[str, Flight] = {}


def running(key: str) -> Flight | None:
    flight = _flights.get(key)
    return None if flight is None or flight.is_given_up else flight


def register(key: str, flight: Flight) -> None:
    _flights[key] = flight


def forget(key: str, flight: Flight) -> None:
    if _flights.get(key) is flight:
        del _flights[key]


async def find_or_lead(key: str) -> tuple[bytes | None, str]:
    """What another process stored; or None and the token of the lease, which is then ours."""
    token = secrets.token_hex(8)
    while True:
        found = await redis.attempt(
            lambda client: client.eval(
                FIND_OR_LEAD, 2, entry_name(key), lease_name(key), token, LEASE_MS
            ),
            default=1,
            tries=2,
        )
        if isinstance(found, bytes):
            return found, ""
        if found:
            return None, token
        await asyncio.sleep(POLL_S)


def entry_name(key: str) -> str:
    return f"exact:{key}"


def lease_name(key: str) -> str:
    return f"lease:{key}"


@asynccontextmanager
async def leading(key: str, token: str) -> AsyncIterator["Lease"]:
    """Keep the lease while we work. A dead leader's lease ends by itself."""
    lease = Lease(key, token)
    renewal = asyncio.create_task(lease.renew())
    try:
        yield lease
    finally:
        renewal.cancel()
        if not lease.is_over:
            await asyncio.shield(lease.release())


class Lease:
    """Our right to make the answer of one key."""

    def __init__(self, key: str, token: str) -> None:
        self.key, self.token = key, token
        self.is_over = False

    async def renew(self) -> None:
        while True:
            await asyncio.sleep(RENEW_S)
            await redis.attempt(
                lambda client: client.pexpire(lease_name(self.key), LEASE_MS), default=None
            )

    async def publish(self, raw: str, *, ttl_s: int) -> None:
        """Store the answer and end the lease, in one go."""
        self.is_over = True
        await redis.attempt(
            lambda client: client.eval(
                STORE_AND_RELEASE, 2, entry_name(self.key), lease_name(self.key), raw, ttl_s,
                self.token,
            ),
            default=None,
        )

    async def release(self) -> None:
        self.is_over = True
        await redis.attempt(
            lambda client: client.eval(RELEASE, 1, lease_name(self.key), self.token), default=None
        )

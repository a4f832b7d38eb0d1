"""Valkey/Redis clients that fail fast: the request path must never hang on a cache.

A default client waits 59 seconds for a black-holed server; ours gives up after a quarter of a
second and stays away for a moment, so that a dead server costs one wait and not one per call.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import redis.asyncio
from django.conf import settings
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

T = TypeVar("T")
PAUSE_S = 2.0

_clients: "WeakKeyDictionary[asyncio.AbstractEventLoop, redis.asyncio.Redis]" = WeakKeyDictionary()


class Breaker:
    """Remembers for a moment that the server did not answer."""

    def __init__(self) -> None:
        self._closed_until = 0.0

    @property
    def is_open(self) -> bool:
        return time.monotonic() < self._closed_until

    def trip(self) -> None:
        self._closed_until = time.monotonic() + PAUSE_S


@cache
def breaker() -> Breaker:
    return Breaker()


def client() -> "redis.asyncio.Redis":
    """The client of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _clients:
        _clients[loop] = redis.asyncio.from_url(
            settings.REDIS_URL,
            socket_timeout=settings.REDIS_TIMEOUT_S,
            socket_connect_timeout=settings.REDIS_TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),
            max_connections=200,
            decode_responses=False,
        )
    return _clients[loop]


async def attempt(
    command: Callable[["redis.asyncio.Redis"], Awaitable[Any]], *, default: T, tries: int = 1
) -> Any | T:
    """The command's answer, or the default when the server is away.

    `tries`: for what is dear to get wrong. A process that has just started can be too busy to
    read an answer in time that was there.
    """
    for _ in range(tries):
        if breaker().is_open:
            break
        try:
            return await command(client())
        except (RedisError, OSError, TimeoutError):
            continue
    else:
        breaker().trip()
    return default

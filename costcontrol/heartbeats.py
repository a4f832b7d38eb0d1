"""Signs of life of beat, of the worker and of those who write debates, left in Valkey.

By Celery's signals (`celery.py`), and by the debate worker itself. Beat leaves one whenever it
sends a task (`sweep`, every 15 seconds), the worker whenever it begins or ends one. Nobody is
asked, so looking costs them nothing. A sign that cannot be left is lost: it is never the reason why
a task fails.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from costcontrol.lib.redis import attempt

BEAT, WORKER, DEBATES = "beat", "worker", "debates"
KEPT_S = 24 * 3600  # so long it is known when the last one was


def leave(part: str, *, now: datetime) -> None:
    try:
        _client().set(_key(part), int(now.timestamp()), ex=KEPT_S)
    except redis.RedisError:
        return  # the broker is away, which every page says anyway


async def leave_async(part: str, *, now: datetime) -> None:
    """The same, from an event loop."""
    sign = int(now.timestamp())
    await attempt(lambda client: client.set(_key(part), sign, ex=KEPT_S), default=None)


async def last_seen() -> Mapping[str, datetime]:
    """When each part last gave a sign; parts that gave none for a day are not in it."""
    parts = (BEAT, WORKER, DEBATES)
    found = await attempt(lambda client: client.mget([_key(part) for part in parts]), default=())
    return {
        part: datetime.fromtimestamp(int(seconds), UTC)
        for part, seconds in zip(parts, found, strict=False)
        if seconds is not None
    }


@cache
def _client() -> redis.Redis:
    timeout = settings.REDIS_TIMEOUT_S
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=timeout, socket_connect_timeout=timeout,
        retry=Retry(NoBackoff(), 0),
    )


def _key(part: str) -> str:
    return f"alive:{part}"

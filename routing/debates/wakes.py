"""Telling workers that there is something to do. Synchronous, and never a reason to fail.

A worker that is not told looks into the table by itself, a moment later.
"""

from functools import cache
from uuid import UUID

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from costcontrol.lib.redis import breaker

CHANNEL = "debates:wake"


def wake(debate_id: UUID) -> None:
    """Somebody who has this debate, or might take it: look at it now."""
    if breaker().is_open:
        return
    try:
        _client().publish(CHANNEL, str(debate_id))
    except (redis.RedisError, OSError):
        breaker().trip()


@cache
def _client() -> redis.Redis:
    timeout = settings.REDIS_TIMEOUT_S
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=timeout, socket_connect_timeout=timeout,
        retry=Retry(NoBackoff(), 0),
    )

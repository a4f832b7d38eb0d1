"""Requests a minute for synchronous code: the same windows as `limits.py`, the same answers."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from accounts.throttles import Throttled
from accounts.types import Caller
from costcontrol.lib.redis import breaker
from routing.limits import SLIDING, Minute


def admit(
    caller: Caller, *, now: datetime, upgrade: Callable[[], Mapping[str, Any]] = dict,
    throttled: Sequence[Throttled] = (),
) -> None:
    """Count one request. Raises RateLimited."""
    minute = Minute.of(caller, now, throttled)
    if minute.spans:
        minute.check(_asked(minute), upgrade)


def _asked(minute: Minute) -> Any:
    """None: the server is away."""
    if breaker().is_open:
        return None
    try:
        return _client().eval(SLIDING, len(minute.keys), *minute.arguments)
    except (redis.RedisError, OSError):
        breaker().trip()
        return None


@cache
def _client() -> "redis.Redis":
    timeout = settings.REDIS_TIMEOUT_S
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=timeout, socket_connect_timeout=timeout,
        retry=Retry(NoBackoff(), 0),
    )

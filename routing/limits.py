"""Requests a minute, per user: a sliding window in Valkey, a stricter one without it.

The plan says how many; whoever was throttled may make fewer, or none, until that is over.

Rates may be lost with the server; money may not, so budgets are not here but in the ledger. Calls
at the same time are a window of the ledger too: a crash frees them. `limits_sync.py` counts in the
same place for code that is not async.
"""

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings

from accounts.throttles import Throttled
from accounts.types import Caller
from costcontrol.lib import redis
from costcontrol.lib.errors import RateLimited, Suspended
from costcontrol.lib.sentences import Sentence as _

MINUTE_S = 60
ASK_AGAIN_S = 3600.0  # whoever is suspended without an end
# KEYS: this minute, the last. ARGV: limit, share of the last minute that still counts.
SLIDING = """
local now = tonumber(redis.call('GET', KEYS[1]) or '0')
local before = tonumber(redis.call('GET', KEYS[2]) or '0')
if before * tonumber(ARGV[2]) + now >= tonumber(ARGV[1]) then return 0 end
redis.call('INCR', KEYS[1])
redis.call('EXPIRE', KEYS[1], 150)
return 1
"""

_local: dict[int, deque[float]] = {}


@dataclass(frozen=True, slots=True)
class Minute:
    """One request of somebody at one moment. `limit` 0: they have none."""

    user_id: int
    limit: int
    keys: tuple[str, str]
    second: float
    throttled: Throttled | None = None  # None: the limit is the plan's

    @classmethod
    def of(cls, caller: Caller, now: datetime, throttled: Throttled | None = None) -> "Minute":
        """Raises Suspended."""
        check_suspended(throttled, now=now)
        minute, second = divmod(now.timestamp(), MINUTE_S)
        this, last = (f"rate:{caller.user_id}:{int(minute) - back}" for back in (0, 1))
        limit = caller.tier.requests_per_minute or 0
        if throttled and throttled.holds(now) and not 0 < limit <= throttled.requests_per_minute:
            return cls(
                caller.user_id, throttled.requests_per_minute, (this, last), second, throttled
            )
        return cls(caller.user_id, limit, (this, last), second)

    @property
    def arguments(self) -> tuple[str | int | float, ...]:
        """Of the script: two keys, then what it reckons with."""
        return (*self.keys, self.limit, 1 - self.second / MINUTE_S)

    def check(self, is_admitted: Any, upgrade: Callable[[], Mapping[str, Any]]) -> None:
        """`is_admitted`: the script's answer; None: the server is away. Raises RateLimited."""
        if is_admitted is None:
            share = max(1, self.limit // settings.WEB_WORKERS)
            is_admitted = _admit_locally(self.user_id, share)
        if is_admitted:
            return
        wait_s = max(1.0, (MINUTE_S - self.second) / 4)
        if self.throttled:
            raise _slowed(self.throttled, wait_s)
        raise RateLimited(
            _("More than %(limit)d requests in a minute. Wait a moment.")
            % {"limit": self.limit},
            retry_after_s=wait_s, limit=self.limit, **upgrade(),
        )


def check_suspended(throttled: Throttled | None, *, now: datetime) -> None:
    """Also for parts of a turn, which are counted with the turn. Raises Suspended."""
    if throttled is None or not throttled.is_suspended or not throttled.holds(now):
        return
    if throttled.until is None:
        raise Suspended(
            _("This account may make no calls for now. Ask whoever runs this service."),
            retry_after_s=ASK_AGAIN_S,
        )
    raise Suspended(
        _("This account may make no calls until %(until)s. Try again then, or ask whoever runs "
          "this service.") % {"until": _minute_of(throttled.until)},
        retry_after_s=(throttled.until - now).total_seconds(), until=throttled.until.isoformat(),
    )


def _slowed(throttled: Throttled, wait_s: float) -> RateLimited:
    """A larger plan would not help, so none is named."""
    limit, until = throttled.requests_per_minute, throttled.until
    if until is None:
        return RateLimited(
            _("This account was slowed down to %(limit)d requests in a minute. Wait a moment.")
            % {"limit": limit},
            retry_after_s=wait_s, limit=limit,
        )
    return RateLimited(
        _("This account was slowed down to %(limit)d requests in a minute until %(until)s. Wait "
          "a moment.") % {"limit": limit, "until": _minute_of(until)},
        retry_after_s=wait_s, limit=limit, until=until.isoformat(),
    )


def _minute_of(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


async def admit(
    caller: Caller, *, now: datetime, upgrade: Callable[[], Mapping[str, Any]] = dict,
    throttled: Throttled | None = None,
) -> None:
    """Count one request. Raises RateLimited, which says what `upgrade` knows of a larger plan."""
    minute = Minute.of(caller, now, throttled)
    if minute.limit:
        is_admitted = await redis.attempt(
            lambda client: client.eval(SLIDING, 2, *minute.arguments), default=None
        )
        minute.check(is_admitted, upgrade)


def _admit_locally(user_id: int, limit: int) -> bool:
    """Without Valkey every process allows its share: stricter, never unlimited."""
    if len(_local) > 10_000:
        _local.clear()
    seen = _local.setdefault(user_id, deque())
    now = time.monotonic()
    while seen and seen[0] <= now - MINUTE_S:
        seen.popleft()
    if len(seen) >= limit:
        return False
    seen.append(now)
    return True

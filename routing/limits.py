"""Requests a minute, per user: a sliding window in Valkey, a stricter one without it.

The plan says how many; whoever was throttled may make fewer, or none, until that is over. A
throttle has a window of its own, that the calls of its user and of all whom their service key
speaks for are counted in together. All windows of a call are one question to Valkey.

Rates may be lost with the server; money may not, so budgets are not here but in the ledger. Calls
at the same time are a window of the ledger too: a crash frees them. `limits_sync.py` counts in the
same place for code that is not async.
"""

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
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
# KEYS: of each window this minute, the last. ARGV: share of the last minute that still counts, then
# the limit of each window. Answers 0, and counts in all of them; or which one is full, and counts
# in none.
SLIDING = """
for i = 1, #KEYS / 2 do
  local now = tonumber(redis.call('GET', KEYS[2 * i - 1]) or '0')
  local before = tonumber(redis.call('GET', KEYS[2 * i]) or '0')
  if before * tonumber(ARGV[1]) + now >= tonumber(ARGV[i + 1]) then return i end
end
for i = 1, #KEYS / 2 do
  redis.call('INCR', KEYS[2 * i - 1])
  redis.call('EXPIRE', KEYS[2 * i - 1], 150)
end
return 0
"""

_local: dict[str, deque[float]] = {}


@dataclass(frozen=True, slots=True)
class Span:
    """Whose calls are counted together, and how many of them a minute may have."""

    name: str
    limit: int
    throttled: Throttled | None = None  # None: the limit is the plan's


@dataclass(frozen=True, slots=True)
class Minute:
    """One request of somebody at one moment. No spans: they have no limit."""

    user_id: int
    spans: tuple[Span, ...]
    number: int
    second: float

    @classmethod
    def of(cls, caller: Caller, now: datetime, throttled: Sequence[Throttled] = ()) -> "Minute":
        """Raises Suspended."""
        check_suspended(throttled, now=now)
        minute, second = divmod(now.timestamp(), MINUTE_S)
        of_plan = Span(str(caller.user_id), caller.tier.requests_per_minute or 0)
        spans = [of_plan] if of_plan.limit else []
        spans += [
            Span(f"slow-{one.user_id}", one.requests_per_minute, one)
            for one in throttled if one.holds(now)
        ]
        return cls(caller.user_id, tuple(spans), int(minute), second)

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(
            f"rate:{span.name}:{self.number - back}" for span in self.spans for back in (0, 1)
        )

    @property
    def arguments(self) -> tuple[str | int | float, ...]:
        """Of the script: two keys of each span, then what it reckons with."""
        limits = (span.limit for span in self.spans)
        return (*self.keys, 1 - self.second / MINUTE_S, *limits)

    def check(self, full: Any, upgrade: Callable[[], Mapping[str, Any]]) -> None:
        """`full`: the script's answer; None: the server is away. Raises RateLimited."""
        if full is None:
            full = _full_locally(self.spans)
        if not full:
            return
        span, wait_s = self.spans[full - 1], max(1.0, (MINUTE_S - self.second) / 4)
        if span.throttled:
            raise _slowed(span.throttled, wait_s, is_shared=span.throttled.user_id != self.user_id)
        raise RateLimited(
            _("More than %(limit)d requests in a minute. Wait a moment.")
            % {"limit": span.limit},
            retry_after_s=wait_s, limit=span.limit, **upgrade(),
        )


def check_suspended(throttled: Sequence[Throttled], *, now: datetime) -> None:
    """Also for parts of a turn, which are counted with the turn. Raises Suspended."""
    one = next((one for one in throttled if one.is_suspended and one.holds(now)), None)
    if one is None:
        return
    if one.until is None:
        raise Suspended(
            _("This account may make no calls for now. Ask whoever runs this service."),
            retry_after_s=ASK_AGAIN_S,
        )
    raise Suspended(
        _("This account may make no calls until %(until)s. Try again then, or ask whoever runs "
          "this service.") % {"until": _minute_of(one.until)},
        retry_after_s=(one.until - now).total_seconds(), until=one.until.isoformat(),
    )


def _slowed(throttled: Throttled, wait_s: float, *, is_shared: bool) -> RateLimited:
    """A larger plan would not help, so none is named."""
    limit, until = throttled.requests_per_minute, throttled.until
    values: dict[str, Any] = {"limit": limit}
    details: dict[str, Any] = {"limit": limit}
    if until is not None:
        values |= {"until": _minute_of(until)}
        details |= {"until": until.isoformat()}
    said = _SLOWED[is_shared, until is not None] % values
    return RateLimited(said, retry_after_s=wait_s, **details)


_SLOWED: Mapping[tuple[bool, bool], _] = {  # shared with other end users, until some moment
    (False, False): _("This account was slowed down to %(limit)d requests in a minute. Wait a "
                      "moment."),
    (False, True): _("This account was slowed down to %(limit)d requests in a minute until "
                     "%(until)s. Wait a moment."),
    (True, False): _("This service was slowed down to %(limit)d requests in a minute of all its "
                     "users together. Wait a moment."),
    (True, True): _("This service was slowed down to %(limit)d requests in a minute of all its "
                    "users together until %(until)s. Wait a moment."),
}


def _minute_of(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


async def admit(
    caller: Caller, *, now: datetime, upgrade: Callable[[], Mapping[str, Any]] = dict,
    throttled: Sequence[Throttled] = (),
) -> None:
    """Count one request. Raises RateLimited, which says what `upgrade` knows of a larger plan."""
    minute = Minute.of(caller, now, throttled)
    if minute.spans:
        full = await redis.attempt(
            lambda client: client.eval(SLIDING, len(minute.keys), *minute.arguments), default=None
        )
        minute.check(full, upgrade)


def _full_locally(spans: Sequence[Span]) -> int:
    """As the script answers. Without Valkey every process allows its share: stricter, never
    unlimited."""
    if len(_local) > 10_000:
        _local.clear()
    now = time.monotonic()
    seen = [_local.setdefault(span.name, deque()) for span in spans]
    for place, (span, times) in enumerate(zip(spans, seen, strict=True), start=1):
        while times and times[0] <= now - MINUTE_S:
            times.popleft()
        if len(times) >= max(1, span.limit // settings.WEB_WORKERS):
            return place
    for times in seen:
        times.append(now)
    return 0

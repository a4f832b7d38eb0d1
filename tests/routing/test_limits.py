"""Requests a minute: counted in Valkey, and in the process when there is none."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from accounts.throttles import Throttled
from accounts.types import Caller, TierRules
from costcontrol.lib import redis
from costcontrol.lib.errors import RateLimited, Suspended
from routing import limits

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
ids = count(9_000_001)


def caller(limit: int | None) -> Caller:
    tier = TierRules(
        name="free", title="Free", route_mode="local", debates_per_day=5, requests_per_day=300,
        calls_per_debate=300, usd_per_day_nanos=None, requests_per_minute=limit,
        concurrent_calls=3, allowed_classes=("local",), is_economy_exempt=False,
    )
    number = next(ids)
    return Caller(number, user_uuid=str(number), key_prefix="abcd1234", tier=tier)


async def admitted(who: Caller, tries: int, *, at: datetime = NOON) -> int:
    passed = 0
    for _ in range(tries):
        try:
            await limits.admit(who, now=at)
        except RateLimited:
            continue
        passed += 1
    return passed


async def test_no_more_than_the_limit_pass_in_a_minute() -> None:
    assert await admitted(caller(5), 8) == 5


async def test_no_limit_is_no_limit() -> None:
    assert await admitted(caller(None), 50) == 50


async def test_each_user_has_a_minute_of_their_own() -> None:
    assert [await admitted(caller(2), 3) for _ in range(2)] == [2, 2]


async def test_last_minute_counts_by_the_share_that_is_still_near() -> None:
    who = caller(10)
    await admitted(who, 10)
    next_minute = NOON + timedelta(seconds=60)
    assert await admitted(who, 10, at=next_minute) == 0
    assert await admitted(who, 10, at=next_minute + timedelta(seconds=30)) == 5
    assert await admitted(who, 20, at=next_minute + timedelta(seconds=125)) == 10


async def test_refusal_says_the_limit_and_when_to_come_back() -> None:
    who = caller(1)
    await limits.admit(who, now=NOON)
    with pytest.raises(RateLimited, match="More than 1 requests in a minute") as refused:
        await limits.admit(who, now=NOON)
    assert 1 <= (refused.value.retry_after_s or 0) <= 60
    assert refused.value.details == {"limit": 1}


@pytest.mark.parametrize(("limit", "passed"), [(4, 4), (1, 1)])
async def test_without_valkey_the_process_counts(limit: int, passed: int) -> None:
    redis.breaker().trip()
    try:
        assert await admitted(caller(limit), 8) == passed
    finally:
        redis.breaker.cache_clear()


LATER = NOON + timedelta(hours=2)


def slowed(who: Caller, limit: int, until: datetime | None = LATER) -> tuple[Throttled]:
    return (Throttled(who.user_id, limit, until),)


@pytest.mark.parametrize(
    ("of_plan", "throttle", "passed"), [(5, 2, 2), (None, 2, 2), (2, 5, 2)],
    ids=["slower than the plan", "of a plan without a limit", "never more than the plan"],
)
async def test_throttled_user_passes_less_often(
    of_plan: int | None, throttle: int, passed: int
) -> None:
    who = caller(of_plan)
    for _ in range(passed):
        await limits.admit(who, now=NOON, throttled=slowed(who, throttle))
    with pytest.raises(RateLimited) as refused:
        await limits.admit(
            who, now=NOON, throttled=slowed(who, throttle), upgrade=lambda: {"to": "premium"}
        )
    assert refused.value.retry_after_s
    assert ("slowed down to 2" in str(refused.value)) == (throttle == 2)
    assert ("to" in refused.value.details) == (throttle != 2)  # a plan would not help


async def test_suspended_user_is_told_until_when() -> None:
    who = caller(5)
    with pytest.raises(Suspended, match="no calls until 2026-11-25 14:00 UTC") as refused:
        await limits.admit(who, now=NOON, throttled=slowed(who, 0))
    assert refused.value.retry_after_s == 7200
    assert refused.value.details == {"until": LATER.isoformat()}


async def test_suspended_without_an_end_is_told_whom_to_ask() -> None:
    with pytest.raises(Suspended, match="Ask whoever runs this service") as refused:
        limits.check_suspended(slowed(caller(5), 0, None), now=NOON)
    assert refused.value.retry_after_s == 3600


async def test_a_throttle_that_is_over_holds_nobody_back() -> None:
    who = caller(5)
    for _ in range(4):
        await limits.admit(who, now=NOON, throttled=slowed(who, 0, NOON))


@pytest.mark.parametrize("is_away", [False, True])
async def test_a_throttled_service_and_its_end_users_have_one_minute_together(
    is_away: bool,
) -> None:
    holder = caller(100)
    everybody = [holder, *(replace(caller(100), owner_id=holder.user_id) for _ in range(4))]
    said = []
    if is_away:
        redis.breaker().trip()
    try:
        for who in everybody * 2:
            try:
                await limits.admit(who, now=NOON, throttled=slowed(holder, 6))
            except RateLimited as refused:
                said.append((who == holder, str(refused)))
    finally:
        redis.breaker.cache_clear()
    assert [is_holder for is_holder, _ in said] == [False] * 4  # ten asked, six passed
    assert all("6 requests in a minute of all its users together" in text for _, text in said)


async def test_what_one_window_refuses_counts_in_no_other() -> None:
    """An end user who is slowed down takes nothing from the others of the service."""
    holder, quiet = caller(100), caller(100)
    loud = replace(caller(100), owner_id=holder.user_id)
    of_service = slowed(holder, 3)
    for throttled, passed in (((*slowed(loud, 1), *of_service), 1), (of_service, 2)):
        who, count = (loud, 0) if len(throttled) > 1 else (quiet, 0)
        for _ in range(8):
            try:
                await limits.admit(who, now=NOON, throttled=throttled)
            except RateLimited:
                continue
            count += 1
        assert count == passed

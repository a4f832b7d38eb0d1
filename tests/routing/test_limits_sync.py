"""Requests a minute of synchronous code are counted with those of async code."""

import pytest

from accounts.types import Caller
from costcontrol.lib import redis
from costcontrol.lib.errors import RateLimited
from routing import limits_sync
from tests.routing.test_limits import NOON, admitted, caller


def admitted_sync(who: Caller, tries: int) -> int:
    passed = 0
    for _ in range(tries):
        try:
            limits_sync.admit(who, now=NOON)
        except RateLimited:
            continue
        passed += 1
    return passed


def test_no_more_than_the_limit_pass_in_a_minute() -> None:
    assert [admitted_sync(caller(limit), 8) for limit in (5, None)] == [5, 8]


@pytest.mark.parametrize("is_away", [False, True])
async def test_both_ways_share_one_minute(is_away: bool) -> None:
    who = caller(5)
    if is_away:
        redis.breaker().trip()
    try:
        assert admitted_sync(who, 3) == 3
        assert await admitted(who, 8) == 2
        assert admitted_sync(who, 3) == 0
    finally:
        redis.breaker.cache_clear()


def test_refusal_says_the_limit_and_the_next_plan() -> None:
    who = caller(1)
    limits_sync.admit(who, now=NOON)
    with pytest.raises(RateLimited, match="More than 1 requests in a minute") as refused:
        limits_sync.admit(who, now=NOON, upgrade=lambda: {"upgrade": "premium"})
    assert refused.value.details == {"limit": 1, "upgrade": "premium"}

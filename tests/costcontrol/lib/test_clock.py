"""The clock: the real time, unless a context was given another."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from costcontrol.lib import clock

LONG_AGO = datetime(2026, 8, 1, 12, tzinfo=UTC)
LATER = LONG_AGO + timedelta(days=1)


def is_real(moment: datetime) -> bool:
    return abs(datetime.now(UTC) - moment) < timedelta(seconds=5)


def test_it_is_now() -> None:
    assert is_real(clock.now())
    assert clock.now().tzinfo is UTC


def test_a_given_time_holds_inside_and_ends_with_the_block() -> None:
    with clock.at(LONG_AGO):
        assert clock.now() == LONG_AGO
        with clock.at(LATER):
            assert clock.now() == LATER
        assert clock.now() == LONG_AGO
    assert is_real(clock.now())


def test_a_given_time_ends_with_an_error_too() -> None:
    with pytest.raises(ValueError, match="x"), clock.at(LONG_AGO):
        raise ValueError("x")
    assert is_real(clock.now())


async def test_each_task_keeps_the_time_it_was_started_in() -> None:
    async def told() -> datetime:
        await asyncio.sleep(0)
        return clock.now()

    with clock.at(LONG_AGO):
        first = asyncio.create_task(told())
    with clock.at(LATER):
        second = asyncio.create_task(told())
    assert await asyncio.gather(first, second) == [LONG_AGO, LATER]
    assert is_real(clock.now())


def test_another_thread_has_the_real_time() -> None:
    with ThreadPoolExecutor(1) as pool, clock.at(LONG_AGO):
        assert is_real(pool.submit(clock.now).result())

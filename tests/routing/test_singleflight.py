"""One answer in the making, its readers, and the lease that other processes see."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import uuid4

import pytest

from costcontrol.lib import redis
from routing.cache import singleflight
from routing.cache.singleflight import Flight, Lease, find_or_lead, leading
from routing.types import Chunk


def flight_of(work: Callable[[Flight], Awaitable[None]]) -> Flight:
    flight = Flight()
    flight.join()
    flight.start(lambda: work(flight))
    return flight


async def three_words(flight: Flight) -> None:
    for word in ("know", "thy", "self"):
        flight.publish(Chunk(word))
        await asyncio.sleep(0.01)


async def for_ever(flight: Flight) -> None:
    flight.publish(Chunk("one"))
    await asyncio.sleep(60)


async def read(flight: Flight) -> list[str]:
    return [chunk.text async for chunk in flight.read()]


async def test_every_reader_gets_everything_whenever_it_came() -> None:
    flight = flight_of(three_words)
    early = asyncio.create_task(read(flight))
    await asyncio.sleep(0.015)
    late = await read(flight)
    assert await early == late == ["know", "thy", "self"]


async def test_error_before_the_first_chunk_is_raised_at_the_start() -> None:
    async def fail(_flight: Flight) -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await flight_of(fail).started()


async def test_error_after_the_first_chunk_is_raised_where_it_happened() -> None:
    async def fail(flight: Flight) -> None:
        flight.publish(Chunk("one"))
        raise ValueError("no")

    flight = flight_of(fail)
    await flight.started()
    chunks = flight.read()
    assert (await anext(chunks)).text == "one"
    with pytest.raises(ValueError, match="no"):
        await anext(chunks)


async def test_last_reader_who_leaves_ends_the_work() -> None:
    flight = flight_of(for_ever)
    flight.join()
    await flight.started()
    flight.leave()
    await asyncio.sleep(0.01)
    assert not flight.is_done
    flight.leave()
    await asyncio.sleep(0.01)
    assert flight.is_done


async def test_flight_that_must_land_goes_on_without_readers() -> None:
    flight = flight_of(three_words)
    flight.must_land = True
    flight.leave()
    await flight.finished()
    assert await read(flight) == ["know", "thy", "self"]


async def test_flight_that_was_given_up_takes_nobody_on_while_it_settles() -> None:
    async def settle_slowly(flight: Flight) -> None:
        try:
            await for_ever(flight)
        finally:
            await asyncio.sleep(0.05)

    flight = flight_of(settle_slowly)
    singleflight.register("k", flight)
    await flight.started()
    assert singleflight.running("k") is flight
    flight.leave()
    assert singleflight.running("k") is None
    next_one = flight_of(three_words)
    singleflight.register("k", next_one)
    singleflight.forget("k", flight)
    assert singleflight.running("k") is next_one
    singleflight.forget("k", next_one)
    with pytest.raises(ConnectionAbortedError):
        await flight.finished()


# --- between processes ---------------------------------------------------------------------------


async def test_one_leads_and_the_others_get_what_it_stored() -> None:
    key = uuid4().hex
    nothing, token = await find_or_lead(key)
    waiting = asyncio.create_task(find_or_lead(key))
    async with leading(key, token) as lease:
        await asyncio.sleep(0.1)
        assert not waiting.done()
        await lease.publish("answer", ttl_s=10)
    assert nothing is None
    assert await waiting == (b"answer", "")


async def test_leader_that_fails_hands_the_lease_on() -> None:
    key = uuid4().hex
    _nothing, token = await find_or_lead(key)
    waiting = asyncio.create_task(find_or_lead(key))
    with pytest.raises(ZeroDivisionError):
        async with leading(key, token):
            raise ZeroDivisionError
    found, next_token = await waiting
    assert found is None
    assert next_token not in ("", token)
    await Lease(key, next_token).release()


async def test_lease_of_somebody_else_is_not_released() -> None:
    key = uuid4().hex
    _nothing, token = await find_or_lead(key)
    await Lease(key, "another").release()
    assert await redis.client().get(f"lease:{key}") == token.encode()
    await Lease(key, token).release()
    assert await redis.client().get(f"lease:{key}") is None

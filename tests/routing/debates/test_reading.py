"""What gets lost on the way is not missed: readers without Valkey, with gaps, and told to look."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import LazySettings

from costcontrol.lib import redis
from routing.debates import reading, turns, wakes
from routing.debates.events import START, Place, Sent
from routing.debates.news import Publisher, channel_of, news
from routing.debates.reading import follow, is_gapless
from routing.models import Turn, TurnEvent
from tests.routing.debates.playing import (
    debate_make,
    ended,
    next_turn,
    person_make,
    rows_make,
    run,
    until,
    working,
)

pytestmark = [pytest.mark.usefixtures("stage"), pytest.mark.postgresql]


@pytest.fixture
def no_valkey(settings: LazySettings, stage: None) -> Iterator[None]:
    """There never was one: nobody listens at that address."""
    settings.REDIS_URL = "unix:///nowhere/valkey.sock"
    wakes._client.cache_clear()
    yield
    wakes._client.cache_clear()
    redis.breaker.cache_clear()


async def a_turn() -> Turn:
    return await run(next_turn, await run(lambda: debate_make(person_make())))


def row(turn: Turn, seq: int, *, attempt: int = 1, is_last: bool = False) -> TurnEvent:
    return TurnEvent(
        turn_id=turn.pk, attempt=attempt, seq=seq, kind="delta", data={"text": str(seq)},
        is_last=is_last,
    )


def message(*rows: TurnEvent) -> str:
    return json.dumps([[r.attempt, r.seq, r.kind, r.data, r.is_last] for r in rows])


class Reading:
    """A reader at work, and what they have so far."""

    def __init__(self, turn: Turn, after: Place = START) -> None:
        self.places: list[Place] = []
        self._task = asyncio.create_task(self._read(turn, after))

    async def _read(self, turn: Turn, after: Place) -> None:
        async for batch in follow(turn.pk, after):
            self.places += [event.place for event in batch]

    async def whole(self) -> list[Place]:
        async with asyncio.timeout(5):
            await self._task
        return self.places

    async def has(self, count: int) -> None:
        async with asyncio.timeout(5):
            while len(self.places) < count:  # noqa: ASYNC110  # nobody tells
                await asyncio.sleep(0.01)


async def saved(*rows: TurnEvent) -> None:
    await run(TurnEvent.objects.bulk_create, list(rows))


async def test_without_valkey_a_debate_is_written_and_read(no_valkey: None) -> None:
    debate = await run(debate_make, await run(rows_make))
    async with working():
        turn = await run(next_turn, debate)
        places = await Reading(turn).whole()
        turn = await ended(turn)
    assert turn.status == Turn.Status.COMPLETED
    assert len(places) == await run(TurnEvent.objects.filter(turn=turn).count)
    assert not news().is_alive


async def test_news_that_leave_a_gap_send_the_reader_to_the_rows() -> None:
    turn = await a_turn()
    await saved(row(turn, 1))
    reader = Reading(turn)
    await reader.has(1)
    await saved(row(turn, 2), row(turn, 3), row(turn, 4, is_last=True))
    await redis.client().publish(channel_of(turn.pk), message(row(turn, 4, is_last=True)))
    assert await reader.whole() == [Place(1, seq) for seq in (1, 2, 3, 4)]


async def test_news_that_came_before_are_not_told_again() -> None:
    turn = await a_turn()
    await saved(row(turn, 1), row(turn, 2))
    reader = Reading(turn)
    await reader.has(2)
    last = row(turn, 3, is_last=True)
    await saved(last)
    await redis.client().publish(channel_of(turn.pk), message(row(turn, 1), row(turn, 2), last))
    assert await reader.whole() == [Place(1, 1), Place(1, 2), Place(1, 3)]


async def test_what_was_written_and_never_sent_is_found(monkeypatch: Any) -> None:
    monkeypatch.setattr(reading, "LOOK_S", 0.1)
    turn = await a_turn()
    await saved(row(turn, 1))
    reader = Reading(turn)
    await reader.has(1)
    await saved(row(turn, 2, is_last=True))
    assert await reader.whole() == [Place(1, 1), Place(1, 2)]


async def test_many_readers_share_one_subscription() -> None:
    turn = await a_turn()
    readers = [Reading(turn) for _ in range(5)]
    subscription = news()
    await until(lambda: subscription.is_alive)
    assert (await redis.client().pubsub_numsub(channel_of(turn.pk)))[0][1] == 1
    publisher = Publisher()
    rows = [row(turn, 1), row(turn, 2, is_last=True)]
    await saved(*rows)
    publisher.publish(rows)
    for reader in readers:
        assert await reader.whole() == [Place(1, 1), Place(1, 2)]
    await publisher.close()


async def test_whoever_could_not_be_told_is_told_to_look_later(no_valkey: None) -> None:
    turn = await a_turn()
    publisher = Publisher()
    publisher.publish([row(turn, 1)])
    await asyncio.sleep(0.05)
    assert publisher._unsaid == {turn.pk}
    await publisher.close()


def test_a_wake_that_cannot_be_sent_is_no_reason_to_fail(no_valkey: None) -> None:
    turns.wake(person_make().uuid)


@pytest.mark.parametrize(
    ("places", "gapless"),
    [([], True), ([(1, 4), (1, 5)], True), ([(1, 5)], False), ([(1, 4), (1, 6)], False),
     ([(2, 1)], False)],
)
def test_what_follows_directly_is_taken_as_it_is(
    places: list[tuple[int, int]], gapless: bool
) -> None:
    come = [Sent(Place(*place), "delta", {}, is_last=False) for place in places]
    assert is_gapless(come, Place(1, 3)) is gapless

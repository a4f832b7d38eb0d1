"""A reader who drops after any event and comes back, also to another process, misses nothing and
sees nothing twice."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from dataclasses import dataclass

import pytest
from pytest_django.plugin import DjangoDbBlocker

from tests.flows.debate_rooms import debate_room
from tests.services.debate_trial import ORDER
from tests.services.debater import Debater, Event, Heard, session
from tests.services.debating import Debating, running_debating
from tests.services.theatre import Theatre

pytestmark = pytest.mark.postgresql


@dataclass
class Room:
    house: Theatre
    keys: list[str]
    upstream: Debating


@pytest.fixture(scope="module")
def room(
    tmp_path_factory: pytest.TempPathFactory, django_db_blocker: DjangoDbBlocker
) -> Iterator[Room]:
    folder = tmp_path_factory.mktemp("resume")
    with (
        django_db_blocker.unblock(), running_debating() as upstream,
        debate_room(folder, upstream, webs=2) as (house, keys),
    ):
        yield Room(house, keys, upstream)


async def turn_of(who: Debater) -> tuple[str, int]:
    made = await who.create(topic="Is virtue knowledge?", **ORDER)
    asked = await who.next(made["id"])
    assert asked.status == 202, asked
    return made["id"], asked.data["turn"]


def people(http: object, room: Room, key: str) -> tuple[Debater, Debater]:
    first, second = (Debater(http, url, key) for url in room.house.urls)  # type: ignore[arg-type]
    return first, second


async def hear_in_bits(
    places: tuple[Debater, ...], debate_id: str, turn: int, *, size: int
) -> Heard:
    """Hang up after so many events, and go on elsewhere."""
    heard = Heard()
    while not heard.first("turn.completed"):
        place = places[heard.connections % len(places)]
        heard.connections += 1
        before = len(heard.events)
        events: AsyncIterator[Event] = place.listen(debate_id, turn, after=heard.last_id)
        async with aclosing(events):  # type: ignore[type-var]
            async for event in events:
                heard.events.append(event)
                if len(heard.events) - before == size:
                    break
        assert len(heard.events) > before, "a connection without any event"
    return heard


def test_dropping_after_every_event_of_a_live_stream(room: Room) -> None:
    async def play() -> tuple[Heard, Heard]:
        async with session() as http:
            first, second = people(http, room, room.keys[0])
            debate_id, turn = await turn_of(first)
            return await asyncio.gather(
                first.hear(debate_id, turn),
                hear_in_bits((first, second), debate_id, turn, size=1),
            )

    room.upstream.will(first_s=0.05, tokens_s=100, piece_s=0.05)
    whole, bits = asyncio.run(play())
    assert whole.faults() == bits.faults() == []
    ids = [event.id for event in whole.events]
    assert [event.id for event in bits.events] == ids[: len(bits.events)]
    assert bits.text == whole.text
    assert bits.connections > 20


def test_coming_back_from_any_position_brings_exactly_the_rest(room: Room) -> None:
    async def play() -> tuple[Heard, list[Heard]]:
        async with session() as http:
            first, second = people(http, room, room.keys[1])
            debate_id, turn = await turn_of(first)
            whole = await first.hear(debate_id, turn)
            again = []
            for event in whole.events:
                heard = Heard([event])
                again.append(await second.hear(debate_id, turn, heard))
            return whole, again

    room.upstream.will(first_s=0.05, tokens_s=400, piece_s=0.02)
    whole, again = asyncio.run(play())
    assert whole.faults() == []
    for position, heard in enumerate(again):
        assert heard.events[0].id == whole.events[position].id
        rest = [(event.id, event.kind, event.data) for event in whole.events[position:]]
        assert [(event.id, event.kind, event.data) for event in heard.events] == rest


def test_last_event_of_a_turn_is_answered_with_nothing_more(room: Room) -> None:
    async def play() -> int:
        async with session() as http:
            first, second = people(http, room, room.keys[2])
            debate_id, turn = await turn_of(first)
            heard = await first.hear(debate_id, turn)
            path = f"debates/{debate_id}/turns/{turn}/stream"
            return (await second.call("GET", path, last_event_id=heard.last_id)).status

    assert asyncio.run(play()) == 204

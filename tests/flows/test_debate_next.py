"""Fifty clients press "next" at the same moment, on two web processes."""

import asyncio
from collections import Counter
from collections.abc import Iterator

import pytest
from pytest_django.plugin import DjangoDbBlocker

from tests.flows.debate_rooms import debate_room
from tests.services.debate_books import DebateBooks
from tests.services.debate_trial import ORDER, settle_down
from tests.services.debater import Answer, Debater, session
from tests.services.debating import Debating, running_debating
from tests.services.theatre import Theatre

pytestmark = pytest.mark.postgresql
CLIENTS = 50
Room = tuple[Theatre, list[str]]


@pytest.fixture(scope="module")
def upstream() -> Iterator[Debating]:
    with running_debating() as upstream:
        upstream.will(first_s=0.3, tokens_s=2000, piece_s=0.02)
        yield upstream


@pytest.fixture(scope="module")
def room(
    tmp_path_factory: pytest.TempPathFactory, django_db_blocker: DjangoDbBlocker,
    upstream: Debating,
) -> Iterator[Room]:
    folder = tmp_path_factory.mktemp("next")
    with django_db_blocker.unblock(), debate_room(folder, upstream, webs=2) as room:
        yield room


async def press_all(house: Theatre, key: str, **body: object) -> tuple[list[Answer], str]:
    """What each was answered, and what was then said."""
    async with session() as http:
        first, second = (Debater(http, url, key) for url in house.urls)
        made = await first.create(topic="Is virtue knowledge?", **ORDER)
        pressing = [(first, second)[n % 2].next(made["id"], **body) for n in range(CLIENTS)]
        answers = await asyncio.gather(*pressing)
        heard = await second.hear(made["id"], 1)
        seen = await first.see(made["id"])
        assert [turn["turn"] for turn in seen["turns"]] == [1]
        return answers, heard.text


def test_one_turn_and_one_bill(room: Room, upstream: Debating) -> None:
    house, keys = room
    upstream.reset()
    answers, _ = asyncio.run(press_all(house, keys[0]))
    assert Counter(answer.status for answer in answers) == {202: 1, 409: CLIENTS - 1}
    refused = [answer for answer in answers if answer.status == 409]
    assert {(answer.code, answer.data["turn"]) for answer in refused} == {("turn_in_progress", 1)}
    assert len([sale for sale in upstream.sales() if sale.is_stream]) == 1
    books = DebateBooks(settle_down(house), upstream.sales())
    assert Counter(row["call_kind"] for row in books.bought)["moderator_intro"] == 1


def test_same_number_is_the_same_turn_for_everybody(room: Room, upstream: Debating) -> None:
    house, keys = room
    upstream.reset()
    answers, text = asyncio.run(press_all(house, keys[1], expected_turn=1))
    assert Counter(answer.status for answer in answers) == {202: 1, 200: CLIENTS - 1}
    assert len({answer.data["id"] for answer in answers}) == 1
    assert [sale.text.strip() for sale in upstream.sales() if sale.is_stream] == [text.strip()]

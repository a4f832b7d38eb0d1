"""Live calls: the page, what comes over the stream, and that many watchers cost one look."""

import asyncio
import html
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from billing.reports import tail
from billing.reports.tail import Batch, Wanted
from costcontrol.dashboard import live_hub, live_views
from costcontrol.dashboard.live_hub import MOST_WAITING, Hub, Viewer
from costcontrol.lib import database
from tests.costcontrol.dashboard import rows
from tests.costcontrol.dashboard.conftest import Page

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql]
LIVE, ROWS, STREAM = (f"/dashboard/live/{name}" for name in ("", "rows/", "stream/"))
SCRIPT = "<script>alert(1)</script>"
HOSTILE = ("' OR 1=1; --", SCRIPT, "\x00", "x" * 3_000, "-1", "%", "9" * 30)
MOST_QUERIES = 14
PATIENCE_S = 10


@pytest.fixture
def staff(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_hub, "EVERY_S", 0.02)
    monkeypatch.setattr(live_views, "HEARTBEAT_S", 0.2)


def read(client: Client, **query: str) -> str:
    response = client.get(LIVE, query)
    assert response.status_code == 200
    return " ".join(html.unescape(response.content.decode()).split())


def asked(client: Client, **query: str) -> dict[str, Any]:
    response = client.get(ROWS, query)
    assert response.status_code == 200
    return dict(json.loads(response.content))


def test_the_page_begins_with_the_newest_calls(staff: Client, alice: User) -> None:
    row = rows.call(user_id=alice.pk, call_kind="rebuttal", complexity="simple")
    said = read(staff)
    for part in (f"/dashboard/calls/{row.call_id}/", "alice@example.com", "rebuttal", "$0.250000",
                 "$0.750000", "800 ms", "12:04:00", f'data-last="{row.pk}"'):
        assert part in said


def test_an_empty_page_says_why(staff: Client) -> None:
    assert "No calls yet" in read(staff)
    rows.call()
    assert "None of the newest calls match" in read(staff, outcome="failed")


def test_filters_stand_in_the_address_and_go_to_the_stream(staff: Client) -> None:
    rows.call(tier="premium", deployment="openai/shown")
    rows.hit()
    said = read(staff, outcome="cached", kind="judge", zone="UTC")
    assert 'data-stream="/dashboard/live/stream/?kind=judge&outcome=cached&zone=UTC"' in said
    said = read(staff, outcome="answered")
    assert "openai/shown" in said.partition('id="live-rows"')[2]
    assert "Same question" not in said.partition('id="live-rows"')[2]


def test_provider_layer_and_user_go_to_the_stream_and_to_polls(
    staff: Client, alice: User
) -> None:
    rows.call(provider="", user_id=alice.pk)
    mine = rows.hit(user_id=alice.pk, cache_layer="exact")
    rows.hit(user_id=alice.pk + 1, cache_layer="exact")
    said = read(staff, layer="exact", user="Alice@example.com")
    query = "layer=exact&user=Alice%40example.com"
    assert f'data-rows="/dashboard/live/rows/?{query}"' in said
    assert 'value="Alice@example.com"' in said
    come = asked(staff, layer="exact", user="alice@example.com")["calls"]
    assert [call["url"] for call in come] == [f"/dashboard/calls/{mine.call_id}/"]
    assert len(asked(staff, provider="none", user=str(alice.pk))["calls"]) == 1
    assert "There is no user “nobody”" in read(staff, user="nobody")


def test_a_poll_brings_what_ended_since(staff: Client) -> None:
    first, second = rows.call(), rows.refusal()
    come = asked(staff, after=str(first.pk))
    assert [call["url"] for call in come["calls"]] == [f"/dashboard/calls/{second.call_id}/"]
    assert come["calls"][0]["why"] == "User's quota used up"
    assert come["last"] == second.pk
    assert asked(staff, after=str(second.pk))["calls"] == []


def test_the_page_takes_few_queries(staff: Client) -> None:
    for _ in range(60):
        rows.call()
    with CaptureQueriesContext(connection) as seen:
        read(staff)
    assert len(seen) <= MOST_QUERIES


@pytest.mark.parametrize("name", [
    "tier", "provider", "deployment", "kind", "layer", "user", "outcome", "zone", "after",
])
def test_nothing_in_the_address_breaks_it(staff: Client, name: str) -> None:
    for text in HOSTILE:
        assert SCRIPT not in staff.get(LIVE, {name: text}).content.decode()
        asked(staff, **{name: text})


def test_the_stream_is_for_staff(client: Client) -> None:
    assert client.get(STREAM).status_code == 302
    client.force_login(rows.person())
    assert client.get(STREAM).status_code == 403


# --- the stream -----------------------------------------------------------------------------------


async def parts(response: Any) -> AsyncIterator[str]:
    async for part in response.streaming_content:
        yield part.decode()


async def next_event(stream: AsyncIterator[str]) -> dict[str, Any]:
    async with asyncio.timeout(PATIENCE_S):
        async for part in stream:
            if "event: calls" in part:
                return dict(json.loads(part.partition("data: ")[2]))
    raise AssertionError("the stream ended")


@pytest.mark.usefixtures("quick")
def test_a_call_that_ends_comes_over_the_stream_once(page: Page) -> None:
    seen = rows.call()
    missed = rows.call()
    response: Any = page.get(STREAM, {"after": str(seen.pk)})
    assert response["Content-Type"].startswith("text/event-stream")
    assert response["Content-Encoding"] == "identity"

    async def watch() -> list[dict[str, Any]]:
        stream = parts(response)
        first = await next_event(stream)
        ended = await asyncio.to_thread(made)
        second = await next_event(stream)
        assert ended in second["calls"][0]["url"]
        return [first, second]

    first, second = page._loop.run_until_complete(watch())
    assert [str(missed.call_id) in call["url"] for call in first["calls"]] == [True]
    assert len(second["calls"]) == 1


def made() -> str:
    call_id = str(rows.call().call_id)
    connection.close()
    return call_id


@pytest.mark.usefixtures("quick")
def test_twenty_watchers_cost_one_look(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[int] = []

    def counted(place: tail.Place, wanted: Any) -> tail.Look:
        looks.append(len(set(wanted)))
        return look(place, wanted)

    look = tail.look
    monkeypatch.setattr(tail, "look", counted)

    async def watch() -> list[Batch]:
        hub = Hub()
        after = await database.run(tail.newest_id)
        watching = [hub.watching(Wanted(), after=after) for _ in range(20)]
        viewers = [each.__enter__() for each in watching]
        await asyncio.to_thread(made)
        async with asyncio.timeout(PATIENCE_S):
            come = [(await viewer.taken(PATIENCE_S))[0] for viewer in viewers]
        for each in watching:
            each.__exit__(None, None, None)
        assert hub.viewers == 0
        assert hub._task is None
        return come

    come = page._loop.run_until_complete(watch())
    assert len({id(batch) for batch in come}) == 1
    assert set(looks) <= {1}


def test_what_a_slow_reader_misses_is_counted() -> None:
    viewer = Viewer(Wanted(), after=0)
    for number in range(MOST_WAITING + 2):
        viewer.give(Batch(number, (), more=3))
    assert viewer.missed == 6
    assert viewer.waiting[0].last == 2


def test_nobody_waits_for_ever_at_a_full_house(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_hub, "MOST_VIEWERS", 0)
    assert page.get(STREAM).status_code == 503

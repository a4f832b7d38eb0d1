"""Debates that search the web, played with the vendor's SDK: what is bought, kept and shown."""

from contextlib import aclosing
from datetime import timedelta
from typing import Any

import pytest

from billing.models import UsageRecord
from costcontrol.lib import clock
from routing import snapshot
from routing.debates import services, transcripts
from routing.debates.canonical import canonical_request
from routing.debates.estimates import Estimate
from routing.debates.events import Place, history, purge
from routing.debates.orders import order_of
from routing.debates.reading import follow
from routing.debates.replays import pauses, replay
from routing.debates.shown import said_json, whole_of
from routing.models import BackgroundCall, Debate, StoredAnswer, Turn, TurnEvent
from tests.routing.debates.playing import (
    caller_of,
    ended,
    kinds_of,
    next_turn,
    of_first,
    person_make,
    run,
    working,
)
from tests.routing.debates.searched import (
    QUICK,
    VAIN,
    house,
    search_set,
    searches,
    web,
)
from tests.routing.debates.test_shared import on_topic
from tests.upstreams.debating import Upstream

pytestmark = [pytest.mark.usefixtures("stage"), pytest.mark.postgresql]
CENT = 10_000_000  # nanos: a search


async def openings(debate: Debate, *, count: int) -> list[Turn]:
    """The welcome, and so many openings."""
    async with working():
        turns = [
            await ended(await run(next_turn, debate), within_s=30) for _ in range(1 + count)
        ]
    assert {turn.status for turn in turns} == {"completed"}, [turn.error for turn in turns]
    return turns[1:]


def rows(debate: Debate, kind: str = "rag_search") -> list[UsageRecord]:
    found = UsageRecord.objects.filter(debate_id=str(debate.pk), call_kind=kind)
    return list(found.order_by("pk"))


def stored(kind: str) -> list[StoredAnswer]:
    return list(StoredAnswer.objects.filter(kind=kind).order_by("pk"))


def told(turn: Turn) -> list[dict[str, Any]]:
    events = TurnEvent.objects.filter(turn=turn.pk, kind="citation").order_by("seq")
    return [dict(event.data) for event in events]


def forgotten(turn: Turn) -> list[str]:
    """What a reader is told days later, when the events are purged."""
    purge(now=clock.now() + timedelta(days=2))
    return [event.kind for event in history(Turn.objects.get(pk=turn.pk)) or ()]


async def read(turn: Turn, place: Place) -> list[tuple[str, dict[str, Any]]]:
    """By somebody who comes back and has everything up to there."""
    found: list[tuple[str, dict[str, Any]]] = []
    async with aclosing(follow(turn.pk, place)) as batches:
        async for batch in batches:
            found += [(event.kind, event.data) for event in batch]
            if any(event.is_last for event in batch):
                break
    return found


async def searched(upstream: Upstream, *, format: str = "1v1", count: int = 2) -> list[Turn]:
    """By somebody, when nothing was stored."""
    debate = await run(on_topic, await house(), format=format)
    return await openings(debate, count=count)


# --- bought once, read by all of a side ----------------------------------------------------


async def test_a_side_is_searched_for_once_and_all_who_speak_for_it_read_the_same() -> None:
    async with web() as upstream:
        turns = await searched(upstream, format="2v2", count=4)
        debate = await run(Debate.objects.get, pk=turns[0].debate_id)
        assert len(searches(upstream)) == 2
        found = await run(rows, debate)
        assert [row.searches for row in found] == [1, 1, 1, 1]
        assert {row.speaker: (row.cache_layer, row.search_nanos) for row in found} == {
            "pro1": ("", CENT), "pro2": ("pattern", None),
            "con1": ("", CENT), "con2": ("pattern", None),
        }
        pages = [turn.citations for turn in turns]
        assert pages[0] == pages[1] != pages[2] == pages[3]
        assert {turn.search for turn in turns} == {"found"}
        assert pages[0][0]["text"].startswith("What page 2 of")
        prompts = [sale for sale in upstream.books.sales if sale.is_stream][1:]
        assert len(prompts) == 4


async def test_its_key_says_topic_and_side_and_its_prompt_is_made_of_nothing_else() -> None:
    async with web() as upstream:
        turns = await searched(upstream, count=1)
        (row,) = await run(stored, "rag_search")
        assert set(row.fields) == {
            "kind", "lang", "prompt_version", "topic", "topic_epoch", "title", "side"
        }
        assert (row.side, row.philosopher, row.owner_id) == ("pro", "", None)
        request = await run(canonical_request, row.fields)
        assert request.max_searches == 1
        (sale,) = searches(upstream)
        assert request.text.endswith(sale.task)
        assert "Kant" not in request.text
        (opening,) = await run(stored, "opening_statement")
        assert opening.fields["is_searched"] is True
        assert opening.citations == turns[0].citations


async def test_pages_come_before_the_first_words_and_stay_with_the_turn() -> None:
    async with web() as upstream:
        (turn,) = await searched(upstream, count=1)
    kinds = await kinds_of(turn)
    assert kinds[:4] == ["turn.started", "citation", "citation", "delta"]
    assert await run(told, turn) == [{"turn": turn.number, **page} for page in turn.citations]

    def shown() -> tuple[dict[str, Any], str, list[float]]:
        whole = whole_of(Debate.objects.get(pk=turn.debate_id))
        told = pauses(replay(whole), speed=1)
        played = [pause for event, pause in told if event.kind == "citation"]
        return said_json(whole, turn), transcripts.export_markdown(whole), played

    said, markdown, played = await run(shown)
    assert [kind for kind, _data in await read(turn, Place(1, 2))][:2] == ["citation", "delta"]
    assert said["citations"] == turn.citations
    told_anew = await run(forgotten, turn)
    assert told_anew == ["turn.started", "citation", "citation", "delta", "turn.completed"]
    page = turn.citations[0]
    assert f"1. [{page['title']}](<{page['url']}>)" in markdown
    assert played == [0.0, 0.0], "a replay is no slower for them"


async def test_a_stored_opening_has_the_pages_that_it_was_written_from() -> None:
    async with web() as upstream:
        first = await searched(upstream)
        bought = len(upstream.books.sales)
        debate = await run(on_topic, await run(person_make))
        again = [await run(next_turn, debate) for _ in range(3)][1:]
        assert len(upstream.books.sales) == bought
    assert [turn.citations for turn in again] == [turn.citations for turn in first]
    assert [turn.source for turn in again] == ["cache", "cache"]
    assert (await kinds_of(again[0]))[:3] == ["turn.started", "citation", "citation"]
    spared = await run(rows, debate)
    assert [(row.cost_nanos, row.searches) for row in spared] == [(0, 1), (0, 1)]
    assert all(row.reason.startswith("not needed") for row in spared)


# --- missing, off, typed --------------------------------------------------------------------


async def test_without_a_page_the_opening_is_written_says_so_and_is_kept_for_nobody() -> None:
    async with web(VAIN) as upstream:
        (turn,) = await searched(upstream, count=1)
        assert (turn.search, turn.citations, bool(turn.text)) == ("failed", [], True)
        assert "written without" in (await of_first(turn, "search.failed"))["reason"]
        assert await run(stored, "rag_search") == await run(stored, "opening_statement") == []
        known = BackgroundCall.objects.filter(kind="rag_search")
        assert await run(lambda: known.get().text) == ""
        upstream.books.manner = QUICK
        debate = await run(on_topic, await run(person_make))
        (later,) = await openings(debate, count=1)
        assert later.search == "found"
        assert len(await run(stored, "opening_statement")) == 1


async def test_while_no_model_searches_nobody_asks_for_it_and_nothing_speaks_of_it() -> None:
    async with web() as upstream:
        debate = await run(on_topic, await house(can_search=False))
        (turn,) = await openings(debate, count=1)
        assert (turn.search, turn.citations, searches(upstream)) == ("", [], [])
        assert await run(rows, debate) == []
        (opening,) = await run(stored, "opening_statement")
        assert "is_searched" not in opening.fields
        await run(search_set, True)
        debate = await run(on_topic, await run(person_make))
        (later,) = await openings(debate, count=1)
        assert (later.source, later.search) == ("live", "found"), "an opening without is another"


async def test_a_typed_topic_is_searched_once_for_a_side_and_shared_with_nobody() -> None:
    async with web() as upstream:
        user = await house()
        debate = await run(
            on_topic, user, format="2v2", topic_key="", topic="Is my own question good?"
        )
        turns = await openings(debate, count=2)
        assert len(searches(upstream)) == 1
        assert turns[0].citations == turns[1].citations != []
        assert await run(stored, "rag_search") == []
        layers = {row.speaker: row.cache_layer for row in await run(rows, debate)}
        assert layers == {"pro1": "", "pro2": "exact"}


# --- the price ------------------------------------------------------------------------------


@pytest.mark.parametrize("format", ["1v1", "2v2"])
async def test_an_estimate_has_a_search_for_each_side_or_says_that_there_is_none(
    format: str,
) -> None:
    async with web():
        user = await house()

        def estimated() -> Estimate:
            caller = caller_of(user)
            cast = {"pro": ["kant", "plato"], "con": ["nietzsche", "confucius"]}
            cast = {side: names[: int(format[0])] for side, names in cast.items()}
            order = order_of(
                {"topic": "Is it so?", "language": "en", "format": format, "cast": cast},
                caller=caller, reads="en",
            )
            return services.estimated(
                order, caller=caller, snapshot=snapshot.latest(), now=clock.now()
            )

        on = await run(estimated)
        await run(search_set, False)
        off = await run(estimated)
    assert (on.has_search, on.searches) == (True, 2)
    assert (off.has_search, off.searches) == (False, 0)
    assert [stage.searches for stage in on.stages][1:3] == [1, 1]
    assert 2 * CENT < on.low_nanos - off.low_nanos < 5 * CENT, "and what openings read of it"

"""Streams of turns: whoever comes back anywhere sees each event once, and nothing for strangers."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import User
from accounts.services import api_key_issue
from costcontrol.lib import clock
from routing.api.debates import stream
from routing.debates import events
from routing.models import Debate, Turn, TurnEvent
from tests.routing.debates.playing import (
    debate_make,
    ended,
    next_turn,
    person_make,
    play,
    rows_make,
    run,
    until,
    working,
)
from tests.routing.debates.readers import Event, Reader, text_of

pytestmark = [pytest.mark.usefixtures("stage"), pytest.mark.postgresql]


def key_of(user: User) -> str:
    return api_key_issue(user=user, scopes=("call",), actor="test")[1]


async def one_turn(**columns: Any) -> tuple[Reader, Turn]:
    """Played to its end by a worker."""
    user = await run(rows_make)
    debate = await run(debate_make, user, **columns)
    async with working():
        turn = await ended(await run(next_turn, debate))
    return Reader(await run(key_of, user)), turn


def ids(found: list[Event]) -> list[str]:
    return [event.id for event in found]


async def test_a_turn_that_is_over_can_be_read_from_any_place_on() -> None:
    reader, turn = await one_turn()
    whole = await reader.read(turn)
    assert [whole[0].kind, whole[-2].kind, whole[-1].kind] == [
        "turn.started", "turn.completed", "usage.updated",
    ]
    assert text_of(whole) == turn.text
    for position, event in enumerate(whole, start=1):
        assert await reader.read(turn, after=event.id) == whole[position:]
    assert reader.status == 204


@pytest.mark.parametrize("piece", [1, 2, 5])
async def test_a_turn_that_is_being_written_is_read_to_its_end_in_pieces(piece: int) -> None:
    user = await run(rows_make, model="words:25")
    debate = await run(debate_make, user)
    reader = Reader(await run(key_of, user))
    async with working():
        turn = await run(next_turn, debate)
        found = await reader.read_in_pieces(turn, piece=piece)
        turn = await ended(turn)
    assert ids(found) == ids(await reader.read(turn))
    pieces = [event for event in found if event.kind == "delta"]
    assert len(pieces) > 1  # it was read while it was written
    assert text_of(found) == turn.text


async def test_a_turn_that_began_again_is_read_from_any_place_of_either_attempt() -> None:
    user = await run(rows_make)
    debate = await run(debate_make, user)
    turn = await run(next_turn, debate)
    await run(left_by_the_dead, turn, "Half a sent")
    async with working():
        turn = await ended(turn)
    reader = Reader(await run(key_of, user))
    whole = await reader.read(turn)
    assert [event.kind for event in whole][:4] == [
        "turn.started", "delta", "turn.restarted", "turn.started",
    ]
    assert text_of(whole) == turn.text
    for position, event in enumerate(whole, start=1):
        assert await reader.read(turn, after=event.id) == whole[position:]


def left_by_the_dead(turn: Turn, text: str) -> None:
    """A worker had it, wrote this, and is gone."""
    Turn.objects.filter(pk=turn.pk).update(status="running", attempt=1, started_at=clock.now())
    Debate.objects.filter(pk=turn.debate_id).update(
        worker="dead", lease_until=clock.now() - timedelta(seconds=1)
    )
    for seq, (kind, data) in enumerate([("turn.started", {}), ("delta", {"text": text})], start=1):
        TurnEvent.objects.create(turn=turn, attempt=1, seq=seq, kind=kind, data=data)


async def test_the_id_may_stand_in_the_address() -> None:
    reader, turn = await one_turn()
    whole = await reader.read(turn)
    assert await reader.read(turn, query=f"last_event_id={whole[0].id}&pace=0") == whole[1:]


@pytest.mark.parametrize("after", ["", "nonsense"])
async def test_no_cache_keeps_a_stream_and_no_browser_guesses_what_it_is(after: str) -> None:
    reader, turn = await one_turn()
    request = reader._request(after, "")
    answer = await stream.turn_stream(request, debate_id=str(turn.debate_id), number="1")
    assert answer["Cache-Control"] == "no-store"
    assert answer["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("after", ["9.1", "1.999", "nonsense", "1", "1.-1"])
async def test_an_event_that_never_was_is_refused(after: str) -> None:
    reader, turn = await one_turn()
    await reader.read(turn, after=after)
    assert (reader.status, reader.problem["code"]) == (422, "event_unknown")


async def test_what_belongs_to_somebody_else_is_unknown() -> None:
    _reader, turn = await one_turn()
    stranger = Reader(await run(lambda: key_of(person_make())))
    await stranger.read(turn)
    assert (stranger.status, stranger.problem["code"]) == (404, "debate_unknown")


async def test_who_is_nobody_is_asked_for_a_key() -> None:
    _reader, turn = await one_turn()
    nobody = Reader("")
    await nobody.read(turn)
    assert (nobody.status, nobody.problem["code"]) == (401, "invalid_api_key")


async def test_a_turn_that_is_not_there_is_unknown() -> None:
    reader, turn = await one_turn()
    turn.number = 9
    await reader.read(turn)
    assert (reader.status, reader.problem["code"]) == (404, "turn_unknown")


async def test_what_it_cost_us_is_for_staff() -> None:
    reader, turn = await one_turn()
    assert not {"deployment", "cost_nanos"} & (await reader.read(turn))[-2].data.keys()
    await run(lambda: User.objects.filter(pk=turn.debate.user_id).update(is_staff=True))
    staff = Reader(await run(lambda: key_of(User.objects.get(pk=turn.debate.user_id))))
    told = (await staff.read(turn))[-2].data
    assert told["cost_nanos"] == turn.cost_nanos > 0
    assert told["deployment"] == turn.deployment


async def test_purged_events_are_told_anew_from_the_turn() -> None:
    reader, turn = await one_turn()
    before = await reader.read(turn)
    assert await run(events.purge, now=clock.now()) == 0
    assert await run(events.purge, now=clock.now() + timedelta(days=2)) == len(before)
    again = await reader.read(turn)
    assert [event.kind for event in again] == ["turn.started", "delta", "turn.completed"]
    assert text_of(again) == turn.text
    assert await reader.read(turn, after=again[0].id) == again[1:]
    await reader.read(turn, after=again[-1].id)
    assert reader.status == 204


async def test_who_reads_is_seen_and_who_leaves_frees_their_place() -> None:
    user = await run(rows_make, model="words:8")
    debate = await run(debate_make, user, seen_at=clock.now() - timedelta(seconds=20))
    reader = Reader(await run(key_of, user))
    async with working():
        turn = await run(next_turn, debate)
        await reader.read(turn, most=1)
        await until(lambda: not stream._open)
        await ended(turn)
    row = await run(Debate.objects.get, pk=debate.pk)
    assert clock.now() - row.seen_at < timedelta(seconds=15)


async def test_too_many_streams_of_one_caller_are_refused(monkeypatch: Any) -> None:
    reader, turn = await one_turn()
    monkeypatch.setattr(stream, "MOST_STREAMS", 0)
    await reader.read(turn)
    assert (reader.status, reader.problem["code"]) == (429, "rate_limited")


# --- replays -------------------------------------------------------------------------------


async def shared_debate() -> tuple[Debate, list[Turn]]:
    user = await run(rows_make)
    debate = await run(debate_make, user)
    async with working():
        turns = await play(debate)
    await run(lambda: Debate.objects.update(is_public=True, share_key="shared"))
    return await run(Debate.objects.get, pk=debate.pk), turns


async def test_a_replay_says_everything_again_and_can_be_picked_up_anywhere() -> None:
    _debate, turns = await shared_debate()
    anybody = Reader("")
    whole = await anybody.replay("shared", query="speed=0")
    text = "".join(event.data.get("text", "") for event in whole)
    assert text == "".join(turn.text for turn in turns)
    assert whole[-1].kind == "debate.completed"
    assert not {"id", "attempt", "model_class"} & {name for event in whole for name in event.data}
    for position in (1, 7, len(whole) // 2, len(whole) - 1):
        rest = await anybody.replay("shared", query="speed=0", after=whole[position - 1].id)
        assert rest == whole[position:]
    await anybody.replay("shared", after=whole[-1].id)
    assert anybody.status == 204


@pytest.mark.parametrize(
    ("share_key", "query", "after", "code"),
    [("other", "", "", "debate_unknown"), ("shared", "speed=21", "", "invalid_request"),
     ("shared", "speed=fast", "", "invalid_request"), ("shared", "", "99.1", "event_unknown")],
)
async def test_a_replay_that_cannot_be_shown_says_why(
    share_key: str, query: str, after: str, code: str
) -> None:
    user = await run(person_make)
    facts = {"status": "finished", "is_public": True, "share_key": "shared"}
    await run(debate_make, user, **facts)
    anybody = Reader("")
    await anybody.replay(share_key, query=query, after=after)
    assert anybody.problem["code"] == code

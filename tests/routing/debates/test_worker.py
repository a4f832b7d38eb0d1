"""Debates as a worker writes them: whole ones, and what is found out behind the scenes."""


import pytest

from accounts.models import User
from billing.models import Reservation
from costcontrol.lib import clock
from routing.debates import turns
from routing.debates.shapes import steps_of
from routing.models import BackgroundCall, Debate, Turn, TurnEvent
from tests.routing.debates.playing import (
    again_sync,
    becomes,
    caller_of,
    debate_of,
    ended,
    is_free,
    kind_change,
    kinds_of,
    next_turn,
    of_first,
    play,
    run,
    sales,
    unseen,
    until,
    working,
)

Status = Turn.Status
OPEN = (Reservation.State.HELD, Reservation.State.SENT)
pytestmark = [pytest.mark.usefixtures("stage"), pytest.mark.postgresql]


# --- whole debates -------------------------------------------------------------------------


async def test_a_debate_is_written_turn_by_turn_to_its_end() -> None:
    debate = await debate_of()
    async with working():
        played = await play(debate)
        assert (await until(again_sync, debate, is_it=is_free)).status == Debate.Status.FINISHED
    assert [turn.step for turn in played] == list(range(14))
    assert all(turn.is_whole and turn.text and turn.source == "live" for turn in played)
    assert (await kinds_of(played[-1]))[-3:] == [
        "turn.completed", "usage.updated", "debate.completed",
    ]
    assert await run(lambda: Reservation.objects.filter(state__in=OPEN).count()) == 0


async def test_a_turn_costs_what_its_calls_cost_and_the_debate_what_its_turns_do() -> None:
    debate = await debate_of(is_lean=False)
    async with working():
        first = await ended(await run(next_turn, debate))
        second = await ended(await run(next_turn, debate))
    rows = await sales()
    before = [row for row in rows if row.call_id == first.call_id]
    before += [row for row in rows if row.parent_call_id == first.call_id]
    assert first.cost_nanos == sum(row.cost_nanos for row in before) > 0
    assert {row.call_kind for row in before} == {"moderator_intro", "stance_statements"}
    told = (await of_first(second, "turn.completed"))["cost_nanos"]
    assert told == second.cost_nanos > 0


# --- behind the scenes ---------------------------------------------------------------------


async def test_what_is_needed_is_found_out_once_and_marked_when_used() -> None:
    debate = await debate_of(is_lean=False)
    async with working():
        played = await play(debate)
    planned = [
        each.key for step in await run(steps_of, debate) for each in (*step.before, *step.after)
    ]
    rows = await run(lambda: list(BackgroundCall.objects.all()))
    assert sorted((row.kind, row.speaker, row.step) for row in rows) == sorted(planned)
    used = {row.used_by for row in rows if row.used_by}
    assert used
    assert used <= {turn.call_id for turn in played}


async def test_what_failed_behind_the_scenes_fails_no_turn() -> None:
    debate = await debate_of(is_lean=False)
    await run(becomes, "down", "mid", "premium")
    await run(kind_change, "stance_statements", complexity="complex")
    async with working():
        turn = await ended(await run(next_turn, debate))
    assert turn.status == Status.COMPLETED
    row = await run(BackgroundCall.objects.get, kind="stance_statements")
    assert (row.text, row.used_by) == ("", None)


async def test_kinds_that_are_switched_off_are_not_made() -> None:
    debate = await debate_of(is_lean=False)
    await run(kind_change, "stance_statements", is_enabled=False)
    async with working():
        await ended(await run(next_turn, debate))
    assert not await run(BackgroundCall.objects.exists)


async def test_the_users_own_words_are_analysed_without_being_asked_for() -> None:
    debate = await debate_of(is_lean=False, seat="pro1")
    async with working():
        await ended(await run(next_turn, debate))
        await run(speak, debate, "I object.")
        row = await until(
            lambda: BackgroundCall.objects.filter(kind="opening_analysis").first()
        )
    assert row is not None
    assert row.speaker == "pro1"


def speak(debate: Debate, text: str) -> Turn:
    caller = caller_of(User.objects.get(pk=debate.user_id))
    return turns.message_add(debate, text=text, is_pass=False, caller=caller, now=clock.now())


async def test_the_user_is_told_when_it_is_their_turn() -> None:
    debate = await debate_of(seat="pro1")
    async with working():
        turn = await ended(await run(next_turn, debate))
    assert (await of_first(turn, "user_turn"))["speaker"] == "pro1"


# --- ahead of the next turn ----------------------------------------------------------------


def found_of(speaker: str) -> list[BackgroundCall]:
    """What its opening statement wants to know."""
    kinds = ("core_arguments", "rag_query")
    return list(BackgroundCall.objects.filter(speaker=speaker, kind__in=kinds))


async def test_what_the_next_turn_wants_to_know_is_there_when_it_is_asked_for() -> None:
    debate = await debate_of(is_lean=False)
    async with working():
        for _turn in range(5):  # to the first attack
            await ended(await run(next_turn, debate))
        tone = await until(lambda: BackgroundCall.objects.filter(step=5).first())
        await run(lambda: BackgroundCall.objects.filter(step=5).update(text="calm"))
        await until(again_sync, debate, is_it=is_free)
        turn = await ended(await run(next_turn, debate))
    assert tone is not None
    assert (turn.step, turn.kind, tone.kind) == (5, "defense_response", "tone_select")
    tone = await run(BackgroundCall.objects.get, step=5)
    assert tone.used_by == turn.call_id
    rows = {row.call_id: row for row in await sales()}
    assert rows[tone.call_id].parent_call_id is None
    assert turn.cost_nanos == rows[tone.call_id].cost_nanos + rows[turn.call_id].cost_nanos


async def test_nothing_is_found_out_for_a_stage_that_has_not_begun() -> None:
    debate = await debate_of(is_lean=False, format="2v2")
    async with working():
        await ended(await run(next_turn, debate))
        await until(again_sync, debate, is_it=is_free)
    assert not await run(found_of, "pro1")


async def test_nothing_is_found_out_for_what_the_user_says() -> None:
    debate = await debate_of(is_lean=False, format="2v2", seat="pro2")
    async with working():
        await ended(await run(next_turn, debate))
        await ended(await run(next_turn, debate))
        await until(again_sync, debate, is_it=is_free)
    assert await run(found_of, "pro1")
    assert not await run(found_of, "pro2")


@pytest.mark.parametrize("end", ["paused", "cancelled", "unseen"])
async def test_what_is_found_out_ahead_stops_when_nobody_wants_it(end: str) -> None:
    debate = await debate_of("words:5", is_lean=False, format="2v2")
    await run(kind_change, "core_arguments", complexity="simple")
    await run(kind_change, "opening_statement", complexity="complex")
    async with working():
        await ended(await run(next_turn, debate))
        turn = await run(next_turn, debate)
        await until(lambda: TurnEvent.objects.filter(turn=turn, kind="delta").exists())
        await run(becomes, "words:200", "economy")
        await ended(turn)
        await until(is_under_way, "core_arguments", "pro2")
        await run(put_off, debate, end)
        turns.wake(debate.pk)
        await until(again_sync, debate, is_it=is_free)
    rows = [(row.call_kind, row.outcome) for row in await sales() if row.speaker == "pro2"]
    assert ("core_arguments", "cancelled") in rows
    assert not await run(is_under_way, "core_arguments", "pro2")
    assert "core_arguments" not in {row.kind for row in await run(found_of, "pro2")}


def is_under_way(kind: str, speaker: str) -> bool:
    calls = [row.facts.get("usage", {}) for row in Reservation.objects.filter(state__in=OPEN)]
    return any((call.get("call_kind"), call.get("speaker")) == (kind, speaker) for call in calls)


def put_off(debate: Debate, end: str) -> None:
    if end == "unseen":
        return unseen(debate)
    Debate.objects.filter(pk=debate.pk).update(status=end)
    return None

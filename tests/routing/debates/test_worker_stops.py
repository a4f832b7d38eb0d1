"""What stops a turn or its worker, and who goes on."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from accounts.models import User
from billing.models import CallUse
from costcontrol.lib import clock
from routing import keeper
from routing.debates import turns
from routing.debates.scenes import Scene, scene_take
from routing.debates.shapes import steps_of
from routing.debates.worker import Worker
from routing.models import BackgroundCall, Debate, Turn, TurnEvent
from tests.routing.debates.playing import (
    again,
    again_sync,
    becomes,
    debate_of,
    ended,
    is_free,
    kind_change,
    kinds_of,
    next_turn,
    play,
    run,
    sales,
    unseen,
    until,
    working,
)

Status = Turn.Status
pytestmark = [pytest.mark.usefixtures("stage"), pytest.mark.postgresql]


# --- stopped -------------------------------------------------------------------------------


async def test_a_cancelled_turn_stops_its_call_and_pays_for_what_was_written() -> None:
    debate = await debate_of("words:40")
    async with working():
        turn = await run(next_turn, debate)
        await until(lambda: TurnEvent.objects.filter(turn=turn, kind="delta").exists())
        await run(turns.turn_cancel, turn, now=clock.now())
        turn = await ended(turn)
    assert (turn.status, turn.error_code, turn.is_whole) == (Status.CANCELLED, "asked", False)
    assert (await kinds_of(turn))[-1] == "turn.cancelled"
    row = (await sales())[0]
    assert row.outcome == "cancelled"
    assert 0 < turn.cost_nanos == row.cost_nanos
    assert turn.text.startswith("[simulated]")


async def test_after_a_cancelled_turn_the_same_step_is_asked_for_again() -> None:
    debate = await debate_of("words:40")
    async with working():
        turn = await run(next_turn, debate)
        await until(lambda: Turn.objects.filter(pk=turn.pk, status=Status.RUNNING).exists())
        await run(turns.turn_cancel, turn, now=clock.now())
        await ended(turn)
        assert (await run(next_turn, debate)).step == turn.step


async def test_what_nobody_watches_is_stopped() -> None:
    debate = await debate_of("words:40")
    async with working():
        turn = await run(next_turn, debate)
        await until(lambda: Turn.objects.filter(pk=turn.pk, status=Status.RUNNING).exists())
        await run(unseen, debate)
        turns.wake(debate.pk)
        turn = await ended(turn)
    assert (turn.status, turn.error_code) == (Status.CANCELLED, "nobody_watching")


async def test_what_nobody_waits_for_any_more_is_not_begun() -> None:
    debate = await debate_of()
    turn = await run(next_turn, debate)
    await run(unseen, debate)
    async with working():
        turn = await ended(turn)
    assert turn.error_code == "nobody_watching"
    assert not await sales()


async def test_a_cancelled_debate_ends_its_turn() -> None:
    debate = await debate_of("words:40")
    async with working():
        turn = await run(next_turn, debate)
        await until(lambda: Turn.objects.filter(pk=turn.pk, status=Status.RUNNING).exists())
        await run(lambda: Debate.objects.update(status="cancelled"))
        turns.wake(debate.pk)
        turn = await ended(turn)
    assert turn.status == Status.CANCELLED


async def test_a_paused_debate_ends_its_turn_and_finds_out_nothing_more() -> None:
    debate = await debate_of("words:40", is_lean=False)
    async with working():
        await ended(await run(next_turn, debate))
        turn = await run(next_turn, debate)
        await until(lambda: TurnEvent.objects.filter(turn=turn, kind="delta").exists())
        await run(lambda: Debate.objects.update(status="paused"))
        turns.wake(debate.pk)
        assert (await ended(turn)).status == Status.COMPLETED
        await until(again_sync, debate, is_it=is_free)
    after = BackgroundCall.objects.filter(kind__in=("quality_check", "opening_analysis"))
    assert not await run(after.exists)


async def test_with_a_closed_account_the_debate_is_over() -> None:
    debate = await debate_of()
    turn = await run(next_turn, debate)
    await run(lambda: User.objects.update(is_active=False))
    async with working():
        turn = await ended(turn)
    assert turn.error_code == "account_closed"
    assert (await again(debate)).status == Debate.Status.CANCELLED
    assert not await sales()


# --- leases, crashes, restarts -------------------------------------------------------------


def held_by(turn: Turn, *, seconds: float, **columns: Any) -> None:
    """Another worker has it, whose lease has so many seconds left."""
    facts = {"status": Status.RUNNING, "attempt": 1, "call_id": uuid4()} | columns
    Turn.objects.filter(pk=turn.pk).update(**facts)
    Debate.objects.filter(pk=turn.debate_id).update(
        worker="other", lease_until=clock.now() + timedelta(seconds=seconds)
    )


async def test_what_a_dead_worker_left_is_begun_again() -> None:
    debate = await debate_of()
    turn = await run(next_turn, debate)
    await run(held_by, turn, seconds=-1)
    async with working():
        turn = await ended(turn)
    assert (turn.status, turn.attempt) == (Status.COMPLETED, 2)
    assert (await kinds_of(turn))[:2] == ["turn.restarted", "turn.started"]


async def test_what_another_worker_has_is_left_alone() -> None:
    debate = await debate_of()
    turn = await run(next_turn, debate)
    await run(held_by, turn, seconds=60)
    async with working():
        turns.wake(debate.pk)
        with pytest.raises(AssertionError, match="in vain"):
            await ended(turn, within_s=0.5)
    assert not await sales()


async def test_a_text_that_was_whole_when_its_worker_died_is_not_bought_again() -> None:
    debate = await debate_of()
    turn = await run(next_turn, debate)
    await run(held_by, turn, seconds=-1, text="Whole.", is_whole=True)
    async with working():
        turn = await ended(turn)
    assert (turn.status, turn.text) == (Status.COMPLETED, "Whole.")
    assert not await sales()
    assert await kinds_of(turn) == ["turn.completed", "usage.updated"]


async def test_a_turn_that_kills_its_workers_fails_in_the_end() -> None:
    debate = await debate_of()
    turn = await run(next_turn, debate)
    await run(held_by, turn, seconds=-1, attempt=4)
    async with working():
        turn = await ended(turn)
    assert (turn.status, turn.error_code) == (Status.FAILED, "internal_error")
    assert not await sales()


async def test_a_worker_that_stops_leaves_its_turn_to_the_next(monkeypatch: Any) -> None:
    monkeypatch.setattr("routing.debates.worker.DRAIN_S", 0.05)
    debate = await debate_of("words:30")
    async with working():
        turn = await run(next_turn, debate)
        await until(lambda: TurnEvent.objects.filter(turn=turn, kind="delta").exists())
    left = await run(Turn.objects.get, pk=turn.pk)
    assert (left.status, left.is_whole) == (Status.RUNNING, False)
    assert is_free(await again(debate))
    async with working():
        turn = await ended(turn)
    assert (turn.status, turn.attempt) == (Status.COMPLETED, 2)
    assert [row.outcome for row in await sales()] == ["cancelled", "complete"]


async def test_a_worker_that_stops_ends_what_is_nearly_done() -> None:
    debate = await debate_of("words:5")
    async with working():
        turn = await run(next_turn, debate)
        await until(lambda: TurnEvent.objects.filter(turn=turn, kind="delta").exists())
    turn = await run(Turn.objects.get, pk=turn.pk)
    assert (turn.status, turn.attempt) == (Status.COMPLETED, 1)


async def test_a_turn_that_nobody_told_of_does_not_wait_for_what_it_does_not_need(
    monkeypatch: Any,
) -> None:
    """As without Valkey, while what an earlier statement is worth is still being found out."""
    monkeypatch.setattr("routing.debates.worker.DRAIN_S", 0.0)
    debate = await debate_of(is_lean=False)
    await run(becomes, "words:250", "economy")
    for kind in ("stance_statements", "moderator_intro", "core_arguments", "rag_query"):
        await run(kind_change, kind, complexity="medium")
    await run(kind_change, "quality_check", complexity="simple")
    async with working():
        for _ in range(2):
            await ended(await run(next_turn, debate))
        await ended(await run(untold, debate, number=3))
        made = BackgroundCall.objects.filter(kind="quality_check", speaker="pro1")
        assert not await run(made.exists)


def untold(debate: Debate, *, number: int) -> Turn:
    step = steps_of(debate)[number - 1]
    return Turn.objects.create(
        debate=debate, number=number, step=step.index, stage=step.stage, kind=step.kind,
        speaker=step.speaker, created_at=clock.now(),
    )


async def test_a_worker_that_stops_writes_down_what_was_used() -> None:
    debate = await debate_of(is_lean=False)
    async with working():
        await play(debate)
    used = BackgroundCall.objects.exclude(used_by=None).values_list("call_id", "used_by")
    pairs = set(await run(lambda: list(used)))
    assert pairs
    assert pairs <= set(await run(lambda: list(CallUse.objects.values_list("call_id", "used_by"))))
    assert not keeper._uses


async def test_a_worker_that_breaks_ends_and_leaves_its_turn_to_the_next() -> None:
    """It does not stay behind, alive and deaf, with leases that it renews."""
    debate = await debate_of("words:40")
    turn = await run(next_turn, debate)
    lives = iter((False, True))

    async def alive() -> None:
        if next(lives):
            raise LookupError("broken")

    with pytest.raises(LookupError):
        async with asyncio.timeout(8):
            await Worker(when_alive=alive).work()
    async with working():
        assert (await ended(turn)).status == Status.COMPLETED


async def test_a_turn_that_cannot_be_begun_fails_and_is_not_tried_for_ever() -> None:
    debate = await debate_of()
    await run(lambda: Debate.objects.update(cast={"pro": [{"no": "key"}], "con": []}))
    turn = await run(next_turn, debate)
    async with working():
        turn = await ended(turn)
    assert (turn.status, turn.attempt) == (Status.FAILED, 1)
    assert "broke on our side" in turn.error


async def test_a_worker_looks_at_a_debate_once_a_turn(monkeypatch: Any) -> None:
    looks: list[UUID] = []

    def counted(debate_id: UUID, **facts: Any) -> Scene | None:
        looks.append(debate_id)
        return scene_take(debate_id, **facts)

    monkeypatch.setattr("routing.debates.run.scene_take", counted)
    monkeypatch.setattr("routing.debates.run.LINGER_S", 0.3)
    debate = await debate_of()
    async with working():
        for _turn in range(3):
            await ended(await run(next_turn, debate))
        await until(again_sync, debate, is_it=is_free)
    assert len(looks) in (3, 4)  # the first turn may be found just when the worker is told of it


async def test_two_workers_write_a_debate_once() -> None:
    debate = await debate_of()
    async with working(), working():
        played = await play(debate)
    assert [turn.attempt for turn in played] == [1] * 14
    assert len(await sales()) == 14

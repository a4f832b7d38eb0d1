"""Debates as a worker writes them: whole ones, and whatever may come between."""

import asyncio
from datetime import timedelta
from io import StringIO
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.management import call_command

from accounts.models import Tier, User
from billing.models import CallUse, Reservation, UsageRecord
from costcontrol.lib import clock
from routing import keeper, snapshot
from routing.debates import turns
from routing.debates.scenes import Scene, scene_take
from routing.debates.shapes import steps_of
from routing.debates.worker import Worker
from routing.models import BackgroundCall, Debate, Deployment, Turn, TurnEvent
from tests.flows.rows import price
from tests.routing.debates.playing import (
    becomes,
    caller_of,
    debate_make,
    ended,
    kind_change,
    next_turn,
    play,
    rows_make,
    run,
    simulated,
    until,
    working,
)

Status = Turn.Status
OPEN = (Reservation.State.HELD, Reservation.State.SENT)
pytestmark = [pytest.mark.usefixtures("stage"), pytest.mark.postgresql]


async def debate_of(model: str = "echo", **columns: Any) -> Debate:
    user = await run(rows_make, model=model)
    return await run(debate_make, user, **columns)


async def kinds_of(turn: Turn) -> list[str]:
    rows = TurnEvent.objects.filter(turn=turn.pk).order_by("attempt", "seq")
    return await run(lambda: list(rows.values_list("kind", flat=True)))


async def of_first(turn: Turn, kind: str) -> dict[str, Any]:
    row = await run(lambda: TurnEvent.objects.filter(turn=turn.pk, kind=kind).first())
    assert row is not None
    return dict(row.data)


async def again(debate: Debate) -> Debate:
    return await run(Debate.objects.get, pk=debate.pk)


async def sales() -> list[UsageRecord]:
    """What was bought, and what it cost."""
    return await run(lambda: list(UsageRecord.objects.exclude(outcome="refused").order_by("pk")))


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


def again_sync(debate: Debate) -> Debate:
    return Debate.objects.get(pk=debate.pk)


def is_free(debate: Debate) -> bool:
    return debate.worker == ""


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


def unseen(debate: Debate) -> None:
    Debate.objects.filter(pk=debate.pk).update(seen_at=clock.now() - timedelta(minutes=1))


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


# --- when models fail or money is short ----------------------------------------------------


async def test_a_failed_turn_says_why_in_the_language_of_the_debate() -> None:
    debate = await debate_of("down", language="ko")
    async with working():
        turn = await ended(await run(next_turn, debate))
        assert (turn.status, turn.error_code) == (Status.FAILED, "upstream_unavailable")
        told = await of_first(turn, "error")
        assert told["code"] == "upstream_unavailable"
        assert told["retryable"] is True
        assert any("가" <= letter <= "힣" for letter in told["message"])
        await run(becomes, "echo")
        assert (await ended(await run(next_turn, debate))).status == Status.COMPLETED


async def test_which_model_failed_and_how_is_not_told() -> None:
    debate = await debate_of("down", language="en")
    async with working():
        turn = await ended(await run(next_turn, debate))
    told = await of_first(turn, "error")
    assert told["message"] == turn.error == "No model can answer right now."


async def test_an_answer_that_breaks_off_is_no_part_of_the_debate() -> None:
    debate = await debate_of("cut")
    async with working():
        turn = await ended(await run(next_turn, debate))
    assert (turn.status, turn.is_whole) == (Status.FAILED, False)
    assert turn.text
    assert (await kinds_of(turn))[-1] == "error"


async def test_an_answer_that_had_to_stop_at_its_longest_says_so() -> None:
    debate = await debate_of("words")
    await run(lambda: Deployment.objects.update(max_output_tokens=5))
    await run(becomes, "words")
    async with working():
        turn = await ended(await run(next_turn, debate))
    assert (turn.status, turn.error_code) == (Status.COMPLETED, "length")
    assert turn.error


async def test_a_smaller_model_than_usual_is_announced() -> None:
    debate = await debate_of()
    await run(becomes, "down", "premium")
    await run(kind_change, "moderator_intro", complexity="complex")
    async with working():
        turn = await ended(await run(next_turn, debate))
    assert (turn.status, turn.model_class) == (Status.COMPLETED, "mid")
    assert (await of_first(turn, "degraded"))["model_class"] == "mid"
    assert (await again(debate)).degraded_reason


async def test_when_nothing_may_be_spent_the_turn_says_what_is_used_up() -> None:
    debate = await debate_of()
    await run(no_money)
    async with working():
        turn = await ended(await run(next_turn, debate))
    assert turn.status == Status.FAILED
    assert (await kinds_of(turn))[-2:] == ["quota.exceeded", "error"]
    assert (await of_first(turn, "quota.exceeded"))["code"] == turn.error_code
    assert (await of_first(turn, "error"))["retryable"] is True


async def test_a_closed_budget_is_finished_on_a_model_that_costs_nothing() -> None:
    debate = await debate_of("words", language="en")
    await run(with_a_small_local_model)
    async with working():
        await ended(await run(next_turn, debate))
        await run(no_money)
        turn = await ended(await run(next_turn, debate))
    assert (turn.status, turn.model_class, turn.cost_nanos) == (Status.COMPLETED, "local", 0)
    assert (await of_first(turn, "degraded"))["model_class"] == "local"


def with_a_small_local_model() -> None:
    """As the built-in one: a context of 2,048 tokens."""
    simulated("words", model_class="local", context_tokens=2_048, price_provider="local")
    Tier.objects.update(allowed_classes=["local", "economy", "mid", "premium"])
    price("local", "words", fresh_input=0, output=0)
    snapshot.forget()


async def test_a_budget_that_is_nearly_used_up_is_said_once() -> None:
    debate = await debate_of()
    await run(nearly_used_up, debate)
    async with working():
        played = [await ended(await run(next_turn, debate)) for _ in range(4)]
    told = await run(lambda: list(TurnEvent.objects.filter(kind="budget.warning")))
    assert [turn.status for turn in played] == [Status.COMPLETED] * 4
    assert len(told) == 1
    assert told[0].data["metric"] == "usd"
    assert told[0].data["percent"] >= 1


def nearly_used_up(debate: Debate) -> None:
    """One percent of it is nearly all of it."""
    call_command("set_budget", f"user:{debate.user_id}", "0.05", "--soft", "1", stdout=StringIO())
    snapshot.forget()


def no_money() -> None:
    call_command("set_budget", "platform", "0", stdout=StringIO())
    snapshot.forget()

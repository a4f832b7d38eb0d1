"""Turns when models fail or money is short."""

from io import StringIO

import pytest
from django.core.management import call_command

from accounts.models import Tier
from routing import snapshot
from routing.models import Debate, Deployment, Turn, TurnEvent
from tests.flows.rows import price
from tests.routing.debates.playing import (
    again,
    becomes,
    debate_of,
    ended,
    kind_change,
    kinds_of,
    next_turn,
    of_first,
    run,
    simulated,
    working,
)

Status = Turn.Status
pytestmark = [pytest.mark.usefixtures("stage"), pytest.mark.postgresql]


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
    assert turn.error.count("Moderator") == 1  # told by a template that time is up
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

"""The next turn of a debate: one for everybody who asks, and only what the plan allows."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Barrier, Thread
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction

from accounts.models import Tier, User
from billing import gauge
from billing.budgets import debates_rule
from costcontrol.lib import clock
from costcontrol.lib.errors import Conflict, CostControlError
from routing.debates import turns
from routing.debates.errors import (
    DebateOver,
    DebatePaused,
    StageOutOfOrder,
    TurnInProgress,
    UserTurn,
)
from routing.debates.shapes import steps_of
from routing.models import BackgroundCall, Debate, Turn, TurnEvent
from tests.routing.debates.playing import caller_of, debate_make, next_turn, person_make

Status = Turn.Status
AT_ONCE = 50
pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]


@pytest.fixture
def user(db: None) -> User:
    return person_make()


@pytest.fixture
def debate(user: User) -> Debate:
    return debate_make(user)


def said(debate: Debate, *steps: int, status: Status = Status.COMPLETED) -> None:
    """As if these steps of the plan had been played."""
    plan = {step.index: step for step in steps_of(debate)}
    for step in (plan[index] for index in steps):
        Turn.objects.create(
            debate=debate, number=Turn.objects.filter(debate=debate).count() + 1, step=step.index,
            stage=step.stage, kind=step.kind, speaker=step.speaker, status=status, text="So.",
            created_at=clock.now(), completed_at=clock.now(),
        )


def message(debate: Debate, text: str = "I object.", **more: Any) -> Turn:
    user = User.objects.get(pk=debate.user_id)
    facts: dict[str, Any] = {"is_pass": False, "caller": caller_of(user), "now": clock.now()} | more
    return turns.message_add(debate, text=text, **facts)


# --- which turn ----------------------------------------------------------------------------


def test_the_first_turn_is_the_opening(debate: Debate) -> None:
    turn = next_turn(debate)
    assert (turn.number, turn.stage, turn.status) == (1, "opening", Status.QUEUED)


def test_while_one_is_asked_for_nobody_asks_for_another(debate: Debate) -> None:
    turn = next_turn(debate)
    with pytest.raises(TurnInProgress) as refused:
        next_turn(debate)
    assert refused.value.details == {"turn": 1, "turn_id": str(turn.pk)}


def test_the_same_key_means_the_same_turn_whatever_became_of_it(debate: Debate) -> None:
    turn = next_turn(debate, idempotency_key="a")
    assert next_turn(debate, idempotency_key="a").pk == turn.pk
    Turn.objects.update(status=Status.COMPLETED)
    Debate.objects.update(status=Debate.Status.CANCELLED)
    assert next_turn(debate, idempotency_key="a").pk == turn.pk


def test_a_key_that_meant_another_turn_is_refused(debate: Debate) -> None:
    next_turn(debate, idempotency_key="a")
    with pytest.raises(Conflict):
        next_turn(debate, idempotency_key="a", stage="closing")


def test_an_expected_number_means_that_turn(debate: Debate) -> None:
    turn = next_turn(debate, expected_turn=1)
    assert next_turn(debate, expected_turn=1).pk == turn.pk
    said_it = Turn.objects.filter(pk=turn.pk)
    said_it.update(status=Status.COMPLETED)
    assert next_turn(debate, expected_turn=2).number == 2


def test_a_number_too_far_ahead_is_refused(debate: Debate) -> None:
    with pytest.raises(StageOutOfOrder):
        next_turn(debate, expected_turn=2)


def test_who_pressed_before_a_turn_was_there_meant_that_turn_even_if_it_is_over(
    debate: Debate,
) -> None:
    pressed_at = clock.now()
    turn = next_turn(debate)
    Turn.objects.update(status=Status.COMPLETED)
    with pytest.raises(TurnInProgress) as refused:
        next_turn(debate, asked_at=pressed_at)
    assert refused.value.details["turn_id"] == str(turn.pk)
    assert next_turn(debate, asked_at=clock.now()).number == 2


def test_a_failed_step_is_tried_again_as_a_new_turn(debate: Debate) -> None:
    said(debate, 0, status=Status.FAILED)
    turn = next_turn(debate)
    assert (turn.number, turn.step) == (2, 0)


@pytest.mark.parametrize("named", [{"stage": "closing"}, {"speaker": "con1"}])
def test_what_does_not_come_next_is_refused_and_told(
    debate: Debate, named: dict[str, str]
) -> None:
    said(debate, 0)
    with pytest.raises(StageOutOfOrder) as refused:
        next_turn(debate, **named)
    assert refused.value.details["allowed"] == [{"stage": "pro_argument", "speaker": "pro1"}]


def test_within_a_stage_another_speaker_may_go_first(user: User) -> None:
    debate = debate_make(user, format="2v2")
    said(debate, 0)
    assert next_turn(debate, speaker="pro2").speaker == "pro2"


@pytest.mark.parametrize(
    ("status", "refusal"),
    [("paused", DebatePaused), ("finished", DebateOver), ("cancelled", DebateOver)],
)
def test_only_open_debates_go_on(
    debate: Debate, status: str, refusal: type[CostControlError]
) -> None:
    Debate.objects.update(status=status)
    with pytest.raises(refusal):
        next_turn(debate)


# --- the user's own ------------------------------------------------------------------------


def test_where_the_user_sits_nothing_is_generated(user: User) -> None:
    debate = debate_make(user, seat="pro1")
    said(debate, 0)
    with pytest.raises(UserTurn):
        next_turn(debate)


def test_what_the_user_says_is_a_turn_with_all_its_events(user: User) -> None:
    debate = debate_make(user, seat="pro1")
    said(debate, 0)
    turn = message(debate)
    assert (turn.status, turn.source, turn.text) == (Status.COMPLETED, "user", "I object.")
    events = list(TurnEvent.objects.filter(turn=turn))
    assert [event.kind for event in events] == [
        "turn.started", "delta", "turn.completed", "usage.updated",
    ]
    assert [event.is_last for event in events] == [False, False, False, True]


def test_a_window_that_was_made_for_what_is_undone_is_not_remembered(user: User) -> None:
    """The first of the day: calls of this process would look for room where there is none."""
    Tier.objects.filter(pk=user.tier_id).update(debates_per_day=3)
    debate = debate_make(user, seat="pro1")
    said(debate, 0)
    with transaction.atomic():
        message(debate)
        transaction.set_rollback(True)
    rule = debates_rule(caller_of(user).tier, caller_of(user).payer)
    assert rule
    (reading,) = gauge.read([rule], now=clock.now())
    assert reading.room.cap == 3


def test_who_passes_says_nothing(user: User) -> None:
    debate = debate_make(user, seat="pro1")
    said(debate, 0)
    turn = message(debate, is_pass=True)
    assert turn.text == ""
    assert not TurnEvent.objects.filter(turn=turn, kind="delta").exists()


def test_a_message_out_of_turn_is_refused(user: User) -> None:
    with pytest.raises(StageOutOfOrder):
        message(debate_make(user, seat="pro1"))


def test_the_same_message_is_taken_once(user: User) -> None:
    debate = debate_make(user, seat="pro1")
    said(debate, 0)
    assert message(debate, idempotency_key="m").pk == message(debate, idempotency_key="m").pk


# --- cancelled before it began -------------------------------------------------------------


def test_what_nobody_has_begun_is_cancelled_at_once(debate: Debate) -> None:
    turn = turns.turn_cancel(next_turn(debate), now=clock.now())
    assert turn.status == Status.CANCELLED
    event = TurnEvent.objects.get(turn=turn)
    assert (event.kind, event.data["reason"], event.is_last) == ("turn.cancelled", "asked", True)
    assert turns.turn_cancel(turn, now=clock.now()).status == Status.CANCELLED


def test_whoever_writes_it_is_asked_to_stop(debate: Debate) -> None:
    turn = next_turn(debate)
    Turn.objects.update(status=Status.RUNNING)
    turns.turn_cancel(turn, now=clock.now())
    turn.refresh_from_db()
    assert (turn.status, turn.is_cancel_asked) == (Status.RUNNING, True)


# --- all at once ---------------------------------------------------------------------------


def at_once(work: Callable[[], Turn]) -> list[Turn | CostControlError]:
    """By so many threads, each with a connection of its own."""
    start = Barrier(AT_ONCE)

    def one(_number: int) -> Turn | CostControlError:
        try:
            start.wait()
            return work()
        except CostControlError as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(AT_ONCE) as threads:
        return list(threads.map(one, range(AT_ONCE)))


@pytest.mark.usefixtures("committed")
def test_who_asks_does_not_wait_for_what_is_being_found_out() -> None:
    """Rows about a debate make sure that it is there, and lock it for that: if that locked out who
    asks, while it has what the worker wants next, one would be thrown out after a second."""
    debate = debate_make(person_make())
    said(debate, 0)
    turn, asked = Turn.objects.get(), []

    def ask() -> None:
        asked.append(next_turn(debate))
        connection.close()

    thread = Thread(target=ask)
    with ExitStack() as stack:
        if connection.vendor == "postgresql":  # SQLite has one writer
            stack.enter_context(transaction.atomic())
            TurnEvent.objects.create(turn=turn, attempt=1, seq=1, kind="text.delta", data={})
            BackgroundCall.objects.create(
                debate=debate, kind="rag_query", step=0, call_id=uuid4(), created_at=clock.now()
            )
            connection.check_constraints()  # as its commit does: the debate has to be there
        thread.start()
        thread.join(3)
        assert not thread.is_alive()
    assert [turn.number for turn in asked] == [2]


@pytest.mark.usefixtures("committed")
def test_fifty_who_press_next_at_once_get_one_turn() -> None:
    debate = debate_make(person_make())
    found = at_once(lambda: next_turn(debate))
    assert Turn.objects.count() == 1
    refused = [each for each in found if isinstance(each, TurnInProgress)]
    assert len(refused) == AT_ONCE - 1


@pytest.mark.usefixtures("committed")
@pytest.mark.parametrize("named", [{"idempotency_key": "once"}, {"expected_turn": 1}])
def test_fifty_who_name_the_same_turn_all_get_it(named: dict[str, Any]) -> None:
    debate = debate_make(person_make())
    found = at_once(lambda: next_turn(debate, **named))
    turn = Turn.objects.get()
    assert {each.pk for each in found if isinstance(each, Turn)} == {turn.pk}
    assert len(found) == AT_ONCE

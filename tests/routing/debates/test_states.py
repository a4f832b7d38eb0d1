"""The states of a turn: which may follow on which, and who is too late."""

from collections.abc import Callable
from typing import Any

import pytest

from costcontrol.lib import clock
from routing.debates import states
from routing.debates.states import TurnLost
from routing.models import Turn
from tests.routing.debates.playing import debate_make, next_turn, person_make

Status = Turn.Status
Move = Callable[[Turn], None]
pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]

MOVES: dict[str, Move] = {
    "begin": lambda turn: states.turn_begin(turn, now=clock.now()),
    "written": lambda turn: states.turn_written(turn, text="So."),
    "complete": lambda turn: states.turn_complete(turn, cost_nanos=7, now=clock.now()),
    "fail": lambda turn: states.turn_fail(turn, code="c", message="m", now=clock.now()),
    "give up": lambda turn: states.turn_give_up(turn, reason="asked", now=clock.now()),
}
ALLOWED = {
    "queued": {"begin", "fail", "give up"},
    "running": {"begin", "written", "complete", "fail", "give up"},
}


@pytest.fixture
def turn(db: None) -> Turn:
    return next_turn(debate_make(person_make()))


@pytest.mark.parametrize("status", [status.value for status in Status])
@pytest.mark.parametrize("name", MOVES)
def test_only_some_moves_lead_on(turn: Turn, status: str, name: str) -> None:
    turn.status = status
    turn.save()
    if name in ALLOWED.get(status, ()):
        MOVES[name](turn)
    else:
        with pytest.raises(TurnLost):
            MOVES[name](turn)


def test_each_attempt_makes_a_call_of_its_own(turn: Turn) -> None:
    states.turn_begin(turn, now=clock.now())
    first = turn.call_id
    states.turn_begin(turn, now=clock.now())
    assert turn.attempt == 2
    assert turn.call_id != first


def test_a_whole_text_keeps_the_call_that_wrote_it(turn: Turn) -> None:
    states.turn_begin(turn, now=clock.now())
    states.turn_written(turn, text="So.")
    first = turn.call_id
    states.turn_begin(turn, now=clock.now())
    assert (turn.call_id, turn.text) == (first, "So.")


@pytest.mark.parametrize("name", [name for name in MOVES if name != "begin"])
def test_whoever_lost_the_turn_cannot_move_it(turn: Turn, name: str) -> None:
    states.turn_begin(turn, now=clock.now())
    late: Any = Turn.objects.get(pk=turn.pk)
    states.turn_begin(turn, now=clock.now())
    with pytest.raises(TurnLost):
        MOVES[name](late)
    turn.refresh_from_db()
    assert (turn.status, turn.attempt, turn.text) == (Status.RUNNING, 2, "")


def test_the_object_says_what_the_row_says(turn: Turn) -> None:
    states.turn_begin(turn, now=clock.now())
    states.turn_complete(turn, cost_nanos=7, now=clock.now())
    row = Turn.objects.get(pk=turn.pk)
    assert (row.status, row.cost_nanos) == (turn.status, turn.cost_nanos) == ("completed", 7)

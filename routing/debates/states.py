"""The states of a turn, in one place. Synchronous; whoever calls holds the transaction.

    queued -> running -> completed <-> replaced   (written anew; back if that fails)
       |      |  ^  |
       |      |  +--+  again after a crash: the attempt goes up
       |      +-> failed, cancelled     (a new turn tries the same step)
       +-> cancelled, failed

The attempt is the fence: a worker that lost its turn to another one cannot move it any more.
"""

from datetime import datetime
from typing import Any
from uuid import uuid4

from costcontrol.lib.rows import changed
from routing.models import Turn

Status = Turn.Status
ACTIVE = (Status.QUEUED, Status.RUNNING)
MOVES = {
    Status.QUEUED: (Status.RUNNING, Status.CANCELLED, Status.FAILED),
    Status.RUNNING: (Status.RUNNING, Status.COMPLETED, Status.CANCELLED, Status.FAILED),
}


REPLACE = "UPDATE routing_turn SET status = %s WHERE id = %s AND status = %s"
RESTORE = (
    "UPDATE routing_turn SET status = %s WHERE debate_id = %s AND number = (SELECT MAX(number)"
    " FROM routing_turn WHERE debate_id = %s AND step = %s AND status = %s AND number < %s)"
)


class TurnLost(Exception):
    """It is not what we took it for: somebody else has moved it meanwhile."""


def turn_begin(turn: Turn, *, now: datetime) -> None:
    """A worker has it now. Each attempt makes a call of its own, unless the text is there."""
    facts: dict[str, Any] = {} if turn.is_whole else {"call_id": uuid4()}
    _move(turn, Status.RUNNING, attempt=turn.attempt + 1, started_at=now, **facts)


def turn_written(turn: Turn, *, text: str, **facts: Any) -> None:
    """The whole text is there: whatever happens now, nobody asks for it again."""
    if turn.status != Status.RUNNING:
        raise TurnLost(f"turn {turn} was not begun")
    _move(turn, Status.RUNNING, text=text, is_whole=True, **facts)


def turn_cite(turn: Turn, *, search: str, citations: list[dict[str, str]]) -> None:
    """What a web search found for it, once it is written."""
    Turn.objects.filter(pk=turn.pk).update(search=search, citations=citations)
    turn.search, turn.citations = search, citations


def turn_complete(
    turn: Turn, *, cost_nanos: int, now: datetime, answer_id: int | None = None
) -> None:
    _move(
        turn, Status.COMPLETED, cost_nanos=cost_nanos, answer_id=answer_id, completed_at=now
    )


def turn_fail(turn: Turn, *, code: str, message: str, now: datetime, **facts: Any) -> None:
    _move(turn, Status.FAILED, error_code=code, error=message, completed_at=now, **facts)


def turn_give_up(turn: Turn, *, reason: str, now: datetime, **facts: Any) -> None:
    """Cancelled: somebody asked for it, or nobody is watching."""
    _move(turn, Status.CANCELLED, error_code=reason, completed_at=now, **facts)


def turn_replace(turn: Turn) -> None:
    """It is to be written anew: what it says is kept, and no part of the debate any more."""
    if not changed(REPLACE, Status.REPLACED, turn.pk, Status.COMPLETED):
        raise TurnLost(f"turn {turn} is not completed any more")
    turn.status = Status.REPLACED


def turn_restore(fresh: Turn) -> None:
    """The new text did not come: the old one stands."""
    if fresh.is_fresh:
        changed(
            RESTORE, Status.COMPLETED, fresh.debate_id, fresh.debate_id, fresh.step,
            Status.REPLACED, fresh.number,
        )


def _move(turn: Turn, to: Turn.Status, **facts: Any) -> None:
    """Raises TurnLost. The object says afterwards what its row says."""
    known = {"pk": turn.pk, "status": turn.status, "attempt": turn.attempt}
    allowed = to in MOVES.get(Status(turn.status), ())
    if not allowed or not _is_moved(known, {"status": to, **facts}):
        raise TurnLost(f"turn {turn} is not {turn.status} any more")
    for name, value in {"status": to, **facts}.items():
        setattr(turn, name, value)


def _is_moved(known: dict[str, Any], facts: dict[str, Any]) -> bool:
    columns = ", ".join(f"{name} = %s" for name in facts)  # none of them is a key of another table
    words = f"UPDATE routing_turn SET {columns} WHERE id = %s AND status = %s AND attempt = %s"
    return bool(changed(words, *facts.values(), known["pk"], known["status"], known["attempt"]))

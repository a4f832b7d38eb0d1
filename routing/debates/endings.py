"""What follows when a turn has ended: its last events, and the end of the debate. Synchronous.

Events and states are written in one transaction: a turn that has ended has a last event.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from accounts.types import Caller
from billing import gauge
from billing.budgets import debates_rule
from billing.gauge import Reading
from billing.models import Metric
from costcontrol.lib.errors import (
    BudgetExhausted,
    CostControlError,
    PaymentRequired,
    QuotaExceeded,
)
from costcontrol.lib.rows import Rows, asked, changed
from routing.debates import money, sayings, states
from routing.debates.plan import next_steps
from routing.debates.shapes import steps_of
from routing.debates.sharing import cache_of
from routing.debates.types import Step
from routing.models import Debate, Turn, TurnEvent

ASKED = "asked"  # somebody cancelled it
NOBODY_WATCHING = "nobody_watching"
ACCOUNT_CLOSED = "account_closed"
USED = (
    "UPDATE routing_backgroundcall SET used_by = %s"
    " WHERE debate_id = %s AND used_by IS NULL AND call_id IN"
)
DONE = "SELECT step FROM routing_turn WHERE debate_id = %s AND status = %s"
# Its last condition is said for SQLite, which else does not use the index.
SPENT = (
    "SELECT SUM(cost_nanos), SUM(CASE WHEN {of_turn} THEN cost_nanos ELSE 0 END)"
    " FROM billing_usagerecord"
    " WHERE debate_id = %s AND user_id = %s AND NOT (debate_id = '')"
)
_locked = Rows(Debate, "WHERE id = %s", lock=True)


class Spent(NamedTuple):
    """In nano-USD: by the whole debate, and by one turn with what was made for it."""

    debate: int
    turn: int


def write_users_turn(debate: Debate, turn: Turn, *, caller: Caller, now: datetime) -> None:
    """Its events: what the user said comes as one piece."""
    pieces = [turn.text] if turn.text else []
    write_at_once(debate, turn, pieces=pieces, caller=caller, now=now)


def write_at_once(
    debate: Debate, turn: Turn, *, pieces: Sequence[str], caller: Caller, now: datetime,
    transition: str = "", layer: str = "",
) -> None:
    """All events of a turn that nobody had to write: the same as of any other, in its order."""
    rule = debates_rule(caller.tier, caller.payer)
    # Its window may be new, and ours is a transaction that may roll back.
    readings = gauge.read([rule], now=now, is_kept=False) if rule else ()
    events = [
        sayings.started(debate, turn, transition=transition),
        *sayings.searched(turn, language=debate.language),
        *map(sayings.piece, pieces),
        sayings.completed(turn, cache=cache_of(debate, turn), layer=layer),
        *what_follows(debate, turn, spent=spent_on(debate).debate, readings=readings, now=now),
    ]
    TurnEvent.objects.bulk_create(last_events(turn, events))


def write_cancelled(turn: Turn) -> None:
    TurnEvent.objects.bulk_create(last_events(turn, [sayings.cancelled(turn)]))


def complete(
    turn: Turn, *, uses: Sequence[UUID], readings: Sequence[Reading], seq: int, now: datetime,
    answer_id: int | None = None, layer: str = "",
) -> list[TurnEvent]:
    """A turn that was written whole, with what it cost. Its last events, still to be written.

    `answer_id`: the stored answer that it is, if others may be given it; `layer`: that had it.
    """
    debate = _locked(turn.debate_id)[0]
    spent = spent_on(debate, call_id=turn.call_id, uses=uses)
    states.turn_complete(turn, cost_nanos=spent.turn, answer_id=answer_id, now=now)
    if uses:
        changed(f"{USED} ({_marks(uses)})", turn.call_id, debate.pk, *uses)
    events = [
        sayings.completed(turn, cache=cache_of(debate, turn), layer=layer),
        *what_follows(debate, turn, spent=spent.debate, readings=readings, now=now),
    ]
    return last_events(turn, events, seq=seq)


def fail(
    turn: Turn, error: CostControlError, *, language: str, text: str, seq: int, now: datetime
) -> list[TurnEvent]:
    """What was written so far stays in the row, and in no transcript."""
    states.turn_fail(
        turn, code=error.code, message=sayings.in_language(language, sayings.why(error)), now=now,
        text=text, cost_nanos=spent_on(turn.debate, call_id=turn.call_id).turn,
    )
    states.turn_restore(turn)
    events = [sayings.failed(error, language=language)]
    if isinstance(error, QuotaExceeded | PaymentRequired | BudgetExhausted):
        events.insert(0, sayings.out_of_quota(error, language=language))
    return last_events(turn, events, seq=seq)


def give_up(turn: Turn, *, reason: str, text: str, seq: int, now: datetime) -> list[TurnEvent]:
    states.turn_give_up(
        turn, reason=reason, now=now, text=text,
        cost_nanos=spent_on(turn.debate, call_id=turn.call_id).turn,
    )
    states.turn_restore(turn)
    return last_events(turn, [sayings.cancelled(turn)], seq=seq)


def close_account(turn: Turn, *, seq: int, now: datetime) -> list[TurnEvent]:
    """Whose debate it was is gone: it ends here."""
    debate = turn.debate
    debate.status, debate.finished_at = Debate.Status.CANCELLED, now
    debate.save(update_fields=["status", "finished_at"])
    money.debate_close(debate, now=now)
    return give_up(turn, reason=ACCOUNT_CLOSED, text="", seq=seq, now=now)


def last_events(
    turn: Turn, events: Sequence[sayings.Event], *, seq: int = 0
) -> list[TurnEvent]:
    """All that is left to be said of this turn, after event `seq`."""
    return [
        TurnEvent(
            turn_id=turn.pk, attempt=turn.attempt, seq=seq + i, kind=kind, data=dict(data),
            is_last=i == len(events),
        )
        for i, (kind, data) in enumerate(events, start=1)
    ]


def what_follows(
    debate: Debate, turn: Turn, *, spent: int, readings: Sequence[Reading], now: datetime
) -> list[sayings.Event]:
    """After a completed turn: what was spent, and whose turn it is. Ends a debate that is over."""
    events = [sayings.usage(spent, debates=debates_left(readings))]
    steps = steps_left(debate)
    if steps and steps[0].is_users:
        events.append(sayings.users_turn(steps[0], number=turn.number + 1))
    if not steps and debate.status not in (Debate.Status.FINISHED, Debate.Status.CANCELLED):
        debate.status, debate.finished_at = Debate.Status.FINISHED, now
        debate.save(update_fields=["status", "finished_at"])
        money.debate_close(debate, now=now)
        events.append(sayings.finished(debate))
    return events


def steps_left(debate: Debate) -> tuple[Step, ...]:
    """What may be said now, the usual first; nothing: it is over."""
    done = {step for step, in asked(DONE, debate.pk, Turn.Status.COMPLETED)}
    return next_steps(steps_of(debate), lambda step: step.index in done)


def spent_on(
    debate: Debate, *, call_id: UUID | None = None, uses: Sequence[UUID] = ()
) -> Spent:
    """By calls that are settled; `call_id`: of the turn's own call, `uses`: what stands in it.

    What was found out before any turn had asked for it belongs to the turn that used it.
    """
    of_turn = "call_id = %s OR parent_call_id = %s"
    if uses:
        of_turn += f" OR (parent_call_id IS NULL AND call_id IN ({_marks(uses)}))"
    words = SPENT.format(of_turn=of_turn)
    found = asked(words, call_id, call_id, *uses, str(debate.pk), debate.user_id)
    return Spent(*(int(sum_ or 0) for sum_ in found[0]))


def _marks(values: Sequence[UUID]) -> str:
    return ", ".join(["%s"] * len(values))


def was_warned(debate: Debate) -> bool:
    """Whoever reads it has been told that a budget is nearly used up."""
    return TurnEvent.objects.filter(turn__debate=debate, kind="budget.warning").exists()


def debates_left(readings: Sequence[Reading]) -> dict[str, Any] | None:
    reading = next((r for r in readings if r.window.rule.metric == Metric.DEBATES), None)
    if reading is None:
        return None
    end = reading.window.end
    return {
        "used": reading.room.spent, "limit": reading.room.cap,
        "resets_at": end.isoformat() if end else None,
    }

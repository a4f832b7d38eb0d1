"""What follows when a turn has ended: its last events, and the end of the debate. Synchronous.

Events and states are written in one transaction: a turn that has ended has a last event.
"""

from collections.abc import Sequence, Set
from datetime import datetime
from typing import Any

from django.db.models import Max, Sum

from accounts.types import Caller
from billing import gauge
from billing.budgets import debates_rule
from billing.gauge import Reading
from billing.models import Metric, UsageRecord
from routing.debates import sayings
from routing.debates.plan import Shape, next_steps, plan_of
from routing.debates.types import Step
from routing.models import Debate, Turn, TurnEvent

ASKED = "asked"  # somebody cancelled it
NOBODY_WATCHING = "nobody_watching"


def write_users_turn(debate: Debate, turn: Turn, *, caller: Caller, now: datetime) -> None:
    """Its events: what the user said comes as one piece."""
    pieces = [sayings.piece(turn.text)] if turn.text else []
    rule = debates_rule(caller.tier, caller.payer)
    readings = gauge.read([rule], now=now) if rule else ()
    events = [
        sayings.started(debate, turn), *pieces, sayings.completed(turn),
        *what_follows(debate, turn, readings=readings, now=now),
    ]
    write_events(turn, events)


def write_cancelled(turn: Turn) -> None:
    write_events(turn, [sayings.cancelled(turn)])


def write_events(turn: Turn, events: Sequence[sayings.Event], *, first: int = 1) -> list[TurnEvent]:
    """All that is left to be said of this turn."""
    rows = [
        TurnEvent(
            turn_id=turn.pk, attempt=turn.attempt, seq=first + i, kind=kind, data=dict(data),
            is_last=i == len(events) - 1,
        )
        for i, (kind, data) in enumerate(events)
    ]
    return TurnEvent.objects.bulk_create(rows)


def what_follows(
    debate: Debate, turn: Turn, *, readings: Sequence[Reading] = (), now: datetime
) -> list[sayings.Event]:
    """After a completed turn: what was spent, and whose turn it is. Ends a debate that is over."""
    events = [sayings.usage(spent_on(debate), debates=debates_left(readings))]
    steps = steps_left(debate)
    if steps and steps[0].is_users:
        events.append(sayings.users_turn(steps[0], number=turn.number + 1))
    if not steps and debate.status not in (Debate.Status.FINISHED, Debate.Status.CANCELLED):
        debate.status, debate.finished_at = Debate.Status.FINISHED, now
        debate.save(update_fields=["status", "finished_at"])
        events.append(sayings.finished(debate))
    return events


def steps_left(debate: Debate) -> tuple[Step, ...]:
    """What may be said now, the usual first; nothing: it is over."""
    done = set(
        Turn.objects.filter(debate=debate, status=Turn.Status.COMPLETED)
        .values_list("step", flat=True)
    )
    return next_steps(plan_of(shape_of(debate)), lambda step: step.index in done)


def shape_of(debate: Debate, *, off: Set[str] = frozenset()) -> Shape:
    """`off`: kinds of background calls that the operator switched off."""
    return Shape(debate.format, debate.seat, bool(debate.context), debate.is_lean, off)


def spent_on(debate: Debate) -> int:
    """Of all calls of this debate that are settled, in nano-USD."""
    rows = UsageRecord.objects.filter(debate_id=str(debate.pk), user_id=debate.user_id)
    rows = rows.exclude(debate_id="")  # said for SQLite, which else does not use the index
    return int(rows.aggregate(sum=Sum("cost_nanos"))["sum"] or 0)


def debates_left(readings: Sequence[Reading]) -> dict[str, Any] | None:
    reading = next((r for r in readings if r.window.rule.metric == Metric.DEBATES), None)
    if reading is None:
        return None
    end = reading.window.end
    return {
        "used": reading.room.spent, "limit": reading.room.cap,
        "resets_at": end.isoformat() if end else None,
    }


def last_seq(turn: Turn) -> int:
    rows = TurnEvent.objects.filter(turn=turn, attempt=turn.attempt)
    return int(rows.aggregate(last=Max("seq"))["last"] or 0)

"""Which turns of a debate that is not made yet would need no model, as things are. Synchronous.

The plan is walked as the debate would be, looking and taking nothing: what comes after a stored
answer may be stored as well, and what comes after a new one within a replay is not.
"""

from datetime import datetime
from uuid import uuid4

from accounts.types import Caller
from routing.debates.estimates import Foreseen, ForeseenTurn
from routing.debates.orders import Order
from routing.debates.shelf import Ready, Shelf
from routing.debates.types import Step
from routing.debates.unasked import Desk
from routing.debates.variants import variant_of
from routing.models import Debate, Turn
from routing.snapshot import Snapshot


def foreseen(
    order: Order, *, is_lean: bool, caller: Caller, snapshot: Snapshot, now: datetime
) -> Foreseen:
    debate = Debate(
        id=uuid4(), user_id=caller.user_id, topic_key=order.topic_key, topic=order.topic,
        is_swapped=order.is_swapped, language=order.language, format=order.format,
        cast=dict(order.cast), seat=order.seat, moderator_style=order.moderator_style,
        context=order.context, is_lean=is_lean, variant=variant_of(order, snapshot),
    )
    shelf = Shelf(Desk(debate, caller, snapshot, now, "", uuid4()), (), is_dry=True)
    turns = [
        turn for step in shelf.steps if (turn := _foreseen(shelf, debate, step))
    ]
    said = {(turn.kind, turn.step) for turn in turns}
    return Foreseen(tuple(turns), said | {(each.kind, each.step) for each in shelf.learnt})


def _foreseen(shelf: Shelf, debate: Debate, step: Step) -> ForeseenTurn | None:
    ready = None if step.is_users else shelf.turn(step)
    turn = _turn(debate, step, ready)
    if ready is None:
        shelf.said(turn)
        return None
    shelf.around(turn, ready)
    return ForeseenTurn(step.index, step.stage, step.kind, step.speaker, str(ready.source))


def _turn(debate: Debate, step: Step, ready: Ready | None) -> Turn:
    stored = ready.stored if ready else None
    return Turn(
        debate=debate, number=step.index + 1, step=step.index, stage=step.stage, kind=step.kind,
        speaker=step.speaker, target=step.target, status=Turn.Status.COMPLETED,
        source=ready.source if ready else Turn.Source.LIVE,
        answer_id=stored.answer_id if stored else None,
    )

"""A turn that needs no model now is completed where it is asked for. Synchronous.

Its events are those of a turn that was written live, in the same order; readers are sent them at
the pace of somebody who writes (`routing.api.debates.stream`).
"""

import logging
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.db import transaction

from accounts.types import Caller
from routing import policy
from routing import snapshot as snapshots
from routing.cache import patterns, servings, templates
from routing.cache.patterns import Stored
from routing.debates import endings
from routing.debates.frames import brief_of_names, transition
from routing.debates.reuse import CANONICAL
from routing.debates.sharing import Sharing, is_held_out, is_shared
from routing.debates.shelf import Ready, Shelf
from routing.debates.types import Step
from routing.debates.unasked import Desk
from routing.models import BackgroundCall, Debate, Turn
from routing.snapshot import Snapshot

PIECE = re.compile(r".{24,}?(?:\s+|$)|.+$", re.DOTALL)  # ends with a word
log = logging.getLogger(__name__)


def turn_at_once(
    debate: Debate, step: Step, turns: Sequence[Turn], *, number: int, caller: Caller,
    now: datetime, idempotency_key: str,
) -> tuple[Turn | None, bool]:
    """The turn, completed; None: somebody has to write it. And whether a worker has anything to do.

    The caller holds the transaction and the debate. A store that fails costs nothing but its help.
    """
    if not (is_shared(debate, step.kind) or step.kind in templates.WRITERS):
        return None, True
    if is_held_out(debate, caller):
        return None, True
    desk = Desk(debate, caller, snapshots.latest(), now, step.stage, uuid4())
    facts = {"number": number, "idempotency_key": idempotency_key}
    try:
        with transaction.atomic():
            return _found(desk, step, turns, facts)
    except Exception:
        log.exception("debates: nothing could be looked for, for turn %d of %s", number, debate)
        return None, True


def _found(
    desk: Desk, step: Step, turns: Sequence[Turn], facts: dict[str, Any]
) -> tuple[Turn | None, bool]:
    shelf = Shelf(desk, turns)
    ready = shelf.turn(step)
    turn = _turn(desk, step, ready, facts) if ready else None
    if turn and ready:
        shelf.around(turn, ready)
    BackgroundCall.objects.bulk_create(shelf.learnt, ignore_conflicts=True)
    servings.insert(shelf.rows)  # before the events, which tell what was spent
    if turn is None or ready is None:
        return None, True
    turn.save(force_insert=True)
    endings.write_at_once(
        desk.debate, turn, pieces=PIECE.findall(turn.text), caller=desk.caller, now=desk.now,
        transition=transition(brief_of_names(desk.debate), step, seed=str(desk.debate.pk)),
        layer=ready.layer,
    )
    return turn, not shelf.is_all_known


def _turn(desk: Desk, step: Step, ready: Ready, facts: dict[str, Any]) -> Turn:
    stored, now = ready.stored, desk.now
    return Turn(
        debate=desk.debate, step=step.index, stage=step.stage, kind=step.kind,
        speaker=step.speaker, target=step.target, status=Turn.Status.COMPLETED,
        source=ready.source, attempt=1, call_id=desk.call_id, text=ready.text, is_whole=True,
        answer_id=stored.answer_id if stored else None,
        model_class=str(stored.completion.model_class) if stored else "",
        deployment=stored.completion.deployment if stored else "", **_found_for(stored),
        created_at=now, started_at=now, completed_at=now, **facts,
    )


def _found_for(stored: Stored | None) -> dict[str, Any]:
    """What a web search had found when it was written."""
    pages = list(stored.citations) if stored else []
    return {"citations": pages, "search": Turn.Search.FOUND} if pages else {}


def is_stored(
    sharing: Sharing, step: Step, *, caller: Caller, snapshot: Snapshot, now: datetime
) -> bool:
    """This turn is there, whatever was found out for it."""
    reuse = sharing.of_turn(step, ()) if step.kind in CANONICAL else None
    route = policy.usual_route(
        step.kind, tier=caller.tier, language=sharing.about.language, snapshot=snapshot
    )
    if reuse is None or not route:
        return False
    return bool(patterns.lookup(reuse, route=route, user_id=caller.user_id, now=now))

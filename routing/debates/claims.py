"""Who has a debate: a lease in its row. One worker at a time, and another one after a crash.

Synchronous. A lease runs out by itself; what a worker wrote is fenced by the turn's attempt.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from costcontrol.lib.rows import Rows, asked
from routing.debates.states import ACTIVE
from routing.models import Debate, Turn

LEASE = timedelta(seconds=10)
_debates = Rows(Debate, "")
CLAIM = (
    "UPDATE routing_debate SET worker = %s, lease_until = %s WHERE id = %s"
    f" AND (worker = %s OR lease_until IS NULL OR lease_until < %s) RETURNING {_debates.columns}"
)


@dataclass(frozen=True, slots=True)
class Glimpse:
    """What may have changed about a debate that we have."""

    is_ours: bool
    status: str
    seen_at: datetime | None
    is_cancel_asked: bool
    is_turn_asked: bool  # and not begun: nobody may have been able to tell us


def claim(debate_id: UUID, *, worker: str, now: datetime) -> bool:
    """Have it for a while, or longer. False: somebody else has it, or it is gone."""
    return claimed(debate_id, worker=worker, now=now) is not None


def claimed(debate_id: UUID, *, worker: str, now: datetime) -> Debate | None:
    """The same, and what there is to know of it."""
    found = asked(CLAIM, worker, now + LEASE, debate_id, worker, now)
    return next(iter(_debates.made_of(found)), None)


@transaction.atomic
def renew(debate_ids: Collection[UUID], *, worker: str, now: datetime) -> None:
    """Those that are being written at this moment the next time: whoever writes several has locked
    them in another order."""
    ours = Debate.objects.filter(pk__in=debate_ids, worker=worker)
    free = list(ours.select_for_update(skip_locked=True).values_list("pk", flat=True))
    Debate.objects.filter(pk__in=free).update(lease_until=now + LEASE)


def release(debate_id: UUID, *, worker: str) -> None:
    Debate.objects.filter(pk=debate_id, worker=worker).update(worker="", lease_until=None)


def to_do(*, now: datetime, limit: int) -> list[UUID]:
    """Debates with a turn that nobody works at, the oldest first."""
    free = Q(debate__lease_until=None) | Q(debate__lease_until__lt=now)
    turns = Turn.objects.filter(free, status__in=ACTIVE).order_by("created_at")
    return list(turns.values_list("debate_id", flat=True)[:limit])


def glimpses(debate_ids: Collection[UUID], *, worker: str) -> Mapping[UUID, Glimpse]:
    """Two queries, whatever their number. One that was deleted is not in it."""
    active = Turn.objects.filter(debate__in=debate_ids, status__in=ACTIVE)
    turns = list(active.values_list("debate_id", "status", "is_cancel_asked"))
    cancelled = {pk for pk, _, is_cancel_asked in turns if is_cancel_asked}
    asked = {pk for pk, status, _ in turns if status == Turn.Status.QUEUED}
    rows = Debate.objects.filter(pk__in=debate_ids).values_list("pk", "worker", "status", "seen_at")
    return {
        pk: Glimpse(owner == worker, status, seen_at, pk in cancelled, pk in asked)
        for pk, owner, status, seen_at in rows
    }

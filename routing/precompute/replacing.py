"""A newer answer in the place of an older one: the same key and number, in the transaction that
ends the old one. Synchronous."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from routing.cache import patterns
from routing.models import PrecomputeItem, StoredAnswer
from routing.types import Completion, Reuse

AGAIN_AFTER = timedelta(days=1)  # what could not be made anew, or was no good, is tried again
NO_LIMIT = 10_000  # variants: it takes the place of one, however many there are


def keep(
    item: PrecomputeItem, reuse: Reuse, completion: Completion, *, route: str, origin: str,
    cost_nanos: int, now: datetime,
) -> StoredAnswer | None:
    """What was made for an item: as another variant, or in the place of the one it replaces. None:
    there are enough by now, or that one has ended."""
    call_id = UUID(str(item.call_id))
    if item.replaces_id is not None:
        return replace_answer(
            item.replaces_id, reuse, completion, origin=origin, call_id=call_id,
            cost_nanos=cost_nanos, now=now,
        )
    return patterns.store(
        reuse, completion, route=route, origin=origin, call_id=call_id, cost_nanos=cost_nanos,
        now=now, user_id=None,
    )


@transaction.atomic
def replace_answer(
    old_id: int, reuse: Reuse, completion: Completion, *, origin: str, call_id: UUID,
    cost_nanos: int, now: datetime,
) -> StoredAnswer | None:
    """The old one stays if the new one is no good, or somebody ended it meanwhile."""
    row = StoredAnswer.objects.select_for_update().filter(pk=old_id, ended_at=None).first()
    if row is None:
        return None
    patterns.end([row.pk], why=StoredAnswer.End.REFRESHED, now=now)
    made = patterns.store(
        replace(reuse, variants=NO_LIMIT), completion, route=row.route, origin=origin,
        call_id=call_id, cost_nanos=cost_nanos, now=now, user_id=None, variant=row.variant,
    )
    if made is None:
        transaction.set_rollback(True)
    elif made.text == row.text:  # whoever was given the old one has seen it
        patterns.seen_by(made.pk, list(row.seen.values_list("user_id", flat=True)), now)
    return made


def put_off(answer_id: int, *, now: datetime) -> None:
    """Each try is paid for."""
    rows = StoredAnswer.objects.filter(pk=answer_id, ended_at=None)
    rows.update(soft_until=now + AGAIN_AFTER)

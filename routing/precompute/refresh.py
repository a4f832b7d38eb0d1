"""Answers that grow old and are still asked for are made anew, before they are too old. Async.

Between its soft and its hard end an answer is served as before. Here a newer one takes its place,
in the same transaction that ends it; the same model writes it online, with precompute's money.
What depends on one debate cannot be made without it, and ends.
"""

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import F

from costcontrol.lib import clock, database
from costcontrol.lib.errors import CostControlError
from routing import snapshot as snapshots
from routing.cache import patterns
from routing.debates.canonical import LEVELS, CannotBeMade, canonical_request
from routing.debates.errors import PhilosopherUnknown
from routing.models import StoredAnswer
from routing.precompute import money, online
from routing.precompute.ahead import cost_of
from routing.precompute.alone import alone
from routing.precompute.requests import found_for, reuse_for
from routing.precompute.usable import objection
from routing.types import Completion, ProviderCall, Reuse

log = logging.getLogger(__name__)
AT_ONCE = 20
AGAIN_AFTER = timedelta(days=1)  # what could not be made anew, or was no good, is tried again
NO_LIMIT = 10_000  # variants: it takes the place of one, however many there are
NAME = "precompute:refresh"


@dataclass(frozen=True, slots=True)
class Old:
    """An answer that is to be made anew, and how."""

    answer_id: int
    variant: int
    reuse: Reuse
    call: ProviderCall


async def refresh_answers() -> int:
    """How many were made anew. One process at a time."""
    async with alone(NAME) as is_ours:
        if not is_ours:
            return 0
        count = 0
        for old in await database.run(_old, clock.now()):
            count += await _refresh(old)
        return count


def _old(now: datetime) -> list[Old]:
    """Past their soft end, and served since: those that end first. What a user's own philosopher
    said is theirs: nobody else pays for it, or keeps what was asked."""
    if not money.is_on() or not settings.CACHE_SHARED:
        return []
    money.month_sync(now=now)
    rows = StoredAnswer.objects.filter(
        ended_at=None, soft_until__lte=now, hard_until__gt=now, kind__in=LEVELS,
        served_at__gte=F("soft_until"), owner_id=None,
    ).order_by("hard_until")[:AT_ONCE]
    return [old for row in rows if (old := _anew(row, now)) is not None]


def _anew(row: StoredAnswer, now: datetime) -> Old | None:
    """None: what it is about has changed, so its key is asked for by nobody any more."""
    known = snapshots.latest()
    deployment = known.deployment(row.deployment)
    if deployment is None or row.kind not in known.kinds:
        return None
    try:
        found = found_for(row.fields, row.variant, now=now)
        request = canonical_request(row.fields, found=found)
    except (CannotBeMade, PhilosopherUnknown):
        return None
    reuse = replace(
        reuse_for(row.fields, variant=row.variant, snapshot=known), variants=NO_LIMIT
    )
    cap = min(known.kinds[row.kind].max_output_tokens, deployment.max_output_tokens)
    return Old(row.pk, row.variant, reuse, ProviderCall(request, deployment, cap))


async def _refresh(old: Old) -> bool:
    call_id, completion = uuid4(), None
    try:
        completion = await online.ask(old.call, call_id=call_id)
    except CostControlError as error:
        log.warning("refresh: answer %d stays as it is (%s)", old.answer_id, error.message)
    if completion is not None and await database.run(_replace, old, completion, call_id):
        return True
    await database.run(_put_off, old, clock.now())
    return False


def _put_off(old: Old, now: datetime) -> None:
    """Each try is paid for."""
    rows = StoredAnswer.objects.filter(pk=old.answer_id, ended_at=None)
    rows.update(soft_until=now + AGAIN_AFTER)


@transaction.atomic
def _replace(old: Old, completion: Completion, call_id: UUID) -> bool:
    """The old one stays if the new one is no good, or somebody ended it meanwhile."""
    now, kinds = clock.now(), snapshots.latest().kinds
    row = StoredAnswer.objects.select_for_update().filter(pk=old.answer_id, ended_at=None).first()
    kind = str(old.reuse.fields["kind"])
    if row is None or objection(kind, completion.text, completion.stop_reason, kinds=kinds):
        return False
    patterns.end([row.pk], why=StoredAnswer.End.REFRESHED, now=now)
    made = patterns.store(
        old.reuse, completion, route=row.route, origin=StoredAnswer.Origin.AHEAD, call_id=call_id,
        cost_nanos=cost_of(call_id), now=now, user_id=None, variant=old.variant,
    )
    if made is None:
        transaction.set_rollback(True)
    elif made.text == row.text:  # whoever was given the old one has seen it
        patterns.seen_by(made.pk, list(row.seen.values_list("user_id", flat=True)), now)
    return made is not None

"""Answers that grow old and are still asked for are made anew, before they are too old. Async.

The same model writes them, with precompute's money: in a batch where there is time for one
(`renewals`), else online, here. What depends on one debate cannot be made without it, and ends.
"""

import logging
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID, uuid4

from costcontrol.lib import clock, database
from costcontrol.lib.errors import CostControlError
from routing import snapshot as snapshots
from routing.models import StoredAnswer
from routing.precompute import money, online, renewals, stale
from routing.precompute.ahead import cost_of
from routing.precompute.alone import alone
from routing.precompute.replacing import put_off, replace_answer
from routing.precompute.requests import found_for, pages_in, reuse_for
from routing.precompute.usable import objection
from routing.types import Completion, ProviderCall, Reuse

log = logging.getLogger(__name__)
AT_ONCE = 20
NAME = "precompute:refresh"


@dataclass(frozen=True, slots=True)
class Online:
    """An answer that is to be made anew at once, and how."""

    answer_id: int
    reuse: Reuse
    call: ProviderCall


async def refresh_answers() -> int:
    """How many were made anew at once. One process at a time; it also begins the run of those that
    have time for a batch."""
    async with alone(NAME) as is_ours:
        if not is_ours:
            return 0
        await database.run(renewals.begin, now=clock.now())
        count = 0
        for old in await database.run(_old, clock.now()):
            count += await _refresh(old)
        return count


def _old(now: datetime) -> list[Online]:
    if money.is_on():
        money.month_sync(now=now)
    return [_online(old) for old in stale.at_once(most=AT_ONCE, now=now)]


def _online(old: stale.Old) -> Online:
    row, known = old.row, snapshots.latest()
    cap = min(known.kinds[row.kind].max_output_tokens, old.deployment.max_output_tokens)
    pages = pages_in(found_for(row.fields, row.variant, now=clock.now()))
    reuse = reuse_for(row.fields, variant=row.variant, snapshot=known)
    reuse = replace(reuse, citations=pages)
    return Online(row.pk, reuse, ProviderCall(old.request, old.deployment, cap))


async def _refresh(old: Online) -> bool:
    call_id, completion = uuid4(), None
    try:
        completion = await online.ask(old.call, call_id=call_id)
    except CostControlError as error:
        log.warning("refresh: answer %d stays as it is (%s)", old.answer_id, error.message)
    if completion is not None and await database.run(_replace, old, completion, call_id):
        return True
    await database.run(put_off, old.answer_id, now=clock.now())
    return False


def _replace(old: Online, completion: Completion, call_id: UUID) -> bool:
    kind, kinds = str(old.reuse.fields["kind"]), snapshots.latest().kinds
    if objection(kind, completion.text, completion.stop_reason, kinds=kinds):
        return False
    made = replace_answer(
        old.answer_id, old.reuse, completion, origin=StoredAnswer.Origin.AHEAD, call_id=call_id,
        cost_nanos=cost_of(call_id), now=clock.now(),
    )
    return made is not None

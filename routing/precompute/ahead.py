"""What local models write: one by one, through the gateway, while nobody else is using them. Async.

An item is `sent` while it is being written. One whose process died is planned again, under another
name, when its call is closed in the ledger.
"""

import logging
import time
from datetime import datetime
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import F, Sum

from billing.holds import worst_case
from billing.models import Reservation, UsageRecord
from costcontrol.lib import clock, database
from costcontrol.lib.errors import CostControlError
from routing import snapshot as snapshots
from routing.debates.canonical import CannotBeMade
from routing.debates.errors import PhilosopherUnknown
from routing.models import PrecomputeItem, PrecomputeRun, StoredAnswer
from routing.precompute import filling, machine, money, online
from routing.precompute.alone import alone
from routing.precompute.replacing import keep
from routing.precompute.requests import NotNeeded, Wanted, wanted
from routing.precompute.usable import objection
from routing.precompute.words import code
from routing.snapshot import Snapshot
from routing.types import Completion, ModelClass

log = logging.getLogger(__name__)
WORK_S = 45.0  # a visit; the next one comes soon
NAME = "precompute:ahead"
Status = PrecomputeItem.Status
OPEN = (Reservation.State.HELD, Reservation.State.SENT)


async def work(*, seconds: float = WORK_S) -> int:
    """Write what there is until time is up or somebody needs the models. How many were written."""
    async with alone(NAME) as is_ours:
        return await _work(seconds) if is_ours else 0


async def _work(seconds: float) -> int:
    deadline, count = time.monotonic() + seconds, 0
    await database.run(recover)
    while time.monotonic() < deadline and (ready := await database.run(_next)):
        await _write(ready)
        count += 1
    return count


def _next() -> Wanted | None:
    """The next item that a local model is idle for, taken. None: there is none now."""
    if not money.is_on():
        return None
    now, known = clock.now(), snapshots.latest()
    for run in PrecomputeRun.objects.filter(status=PrecomputeRun.Status.RUNNING):
        for item in _planned(run):
            ready = _ready(run, item, known, now)
            if ready is not None and is_idle(ready) and _take(item):
                return ready
    return None


def _planned(run: PrecomputeRun) -> list[PrecomputeItem]:
    """Of the level that the run is at; the first few."""
    planned = run.items.filter(status=Status.PLANNED, batch=None)
    level = planned.order_by("level").values_list("level", flat=True).first()
    if level is None:
        return []
    items = planned.filter(level=level).order_by("pk")
    return [item for item in items[:200] if not machine.is_batched(item.deployment)][:5]


def _ready(
    run: PrecomputeRun, item: PrecomputeItem, known: Snapshot, now: datetime
) -> Wanted | None:
    try:
        ready = wanted(item, snapshot=known, now=now)
        if ready.deployment.model_class != ModelClass.LOCAL:
            filling.skip(item, code("online"))
            return None
        if run.cost_nanos + run.held_nanos + _worst(ready, known) <= run.budget_nanos:
            return ready
        filling.skip(item, code("budget"))
    except NotNeeded as why:
        filling.skip(item, code(str(why)))
    except (CannotBeMade, PhilosopherUnknown):
        filling.skip(item, code("changed"))
    return None


def _worst(ready: Wanted, known: Snapshot) -> int:
    """0 for most machines; an operator may have set what a token costs on theirs."""
    size = ready.input_tokens
    price = known.prices.price(*ready.deployment.price_key, input_tokens=size)
    return worst_case(price, input_tokens=size, output_tokens=ready.most_tokens)


def is_idle(ready: Wanted) -> bool:
    """Nobody has a call with it, in any process."""
    same = Reservation.objects.filter(
        state__in=OPEN, provider=ready.deployment.provider, model=ready.deployment.model
    )
    return not same.exists()


def _take(item: PrecomputeItem) -> bool:
    rows = PrecomputeItem.objects.filter(pk=item.pk, status=Status.PLANNED)
    return bool(rows.update(status=Status.SENT))


async def _write(ready: Wanted) -> None:
    completion, why = None, "failed"
    try:
        completion = await online.ask(ready.call, call_id=ready.item.call_id)
    except CostControlError as error:
        why = code("failed", str(error.message))
    await database.run(_close, ready, completion, why)


@transaction.atomic
def _close(ready: Wanted, completion: Completion | None, why: str) -> None:
    item = PrecomputeItem.objects.get(pk=ready.item.pk)
    spent = cost_of(item.call_id)
    answer = None
    if completion is not None:
        kinds = snapshots.latest().kinds
        why = objection(item.kind, completion.text, completion.stop_reason, kinds=kinds)
        why = code(why) if why else ""
    if completion is not None and not why:
        answer = keep(
            item, ready.reuse, completion, route=ready.route, origin=StoredAnswer.Origin.AHEAD,
            cost_nanos=spent, now=clock.now(),
        )
        why = "" if answer else code("kept")
    item.status = Status.MADE if answer else Status.FAILED
    item.answer, item.error, item.cost_nanos = answer, why[:300], spent
    item.fields = dict(ready.reuse.fields)
    item.key = answer.key if answer else item.key
    item.save()
    PrecomputeRun.objects.filter(pk=item.run_id).update(cost_nanos=F("cost_nanos") + spent)


def cost_of(call_id: UUID) -> int:
    rows = UsageRecord.objects.filter(call_id=call_id)
    return rows.aggregate(nanos=Sum("cost_nanos"))["nanos"] or 0


@transaction.atomic
def recover() -> int:
    """Items whose process died, for there is no other one now. How many."""
    rows = PrecomputeItem.objects.select_for_update().filter(status=Status.SENT, batch=None)
    count = 0
    for item in rows:
        if Reservation.objects.filter(call_id=item.call_id, state__in=OPEN).exists():
            continue  # the sweeper closes it first
        spent = cost_of(item.call_id)
        PrecomputeRun.objects.filter(pk=item.run_id).update(cost_nanos=F("cost_nanos") + spent)
        item.cost_nanos += spent
        item.status, item.call_id = Status.PLANNED, uuid4()
        item.save(update_fields=["status", "call_id", "cost_nanos"])
        count += 1
    return count

"""The end of an item: its money is settled or given back, and its row says what became of it, in
one transaction. Locks: the run, the item, then windows in the ledger's order."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from billing import ledger
from billing.models import Reservation, UsageRecord
from billing.usage import Usage
from routing.models import PrecomputeBatch, PrecomputeItem, PrecomputeRun
from routing.precompute import records
from routing.precompute.replacing import put_off
from routing.precompute.words import code

LOST = timedelta(hours=48)  # without a word from the provider
Status = PrecomputeItem.Status
OPEN = (Status.PLANNED, Status.SENT)


@dataclass(frozen=True, slots=True)
class Bill:
    """What is owed for an item, and its usage row."""

    nanos: int
    record: UsageRecord
    is_estimate: bool = False


@transaction.atomic
def close_item(
    item: PrecomputeItem, status: str, error: str, *, now: datetime, bill: Bill | None = None,
    record: UsageRecord | None = None,
) -> bool:
    """False: it was closed before, and nothing is done. `bill` None: nothing is owed, and `record`
    is the row that says so."""
    locked = lock(item)
    if locked is None:
        return False
    amount = held_for(locked)
    charged = bill.nanos if bill else 0
    if bill:
        ledger.settle(
            locked.call_id, charged=charged, usage=bill.record, is_estimate=bill.is_estimate
        )
    elif amount:
        ledger.release(locked.call_id, usage=record)
    _count(locked.run_id, held=amount, charged=charged)
    if charged and locked.replaces_id and status != Status.MADE:
        put_off(locked.replaces_id, now=now)
    locked.status, locked.error, locked.cost_nanos = status, error[:300], charged
    locked.save(update_fields=["status", "error", "cost_nanos"])
    return True


def lock(item: PrecomputeItem) -> PrecomputeItem | None:
    """In a transaction. None: somebody closed it meanwhile."""
    PrecomputeRun.objects.select_for_update(no_key=True).get(pk=item.run_id)
    rows = PrecomputeItem.objects.select_for_update()
    return rows.filter(pk=item.pk, call_id=item.call_id, status__in=OPEN).first()


def held_for(item: PrecomputeItem) -> int:
    """0: nothing was held for it yet."""
    if item.batch_id is None:
        return 0
    amounts = Reservation.objects.filter(pk=item.call_id).values_list("amount", flat=True)
    return amounts.first() or 0


def forget_hold(item: PrecomputeItem) -> None:
    """The sweeper gave it back; the run has to know."""
    _count(item.run_id, held=held_for(item), charged=0)


def _count(run_id: int, *, held: int, charged: int) -> None:
    PrecomputeRun.objects.filter(pk=run_id).update(
        held_nanos=F("held_nanos") - held, cost_nanos=F("cost_nanos") + charged
    )


def close_batch(batch: PrecomputeBatch, why: str, *, now: datetime) -> None:
    """None of it was done: everything is given back."""
    for item in batch.items.filter(status__in=OPEN):
        close_item(item, Status.FAILED, why, now=now, record=free_record(item, now=now))
    batch.status, batch.error, batch.ended_at = PrecomputeBatch.Status.READ, why[:500], now
    batch.save(update_fields=["status", "error", "ended_at"])


def lose_batch(batch: PrecomputeBatch, *, now: datetime) -> None:
    """Nobody has said what became of it for too long."""
    for item in batch.items.filter(status__in=OPEN):
        bill = estimated_bill(item, now=now)
        close_item(item, Status.EXPIRED, code("unheard"), now=now, bill=bill)
    batch.status, batch.error = PrecomputeBatch.Status.LOST, code("unheard")
    batch.ended_at = now
    batch.save(update_fields=["status", "error", "ended_at"])


def close_empty(batch: PrecomputeBatch, *, now: datetime) -> None:
    batch.status, batch.ended_at = PrecomputeBatch.Status.READ, now
    batch.save(update_fields=["status", "ended_at"])


def free_record(
    item: PrecomputeItem, *, now: datetime, error_code: str = "batch_failed"
) -> UsageRecord | None:
    """The row of an attempt for which nothing is owed. None: it was never sent."""
    row = Reservation.objects.filter(pk=item.call_id).first()
    if row is None or row.state == Reservation.State.HELD:
        return None
    return records.record_of(
        row.facts["usage"], call_id=item.call_id, held=row.amount, now=now,
        outcome=records.Outcome.FAILED, error_code=error_code,
    )


def estimated_bill(item: PrecomputeItem, *, now: datetime) -> Bill | None:
    """Nobody knows what became of it: the input, which was sent, is counted."""
    row = Reservation.objects.filter(pk=item.call_id).first()
    if row is None:
        return None
    record = records.record_of(
        row.facts["usage"], call_id=item.call_id, held=row.amount, now=now,
        usage=Usage(is_estimated=True), cost_nanos=row.progress,
        outcome=records.Outcome.INCOMPLETE, error_code="batch_lost",
    )
    return Bill(row.progress, record, is_estimate=True)

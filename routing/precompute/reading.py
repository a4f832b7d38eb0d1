"""The results of a batch into the store: partly failed, out of order, twice, or with names that
nobody knows. Each item is closed once, with its money, in one transaction; so reading may be
broken off anywhere, and begun again."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from django.db import transaction

from billing.models import Reservation
from billing.prices import cost
from billing.usage import Usage
from costcontrol.lib import clock
from costcontrol.lib.errors import ProviderError
from costcontrol.lib.money import Nanos
from routing import snapshot as snapshots
from routing import tokens
from routing.models import PrecomputeBatch, PrecomputeItem, StoredAnswer
from routing.precompute import claims, closing, records
from routing.precompute.closing import Bill
from routing.precompute.filling import BATCH
from routing.precompute.replacing import keep
from routing.precompute.requests import found_for, pages_in, reuse_for, route_of
from routing.precompute.usable import objection
from routing.precompute.words import code
from routing.providers.batches import Batches, BatchResult, Fate
from routing.snapshot import Snapshot
from routing.types import Chunk, Completion, StopReason

AT_ONCE = 50  # results between two renewals of the claim
ITEM_OF = {
    Fate.FAILED: (PrecomputeItem.Status.FAILED, "failed"),
    Fate.EXPIRED: (PrecomputeItem.Status.EXPIRED, "expired"),
    Fate.CANCELLED: (PrecomputeItem.Status.SKIPPED, "cancelled"),
}
Status = PrecomputeItem.Status


@dataclass(slots=True)
class Seen:
    """What a pass over the results came across."""

    ours: set[str] = field(default_factory=set)
    twice: int = 0
    unknown: int = 0
    unreadable: int = 0

    @property
    def counts(self) -> dict[str, int]:
        found = {"twice": self.twice, "unknown": self.unknown, "unreadable": self.unreadable}
        return {name: count for name, count in found.items() if count}


def read(batch: PrecomputeBatch, provider: Batches, *, now: datetime) -> None:
    """Under a claim, after it has ended."""
    seen, names = Seen(), _names(batch)
    try:
        for at, result in enumerate(provider.results(batch.provider_id)):
            if at % AT_ONCE == AT_ONCE - 1:
                claims.renew(batch, now=clock.now())
            _take(batch, result, names, seen, now=now)
    except ProviderError as error:
        claims.later(batch, now=now, error=code("reading", str(error.message)))
        return
    if seen.unknown and not seen.ours and names:
        _disown(batch, seen, now=now)
        return
    _close_missing(batch, seen, now=now)
    batch.status, batch.error = PrecomputeBatch.Status.READ, ""
    batch.counts = {**batch.counts, **seen.counts}
    batch.save(update_fields=["status", "error", "counts"])


def _names(batch: PrecomputeBatch) -> dict[str, int]:
    """Also of those that are closed: a second pass knows them."""
    return {call_id.hex: pk for pk, call_id in batch.items.values_list("pk", "call_id")}


def _take(
    batch: PrecomputeBatch, result: BatchResult, names: dict[str, int], seen: Seen, *,
    now: datetime,
) -> None:
    name = result.custom_id
    if name not in names:
        seen.unknown += bool(name)
        seen.unreadable += not name
        return
    if name in seen.ours:
        seen.twice += 1
        return
    seen.ours.add(name)
    item = PrecomputeItem.objects.get(pk=names[name])
    if item.status in closing.OPEN:
        _close(item, result, now=now)


def _close(item: PrecomputeItem, result: BatchResult, *, now: datetime) -> None:
    if result.fate == Fate.ANSWERED and result.chunk is not None:
        _answered(item, result.chunk, now=now)
        return
    if result.fate not in ITEM_OF:
        bill = closing.estimated_bill(item, now=now)
        closing.close_item(item, Status.FAILED, code("garbled"), now=now, bill=bill)
        return
    status, why = ITEM_OF[result.fate]
    record = closing.free_record(item, now=now, error_code=f"batch_{why}")
    closing.close_item(item, status, code(why, result.why), now=now, record=record)


def _answered(item: PrecomputeItem, chunk: Chunk, *, now: datetime) -> None:
    """Billed in any case; stored if it is whole and can be used."""
    snapshot = snapshots.latest()
    usage, nanos, bill = _bill(item, chunk, snapshot, now=now)
    kinds = snapshot.kinds
    why = objection(item.kind, chunk.text, chunk.stop_reason, kinds=kinds)
    with transaction.atomic():
        locked = closing.lock(item)
        if locked is None:
            return
        answer = None if why else _stored(locked, chunk, usage, nanos, snapshot, now=now)
        if answer is None and not why:
            why = "gone" if locked.replaces_id else "kept"
        status = Status.MADE if answer else Status.FAILED
        closing.close_item(locked, status, code(why) if why else "", now=now, bill=bill)
        PrecomputeItem.objects.filter(pk=item.pk).update(
            answer=answer, key=answer.key if answer else item.key
        )


def _bill(
    item: PrecomputeItem, chunk: Chunk, snapshot: Snapshot, *, now: datetime
) -> tuple[Usage, int, Bill]:
    deployment = snapshot.deployment(item.deployment)
    row = Reservation.objects.get(pk=item.call_id)
    usage = chunk.usage or Usage()
    if not usage.is_reported:
        written = tokens.estimate_output(chunk.text, deployment) if deployment else 0
        usage = replace(usage, output_tokens=written, is_estimated=True)
    key = deployment.price_key if deployment else (row.provider, row.model)
    price = snapshot.prices.price(*key, input_tokens=usage.input_tokens, processing=BATCH)
    nanos = cost(usage, price)
    if usage.is_estimated:
        nanos = Nanos(min(row.amount, nanos + row.progress))
    record = records.record_of(
        row.facts["usage"], call_id=item.call_id, price=price, held=row.amount, now=now,
        usage=usage, cost_nanos=nanos, stop_reason=chunk.stop_reason or "",
    )
    return usage, nanos, Bill(nanos, record, is_estimate=usage.is_estimated)


def _stored(
    item: PrecomputeItem, chunk: Chunk, usage: Usage, nanos: int, snapshot: Snapshot, *,
    now: datetime,
) -> StoredAnswer | None:
    deployment = snapshot.deployment(item.deployment)
    if deployment is None:
        return None
    completion = Completion(
        chunk.text.replace("\0", "\ufffd"), StopReason.STOP, usage, deployment.name,
        deployment.model_class, chunk.served_model, call_id=str(item.call_id),
    )
    found = found_for(item.fields, item.variant, now=now)
    reuse = reuse_for(item.fields, variant=item.variant, snapshot=snapshot)
    reuse = replace(reuse, citations=pages_in(found))
    return keep(
        item, reuse, completion, route=route_of(deployment), origin=StoredAnswer.Origin.BATCH,
        cost_nanos=nanos, now=now,
    )


def _close_missing(batch: PrecomputeBatch, seen: Seen, *, now: datetime) -> None:
    """One of the lines that cannot be read may be theirs: then they may have been billed."""
    for item in batch.items.filter(status__in=closing.OPEN):
        if seen.unreadable:
            bill = closing.estimated_bill(item, now=now)
            closing.close_item(item, Status.FAILED, code("garbled"), now=now, bill=bill)
            continue
        record = closing.free_record(item, now=now, error_code="batch_missing")
        closing.close_item(item, Status.FAILED, code("missing"), now=now, record=record)


@transaction.atomic
def _disown(batch: PrecomputeBatch, seen: Seen, *, now: datetime) -> None:
    """We took another's batch for ours, as vendors let nobody put a name on one. Ours is looked
    for again, or handed in."""
    ours = PrecomputeBatch.objects.create(
        run_id=batch.run_id, deployment=batch.deployment, level=batch.level,
        status=PrecomputeBatch.Status.PLANNED, created_at=batch.created_at, tries=batch.tries,
        next_at=now,
    )
    batch.items.update(batch=ours)
    ours.items.filter(status=Status.SENT).update(status=Status.PLANNED)
    batch.status, batch.error, batch.ended_at = (
        PrecomputeBatch.Status.LOST, code("foreign"), now
    )
    batch.counts = {**batch.counts, **seen.counts}
    batch.save(update_fields=["status", "error", "ended_at", "counts"])

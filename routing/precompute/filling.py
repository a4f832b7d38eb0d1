"""Items into a batch, each with its money held: the worst case, in every window or in none.

Few at a time, so that nobody waits long for the database. Under the lock of the run: two processes
take turns. An item of the batch is still `planned`; what is held for it is in the ledger, under
its `call_id`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F, QuerySet

from billing import ledger
from billing.holds import holds_of, worst_case
from billing.ledger import Attempt
from billing.prices import Price, cost
from billing.usage import Usage
from routing import snapshot as snapshots
from routing.debates.canonical import CannotBeMade
from routing.debates.errors import PhilosopherUnknown
from routing.models import PrecomputeBatch, PrecomputeItem, PrecomputeRun
from routing.precompute import money, records
from routing.precompute.requests import NotNeeded, Wanted, wanted
from routing.precompute.words import code
from routing.snapshot import Snapshot

BATCH = "batch"  # what the price book calls it
MOST_ITEMS = 5_000  # a batch; vendors take ten times as many
AT_ONCE = 25
HELD_S = 30 * 3600.0  # until it is sent; then it is held anew for as long as a batch may take
Status = PrecomputeItem.Status


@dataclass(frozen=True, slots=True)
class Prepared:
    """An item, what it can cost at most, and at which price."""

    wanted: Wanted
    price: Price
    worst: int
    floor: int


def fill(run: PrecomputeRun, deployment: str, level: int, *, now: datetime) -> str:
    """Put what is planned into the open batch, as far as the money reaches. Why no more fits:
    "budget" (the run's own), "month" (the month's, or the platform's), "stopped"; or nothing."""
    while True:
        items = list(_planned(run, deployment, level)[:AT_ONCE])
        batch = _open_batch(run, deployment, level)
        has_room = batch is None or batch.items.count() < MOST_ITEMS
        if not items or not has_room:
            return ""
        snapshot = snapshots.latest()
        prepared = _prepare_all(run, items, snapshot, now)
        try:
            full = _add(run, deployment, level, prepared, snapshot=snapshot, now=now)
        except ledger.StaleBook:
            snapshots.forget()
            continue
        if full:
            return full


def _planned(
    run: PrecomputeRun, deployment: str, level: int
) -> QuerySet[PrecomputeItem]:
    return run.items.filter(
        status=Status.PLANNED, batch=None, deployment=deployment, level=level
    ).order_by("pk")


def _open_batch(run: PrecomputeRun, deployment: str, level: int) -> PrecomputeBatch | None:
    return run.batches.filter(
        status=PrecomputeBatch.Status.PLANNED, deployment=deployment, level=level, next_at=None
    ).first()


def _prepare_all(
    run: PrecomputeRun, items: Sequence[PrecomputeItem], snapshot: Snapshot, now: datetime
) -> list[Prepared]:
    """Outside of any transaction: prompts are written here. Those not needed are skipped."""
    found = []
    for item in items:
        try:
            found.append(prepared_of(wanted(item, snapshot=snapshot, now=now), snapshot))
        except NotNeeded as why:
            skip(item, code(str(why)))
        except (CannotBeMade, PhilosopherUnknown):
            skip(item, code("changed"))
    return found


def prepared_of(wanted: Wanted, snapshot: Snapshot) -> Prepared:
    price = snapshot.prices.price(
        *wanted.deployment.price_key, input_tokens=wanted.input_tokens, processing=BATCH
    )
    sizes = {"input_tokens": wanted.input_tokens}
    searched = cost(Usage(searches=wanted.call.request.max_searches), price)
    return Prepared(
        wanted, price, searched + worst_case(price, **sizes, output_tokens=wanted.most_tokens),
        worst_case(price, **sizes, output_tokens=0),
    )


def skip(item: PrecomputeItem, why: str) -> None:
    rows = PrecomputeItem.objects.filter(pk=item.pk, status=Status.PLANNED)
    rows.update(status=Status.SKIPPED, error=why, batch=None)


@transaction.atomic
def _add(
    run: PrecomputeRun, deployment: str, level: int, prepared: Sequence[Prepared], *,
    snapshot: Snapshot, now: datetime,
) -> str:
    """Why no more fits; what fitted stays. Raises StaleBook."""
    locked = PrecomputeRun.objects.select_for_update(no_key=True).get(pk=run.pk)
    if locked.status != PrecomputeRun.Status.RUNNING:
        return "stopped"
    still = set(_planned(run, deployment, level).values_list("pk", flat=True)[: 4 * AT_ONCE])
    batch = _open_batch(run, deployment, level) or PrecomputeBatch(
        run=run, deployment=deployment, level=level, created_at=now,
        status=PrecomputeBatch.Status.PLANNED,
    )
    for each in prepared:
        if each.wanted.item.pk not in still:  # another process was faster
            continue
        if full := _hold(locked, each, snapshot=snapshot, now=now):
            return full
        if batch.pk is None:
            batch.save()
        PrecomputeItem.objects.filter(pk=each.wanted.item.pk).update(
            batch=batch, fields=dict(each.wanted.reuse.fields)
        )
    return ""


def _hold(locked: PrecomputeRun, each: Prepared, *, snapshot: Snapshot, now: datetime) -> str:
    """Which money does not reach; empty: it is held."""
    if locked.cost_nanos + locked.held_nanos + each.worst > locked.budget_nanos:
        return "budget"
    item, deployment = each.wanted.item, each.wanted.deployment
    facts = records.facts_of(
        each.wanted, run_id=locked.pk, complexity=str(snapshot.kinds[item.kind].complexity)
    )
    windows = money.windows_of(deployment.provider, book=snapshot.book, now=now)
    reserved = ledger.reserve(
        item.call_id, holds=holds_of(windows, each.worst), amount=each.worst,
        attempt=Attempt(item.call_id, deployment.provider, deployment.model, {"usage": facts}),
        lease_s=HELD_S, book_version=snapshot.book.version,
    )
    if not reserved.is_admitted:
        return "month"
    if not reserved.is_repeat:
        locked.held_nanos += each.worst
        PrecomputeRun.objects.filter(pk=locked.pk).update(
            held_nanos=F("held_nanos") + each.worst
        )
    return ""

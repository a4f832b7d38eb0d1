"""A run, step by step: fill -> send -> ask -> read, level by level. Called every few seconds.

All it knows stands in rows, so any process may take the next step, and one that dies is followed
by another. The steps: docs/precompute.md.
"""

import logging
from datetime import datetime, timedelta

from costcontrol.lib.errors import ProviderError
from routing import snapshot as snapshots
from routing.models import PrecomputeBatch, PrecomputeItem, PrecomputeRun
from routing.precompute import claims, closing, filling, reading, sending, sizes
from routing.precompute.words import code
from routing.providers.batches import Batches, batches_of, takes_batches

log = logging.getLogger(__name__)
LATE = timedelta(hours=26)  # a batch ends after 24 hours; then it is cancelled
LOCAL_TIME = timedelta(hours=24)  # that idle local models have for their part
Batch = PrecomputeBatch.Status
Item = PrecomputeItem.Status
Run = PrecomputeRun.Status
GOING = (Run.RUNNING, Run.STOPPING)
OVER = (Batch.READ, Batch.LOST)


def step_all(*, now: datetime) -> int:
    """How many runs are under way. One that fails does not keep the others."""
    runs = list(PrecomputeRun.objects.filter(status__in=GOING).values_list("pk", flat=True))
    for pk in runs:
        try:
            step(pk, now=now)
        except Exception:  # it is tried again in a moment
            log.exception("precompute: a step of run %s failed", pk)
    return len(runs)


def step(run_id: int, *, now: datetime) -> bool:
    """False: the run is over."""
    run = PrecomputeRun.objects.get(pk=run_id)
    if run.status not in GOING:
        return False
    if run.status == Run.STOPPING:
        _withdraw(run)
    for batch in run.batches.exclude(status__in=OVER):
        batch_step(batch, now=now)
    if run.batches.exclude(status__in=OVER).exists():
        return True
    if run.status == Run.STOPPING:
        return _finish(run, Run.STOPPED, now=now)
    return _next_level(run, now=now)


def _next_level(run: PrecomputeRun, *, now: datetime) -> bool:
    planned = run.items.filter(status=Item.PLANNED)
    level = planned.order_by("level").values_list("level", flat=True).first()
    if level is None:
        return _finish(run, Run.FINISHED, now=now)
    names = planned.filter(level=level).values_list("deployment", flat=True).distinct()
    for name in sorted(names):
        _fill_and_send(run, name, level, now=now)
    return True


def _fill_and_send(run: PrecomputeRun, deployment: str, level: int, *, now: datetime) -> None:
    left = run.items.filter(
        status=Item.PLANNED, deployment=deployment, level=level, batch=None
    )
    if not is_batched(deployment):
        if run.started_at is None or now - run.started_at > LOCAL_TIME:
            left.update(status=Item.SKIPPED, error=code("busy"))
        return
    full = filling.fill(run, deployment, level, now=now)
    made = run.batches.filter(status=Batch.PLANNED, deployment=deployment, level=level)
    if not made.exists() and full in ("budget", "month"):
        left.update(status=Item.SKIPPED, error=code(full))
    for batch in made:
        batch_step(batch, now=now)


def is_batched(name: str) -> bool:
    """A local server may speak the API of a vendor who takes batches: there is no price for it."""
    known = snapshots.latest()
    deployment = known.deployment(name)
    return deployment is None or sizes.is_batched(deployment, known.prices)


def batch_step(batch: PrecomputeBatch, *, now: datetime) -> None:
    """Whatever is next for one batch, if nobody else has it."""
    if batch.status in OVER or not claims.claim(batch, now=now):
        return
    deployment = snapshots.latest().deployment(batch.deployment)
    if deployment is None or not takes_batches(deployment):
        _without_model(batch, now=now)
        return
    provider = batches_of(deployment)
    try:
        _do(batch, provider, now=now)
    finally:
        provider.close()


def _do(batch: PrecomputeBatch, provider: Batches, *, now: datetime) -> None:
    is_stopping = batch.run.status == Run.STOPPING
    match batch.status:
        case Batch.PLANNED if is_stopping:
            sending.withdraw(batch, provider, now=now)
        case Batch.PLANNED:
            sending.send(batch, provider, now=now)
        case Batch.SENT:
            _ask(batch, provider, is_stopping=is_stopping, now=now)
        case Batch.ENDED:
            reading.read(batch, provider, now=now)


def _ask(
    batch: PrecomputeBatch, provider: Batches, *, is_stopping: bool, now: datetime
) -> None:
    age = now - (batch.sent_at or batch.created_at)
    try:
        state = provider.status(batch.provider_id)
        if not state.is_ended and (is_stopping or age > LATE):
            _cancel(batch, provider)
    except ProviderError as error:
        log.warning("precompute: batch %s was not heard of (%s)", batch.pk, error.message)
        return _unheard(batch, code("unsent", str(error.message)), age, now=now)
    if not state.is_ended:
        return _unheard(batch, "", age, now=now)
    if state.refusal:
        return closing.close_batch(batch, code("refused", state.refusal), now=now)
    batch.status, batch.ended_at = Batch.ENDED, now
    batch.save(update_fields=["status", "ended_at"])
    return reading.read(batch, provider, now=now)


def _cancel(batch: PrecomputeBatch, provider: Batches) -> None:
    """Once. What is done by then still comes back, and is kept."""
    if batch.counts.get("cancelled"):
        return
    provider.cancel(batch.provider_id)
    batch.counts = {**batch.counts, "cancelled": 1}
    batch.save(update_fields=["counts"])


def _unheard(batch: PrecomputeBatch, why: str, age: timedelta, *, now: datetime) -> None:
    if age <= closing.LOST:
        return claims.later(batch, now=now, error=why)
    return closing.lose_batch(batch, now=now)


def _without_model(batch: PrecomputeBatch, *, now: datetime) -> None:
    """Staff switched the deployment off: what was not sent is given back, the rest waits for it to
    come back."""
    if batch.status == Batch.PLANNED and not batch.tries:
        return closing.close_batch(batch, code("deployment"), now=now)
    age = now - (batch.sent_at or batch.created_at)
    return _unheard(batch, code("deployment"), age, now=now)


def _withdraw(run: PrecomputeRun) -> None:
    """What is in no batch yet needs nobody's word. Batches: one by one, under their claims."""
    run.items.filter(status=Item.PLANNED, batch=None).update(
        status=Item.SKIPPED, error=code("stopped")
    )


def _finish(run: PrecomputeRun, status: str, *, now: datetime) -> bool:
    """False, as there is no more to do."""
    made = run.items.filter(status=Item.MADE).exists()
    note = "" if made else code("nothing")
    rows = PrecomputeRun.objects.filter(pk=run.pk, status__in=GOING)
    is_failed = status == Run.FINISHED and not made
    rows.update(
        status=Run.FAILED if is_failed else status, finished_at=now, note=note
    )
    return False

"""What people do with runs: estimate one, start it, stop it. Each leaves an audit row."""

from datetime import datetime
from uuid import uuid4

from django.db import transaction

from accounts.services import audit
from costcontrol.lib.errors import Conflict
from costcontrol.lib.sentences import Sentence as _
from routing.models import PrecomputeItem, PrecomputeRun
from routing.precompute import money
from routing.precompute.estimate import Choice, as_json, estimate
from routing.precompute.orders import Order
from routing.snapshot import Snapshot

Status = PrecomputeRun.Status
ROWS_AT_ONCE = 500


def run_estimate(
    order: Order, *, snapshot: Snapshot, actor: str, user_id: int | None, now: datetime
) -> PrecomputeRun:
    """A draft: nothing is asked of anybody until it is started. What the month has left is looked
    at, unless precompute is off: then it is only an estimate."""
    month = money.month(now=now)
    left = month.left if month.is_on else order.budget_nanos
    made = estimate(order, snapshot=snapshot, month_left_nanos=left, now=now)
    with transaction.atomic():
        run = PrecomputeRun.objects.create(
            status=Status.ESTIMATED, created_by=user_id, created_at=now,
            order=order.as_json(), estimate=as_json(made, now=now),
            budget_nanos=order.budget_nanos,
        )
        items = [item for choice in made.chosen for item in items_of(run, choice)]
        PrecomputeItem.objects.bulk_create(
            items, batch_size=ROWS_AT_ONCE, ignore_conflicts=True
        )
        audit(actor, "precompute_estimate", name_of(run), None, run.estimate["totals"])
    return run


def items_of(run: PrecomputeRun, choice: Choice) -> list[PrecomputeItem]:
    bundle = choice.bundle
    return [
        PrecomputeItem(
            run=run, call_id=uuid4(), key=part.key, variant=number, level=part.level,
            kind=part.kind, topic_key=bundle.topic.pk, language=bundle.language,
            deployment=part.deployment, fields=dict(part.fields),
            expected_uses=bundle.expected, status=PrecomputeItem.Status.PLANNED,
        )
        for part, number in zip(choice.parts, choice.numbers, strict=True)
    ]


def run_start(run: PrecomputeRun, *, actor: str, now: datetime) -> PrecomputeRun:
    """Raises Conflict with what to do instead. Started twice, it runs once."""
    if not money.is_on():
        raise Conflict(
            _("Precompute is off. Set PRECOMPUTE_MONTHLY_USD to what may be spent on it a month, "
              "and start the server again.")
        )
    money.month_sync(now=now)
    with transaction.atomic():
        locked = PrecomputeRun.objects.select_for_update().get(pk=run.pk)
        if locked.status != Status.ESTIMATED:
            raise Conflict(_("This run was started before. Make a new estimate for another one."))
        if not locked.items.exists():
            raise Conflict(
                _("There is nothing in it that pays for itself. Choose a longer horizon, more "
                  "topics or a larger budget.")
            )
        locked.status, locked.started_at = Status.RUNNING, now
        locked.save(update_fields=["status", "started_at"])
        audit(actor, "precompute_start", name_of(run), None, {"budget_nanos": run.budget_nanos})
    return locked


@transaction.atomic
def run_stop(run: PrecomputeRun, *, actor: str) -> PrecomputeRun:
    """What is at a provider is cancelled there; what comes back all the same is kept."""
    locked = PrecomputeRun.objects.select_for_update().get(pk=run.pk)
    if locked.status != Status.RUNNING:
        raise Conflict(_("This run is not running."))
    locked.status = Status.STOPPING
    locked.save(update_fields=["status"])
    audit(actor, "precompute_stop", name_of(run))
    return locked


@transaction.atomic
def run_delete(run: PrecomputeRun, *, actor: str) -> None:
    """An estimate that nobody started."""
    locked = PrecomputeRun.objects.select_for_update().get(pk=run.pk)
    if locked.status != Status.ESTIMATED:
        raise Conflict(_("Only an estimate that was not started can be deleted."))
    audit(actor, "precompute_delete", name_of(run))
    locked.delete()


def name_of(run: PrecomputeRun) -> str:
    return f"precompute run {run.pk}"

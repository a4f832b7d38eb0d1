"""Usage rows that are old enough go; what was added up of them stays.

Only whole months go (UTC), and only once every one of their hours is added up in every table. From
then on these hours count as they are: no rollup and no rebuilding touches them again. The ledger,
which is what money is counted by, keeps all of its entries.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Q

from billing import partitions, rollups
from billing.corrections_failing import STUCK
from billing.hours import hour_of, start_of
from billing.models import LateRow, PriceCorrection, RollupState, UsageRecord
from billing.months import Month, month_at
from costcontrol.lib.errors import Conflict
from costcontrol.lib.sentences import Sentence as _

BATCH = 5_000
Progress = Callable[[int, int], None]  # rows done, rows to do


@dataclass(frozen=True, slots=True)
class Plan:
    """Rows of before `month` go; how many there are."""

    month: Month
    rows: int


def plan(keep_months: int, *, now: datetime) -> Plan:
    """The running month is kept, and as many whole ones before it."""
    if keep_months < 1:
        raise Conflict(_("Usage rows of one month at least are kept."))
    month = month_at(now).plus(-keep_months)
    return Plan(month, UsageRecord.objects.filter(at__lt=month.start).count())


def kept_since() -> datetime | None:
    """Calls from before have no usage rows any more. None: all of them have."""
    hour = RollupState.objects.values_list("rows_from", flat=True).first()
    return None if hour is None else start_of(hour)


def retire(plan: Plan, *, now: datetime, progress: Progress | None = None) -> int:
    """Safe to repeat, and to go on with where it was stopped. Returns how many rows went."""
    if not plan.rows:
        return 0
    rollups.catch_up(now=now)
    _close(hour_of(plan.month.start))
    gone = _dropped(plan, progress)
    while count := _deleted(plan.month.start):
        gone += count
        if progress:
            progress(min(gone, plan.rows), plan.rows)
    return gone


@transaction.atomic
def _close(hour: int) -> None:
    """From here on the hours before are never added up again."""
    state = RollupState.objects.select_for_update().first()
    if state is None or state.frontier < hour or state.slices_from or state.days_from:
        raise Conflict(_(
            "Not all old hours are added up yet. Run `manage.py rollup`, then try again."
        ))
    if LateRow.objects.filter(hour__gte=state.rows_from or 0, hour__lt=hour).exists():
        raise Conflict(_("Late rows are still being added up. Try again in a minute."))
    if _are_corrected(start_of(hour)):
        raise Conflict(_("Prices of old calls are being corrected. Try again when that is done."))
    if hour > (state.rows_from or 0):
        state.rows_from = hour
        state.save(update_fields=["rows_from"])


def _are_corrected(before: datetime) -> bool:
    """Also by one that has still to take out what another had posted, and could not so far: without
    these rows it never could."""
    rows = PriceCorrection.objects.filter(Q(state=PriceCorrection.State.POSTING) | STUCK)
    return rows.filter(start__lt=before).exists()


def _dropped(plan: Plan, progress: Progress | None) -> int:
    """Whole partitions. What the lock could not be had for is deleted row by row."""
    if not partitions.is_on():
        return 0
    gone = 0
    for month in partitions.months():
        if month >= plan.month:
            break
        rows = UsageRecord.objects.filter(at__gte=month.start, at__lt=month.plus(1).start).count()
        if partitions.drop(month):
            gone += rows
        if progress:
            progress(gone, plan.rows)
    return gone


@transaction.atomic
def _deleted(before: datetime) -> int:
    """Some of what is left, the oldest first; calls get their turn between the batches."""
    old = UsageRecord.objects.filter(at__lt=before).order_by("at").values_list("pk", flat=True)
    ids = list(old[:BATCH])
    if not ids:
        return 0
    marks = ", ".join(["%s"] * len(ids))
    at = connection.ops.adapt_datetimefield_value(before)
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM billing_usagerecord WHERE id IN ({marks}) AND at < %s", [*ids, at]
        )
    LateRow.objects.filter(hour__lt=hour_of(before)).delete()  # of the rows that went just now
    return len(ids)

"""Attempts that were booked at the old price after a correction had passed their time.

A call that is between two attempts when posting begins holds nothing, so nobody sees that it is
under way; its next attempt is booked at the price that it was planned with, at the time at which
the call came in. A correction whose range ends near its posting looks for such rows for a while.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef

from billing.corrections import later_than
from billing.corrections_failing import FOR_GOOD, words_of
from billing.corrections_posting import lock, meant, note, post
from billing.corrections_rows import book_of, changed, changes_of
from billing.models import PriceCorrection, UsageRecord

LIFE = timedelta(hours=1)  # of a call, with all that it tries
log = logging.getLogger(__name__)


def late_until(correction: PriceCorrection, *, now: datetime) -> datetime | None:
    """Of one that is posted to its end now. None: no call of its range was there any more."""
    begun = correction.posted_at
    if correction.takes_back_id or begun is None or correction.end <= begun - LIFE:
        return None
    return now + LIFE


def look(*, now: datetime) -> None:
    """Correct what came since. The last look is after the time, however late it comes."""
    waiting = PriceCorrection.objects.filter(
        state=PriceCorrection.State.DONE, late_until__isnull=False
    )
    for correction in waiting.order_by("posted_at", "pk"):
        for row in missed(correction):
            _correct(correction, row, now)
        PriceCorrection.objects.filter(pk=correction.pk, late_until__lte=now).update(
            late_until=None
        )


def missed(correction: PriceCorrection) -> list[UsageRecord]:
    """Booked since posting began, and not corrected: few, for they came in before its end."""
    begun = correction.posted_at
    if begun is None or correction.since_id is None:
        return []
    made = UsageRecord.objects.filter(
        correction_id=correction.pk, corrects_id=OuterRef("pk"), at=OuterRef("at")
    )
    rows = meant(correction, book_of(correction)).filter(
        ~Exists(made), at__gte=begun - LIFE, id__gt=correction.since_id
    )
    if correction.failed_call is not None:
        rows = rows.exclude(call_id=correction.failed_call)
    return list(rows.order_by("at", "id"))


def _correct(correction: PriceCorrection, row: UsageRecord, now: datetime) -> None:
    """A row that cannot be corrected is said, and left."""
    try:
        with transaction.atomic():
            _one(correction, row)
    except FOR_GOOD as error:
        log.exception("%s: an attempt that came later cannot be corrected", correction)
        PriceCorrection.objects.filter(pk=correction.pk).update(
            failure=words_of(error), failed_call=row.call_id
        )


def _one(known: PriceCorrection, row: UsageRecord) -> None:
    lock()
    correction = PriceCorrection.objects.select_for_update().get(pk=known.pk)
    if _is_of_others(correction, row, later_than(correction)):
        return
    changes = changes_of([row], correction, book_of(correction))
    post(correction, note(correction, changed(changes)))


def _is_of_others(
    correction: PriceCorrection, row: UsageRecord, later: Sequence[PriceCorrection]
) -> bool:
    """Those were posted after it: the last one says what is right."""
    return any(each.start <= row.at < each.end for each in later)

"""What both do that correct attempts: the pass over a range, and the look for what came later.

Each change is in one transaction with the rows of differences, the ledger's entries and the sums of
the correction.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection
from django.db.models import F, QuerySet

from billing import corrections_ledger, ledger
from billing.corrections_parts import add_parts
from billing.corrections_rows import Change, changed, row_of
from billing.models import PriceCorrection, UsageRecord
from billing.prices import Price
from billing.retention import kept_since

ONE_AT_A_TIME = 0x70726963  # a lock of PostgreSQL, for all corrections


def lock() -> None:
    """A row is read together with its corrections and corrected again: nobody comes in between.
    SQLite has one writer, which is us."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ONE_AT_A_TIME])


def meant(correction: PriceCorrection, book: Mapping[int, Price]) -> QuerySet[UsageRecord]:
    """Booked at the price in question. What cost nothing by itself has no price: caches,
    refusals."""
    kept = kept_since()
    start = max(correction.start, kept) if kept else correction.start
    return UsageRecord.objects.filter(at__gte=start, at__lt=correction.end, price_id__in=list(book))


def newest_id() -> int:
    found = UsageRecord.objects.order_by("-id").values_list("id", flat=True).first()
    return found or 0


def note(correction: PriceCorrection, changes: Sequence[Change], **more: Any) -> list[Change]:
    """What these changes come to, in the sums of the correction. Those that change something."""
    wrong = changed(changes)
    add_parts(correction, changes)
    difference = sum(each.difference.cost_nanos for each in wrong)
    PriceCorrection.objects.filter(pk=correction.pk).update(
        seen=F("seen") + len(changes), changed=F("changed") + len(wrong),
        difference_nanos=F("difference_nanos") + difference, **more,
    )
    return wrong


def post(correction: PriceCorrection, wrong: Sequence[Change]) -> None:
    """Usage first, windows last: others wait for those."""
    ledger.insert_usage([row_of(each, correction) for each in wrong])
    corrections_ledger.charge({
        each.row.reservation_id: each.right.cost_nanos for each in wrong
        if each.row.reservation_id is not None and each.difference.cost_nanos
    })

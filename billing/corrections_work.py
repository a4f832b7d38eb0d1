"""Counting and posting corrections, some rows at a time. Only workers call `work`.

Each piece is one transaction: rows of differences, the ledger's entries, the sums of the
correction, and how far it is. A worker that dies leaves nothing half done, and the next one goes
on; two at once follow one another, piece by piece. Corrections are posted in the order in which
people posted them.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from django.db import DataError, connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from billing import corrections_ledger, ledger
from billing.corrections import State, correction_drop
from billing.corrections_parts import add_parts
from billing.corrections_rows import Change, book_of, changed, changes_of, row_of
from billing.models import PriceCorrection, Reservation, UsageRecord
from billing.prices import Price
from billing.retention import kept_since

ROWS_AT_ONCE = 200  # windows that all calls share are locked for so long
SETTLED_AFTER = timedelta(minutes=2)  # a call that came in before may get its room later
LEASE = timedelta(minutes=5)  # of a call; batches have longer ones, and are booked when they end
ONE_AT_A_TIME = 0x70726963  # a lock of PostgreSQL, for all corrections
UNDER_WAY = (Reservation.State.HELD, Reservation.State.SENT)
TOO_LARGE = "the sums are larger than a database holds"
log = logging.getLogger(__name__)


def work(clock: Callable[[], datetime]) -> None:
    """All that can be done. It may take hours, so the time is asked for each piece."""
    while step(now=clock()):
        pass


def step(*, now: datetime) -> bool:
    """Some rows of whichever correction is next. False: there is none, or it has to wait."""
    correction = _next(now)
    if correction is None:
        return False
    advance(correction, now=now)
    return True


def _next(now: datetime) -> PriceCorrection | None:
    """Those to be posted first. None of them passes one that has to wait."""
    first = _posting().first()
    if first is not None and not is_early(first, now=now):
        return first
    return PriceCorrection.objects.filter(state=State.COUNTING).order_by("pk").first()


def _posting() -> QuerySet[PriceCorrection]:
    return PriceCorrection.objects.filter(state=State.POSTING).order_by("posted_at", "pk")


def is_early(correction: PriceCorrection, *, now: datetime) -> bool:
    """Calls of its range may still be under way: they are booked at the wrong price later."""
    until = correction.end + SETTLED_AFTER
    if now < until:
        return True
    since_then = Reservation.objects.filter(  # a call may be tried again elsewhere, minutes later
        call_id=OuterRef("call_id"), created_ms__lt=until.timestamp() * 1000
    )
    return Reservation.objects.exclude(provider="").filter(
        Exists(since_then), state__in=UNDER_WAY,
        lease_until_ms__lt=(now + LEASE).timestamp() * 1000,
    ).exists()


def advance(known: PriceCorrection, *, now: datetime) -> None:
    """The next rows, or its end. Nothing, if somebody else was quicker. What comes to more than a
    database holds, by a slip in a number, is dropped: others wait for it to be counted."""
    try:
        _advance(known, now=now)
    except (OverflowError, DataError):
        if known.state != State.COUNTING:
            raise
        log.exception("%s cannot be counted", known)
        correction_drop(known, actor="costcontrol", now=now, reason=TOO_LARGE)


def _advance(known: PriceCorrection, *, now: datetime) -> None:
    book = book_of(known)
    rows = _next_rows(known, book)  # a look that may take long, so before anything is locked
    with transaction.atomic():
        _lock()
        locked = PriceCorrection.objects.select_for_update().get(pk=known.pk)
        if _progress(locked) != _progress(known):
            return
        if locked.state == State.POSTING and _posting().first() != locked:
            return
        if rows:
            _do(locked, rows, book)
        else:
            _end(locked, now)


def _progress(correction: PriceCorrection) -> tuple[str, datetime | None, int | None]:
    return correction.state, correction.place_at, correction.place_id


def _lock() -> None:
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


def _next_rows(correction: PriceCorrection, book: Mapping[int, Price]) -> list[UsageRecord]:
    rows = meant(correction, book)
    at, pk = correction.place_at, correction.place_id
    if at is not None:
        rows = rows.filter(Q(at__gt=at) | Q(id__gt=pk), at__gte=at)
    return list(rows.order_by("at", "id")[:ROWS_AT_ONCE])


def _do(
    correction: PriceCorrection, rows: Sequence[UsageRecord], book: Mapping[int, Price]
) -> None:
    changes = changes_of(rows, correction, book)
    wrong = changed(changes)
    add_parts(correction, changes)
    difference = sum(each.difference.cost_nanos for each in wrong)
    PriceCorrection.objects.filter(pk=correction.pk).update(
        place_at=rows[-1].at, place_id=rows[-1].pk, seen=F("seen") + len(rows),
        changed=F("changed") + len(wrong), difference_nanos=F("difference_nanos") + difference,
    )
    if correction.state == State.POSTING:
        _post(correction, wrong)  # at the end, for it locks windows


def _post(correction: PriceCorrection, wrong: Sequence[Change]) -> None:
    """Usage first, windows last: others wait for those."""
    ledger.insert_usage([row_of(each, correction) for each in wrong])
    corrections_ledger.charge({
        each.row.reservation_id: each.right.cost_nanos for each in wrong
        if each.row.reservation_id is not None and each.difference.cost_nanos
    })


def _end(correction: PriceCorrection, now: datetime) -> None:
    is_posted = correction.state == State.POSTING
    correction.state = State.DONE if is_posted else State.COUNTED
    correction.ended_at = now if is_posted else None
    correction.save(update_fields=["state", "ended_at"])

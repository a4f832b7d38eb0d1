"""Counting and posting corrections, some rows at a time. Only workers call `work`.

Each piece is one transaction: rows of differences, the ledger's entries, the sums of the
correction, and how far it is. A worker that dies leaves nothing half done, and the next one goes
on; two at once follow one another, piece by piece. Corrections are posted in the order in which
people posted them.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from django.db import DataError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from billing import corrections_late
from billing.corrections import State, correction_drop
from billing.corrections_failing import FOR_GOOD, WE, failed, without_stuck, words_of
from billing.corrections_posting import lock, meant, newest_id, note, post
from billing.corrections_rows import book_of, changes_of
from billing.models import PriceCorrection, Reservation, UsageRecord
from billing.prices import Price

ROWS_AT_ONCE = 200  # windows that all calls share are locked for so long
SETTLED_AFTER = timedelta(minutes=2)  # a call that came in before may get its room later
LEASE = timedelta(minutes=5)  # of a call; batches have longer ones, and are booked when they end
UNDER_WAY = (Reservation.State.HELD, Reservation.State.SENT)
TOO_LARGE = "the sums are larger than a database holds"
log = logging.getLogger(__name__)


def work(clock: Callable[[], datetime]) -> None:
    """All that can be done. It may take hours, so the time is asked for each piece."""
    while step(now=clock()):
        pass
    corrections_late.look(now=clock())


def step(*, now: datetime) -> bool:
    """Some rows of whichever correction is next. False: there is none, or it has to wait."""
    correction = _next(now)
    if correction is None:
        return False
    advance(correction, now=now)
    return True


def _next(now: datetime) -> PriceCorrection | None:
    """Those to be posted first. None of them passes one that has to wait for calls."""
    first = _posting().first()
    if first is not None and not is_early(first, now=now):
        return first
    return PriceCorrection.objects.filter(state=State.COUNTING).order_by("pk").first()


def _posting() -> QuerySet[PriceCorrection]:
    rows = PriceCorrection.objects.filter(state=State.POSTING)
    return without_stuck(rows).order_by("posted_at", "pk")


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
    """The next rows, or its end. Nothing, if somebody else was quicker. One that cannot go on is
    over, and the others go on."""
    try:
        _advance(known, now=now, most=ROWS_AT_ONCE)
    except FOR_GOOD as error:
        log.exception("%s cannot go on", known)
        if known.state == State.COUNTING:
            _not_counted(known, error, now)
        else:
            _to_its_failure(known, now)


def _not_counted(known: PriceCorrection, error: Exception, now: datetime) -> None:
    """A slip in a number comes to more than a database holds. Nothing of it is in the books."""
    is_large = isinstance(error, OverflowError | DataError)
    correction_drop(known, actor=WE, now=now, reason=TOO_LARGE if is_large else words_of(error))
    PriceCorrection.objects.filter(pk=known.pk).update(failure=words_of(error))


def _to_its_failure(known: PriceCorrection, now: datetime) -> None:
    """Row by row, so that the one is known that cannot be corrected."""
    for _row in range(ROWS_AT_ONCE):
        try:
            _advance(known, now=now, most=1)
        except FOR_GOOD as error:
            rows = _next_rows(known, book_of(known), most=1)
            failed(known, error, row=rows[0] if rows else None, now=now)
            return
        known.refresh_from_db()
        if known.state != State.POSTING:
            return


def _advance(known: PriceCorrection, *, now: datetime, most: int) -> None:
    book = book_of(known)
    is_first = known.state == State.POSTING and known.since_id is None
    newest = newest_id() if is_first else 0  # before the look: what is booked later is greater
    rows = _next_rows(known, book, most=most)  # it may take long, so before anything is locked
    with transaction.atomic():
        lock()
        locked = PriceCorrection.objects.select_for_update().get(pk=known.pk)
        if _progress(locked) != _progress(known):
            return
        if locked.state == State.POSTING and _posting().first() != locked:
            return
        if is_first:
            _since(locked, newest)
        if rows:
            _do(locked, rows, book)
        else:
            _end(locked, now)


def _since(correction: PriceCorrection, newest: int) -> None:
    correction.since_id = newest
    correction.save(update_fields=["since_id"])


def _progress(correction: PriceCorrection) -> tuple[str, datetime | None, int | None]:
    return correction.state, correction.place_at, correction.place_id


def _next_rows(
    correction: PriceCorrection, book: Mapping[int, Price], *, most: int
) -> list[UsageRecord]:
    rows = meant(correction, book)
    at, pk = correction.place_at, correction.place_id
    if at is not None:
        rows = rows.filter(Q(at__gt=at) | Q(id__gt=pk), at__gte=at)
    return list(rows.order_by("at", "id")[:most])


def _do(
    correction: PriceCorrection, rows: Sequence[UsageRecord], book: Mapping[int, Price]
) -> None:
    changes = changes_of(rows, correction, book)
    wrong = note(correction, changes, place_at=rows[-1].at, place_id=rows[-1].pk)
    if correction.state == State.POSTING:
        post(correction, wrong)  # at the end, for it locks windows


def _end(correction: PriceCorrection, now: datetime) -> None:
    is_posted = correction.state == State.POSTING
    correction.state = State.DONE if is_posted else State.COUNTED
    correction.ended_at = now if is_posted else None
    correction.late_until = corrections_late.late_until(correction, now=now) if is_posted else None
    correction.save(update_fields=["state", "ended_at", "late_until"])

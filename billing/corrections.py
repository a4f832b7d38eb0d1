"""A price in the book was wrong for a while: what people do about it. Each step is audited.

A correction is asked for and counted; whoever looked at its effect posts it or drops it. Nothing
that was booked is changed: rows of differences are added (`corrections_work`).
"""

from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import transaction

from accounts.services import audit, snapshot
from billing import retention
from billing.corrections_failing import KEY, is_undo, undo_of
from billing.models import ModelPrice, PriceCorrection
from costcontrol.lib.errors import BadRequest, Conflict
from costcontrol.lib.sentences import Sentence as _

State = PriceCorrection.State
OPEN = (State.COUNTING, State.POSTING)  # a worker is, or will be, at it
SAME = (
    "start", "end", "fresh_input", "cache_read", "cache_write", "output", "search_usd", "source",
    "source_date", "reason",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RightPrice:
    """USD per million tokens, and who says so."""

    fresh_input: Decimal
    cache_read: Decimal
    cache_write: Decimal
    output: Decimal
    search_usd: Decimal
    source: str
    source_date: date


@transaction.atomic
def correction_make(
    price: ModelPrice, right: RightPrice, *, start: datetime, end: datetime, reason: str,
    actor: str, now: datetime,
) -> PriceCorrection:
    """It waits to be counted. Raises BadRequest."""
    if not start < end <= now:
        raise BadRequest(_("The range has to begin before it ends, and to end now at the latest."))
    check_kept(start)
    made = PriceCorrection.objects.create(
        **{name: getattr(price, name) for name in KEY}, **asdict(right), start=start, end=end,
        reason=reason, made_by=actor[:254], made_at=now,
    )
    audit(actor, "price_correction", str(made), None, snapshot(made), reason=reason)
    return made


def check_kept(start: datetime) -> None:
    """Raises BadRequest: calls whose rows are gone cannot be corrected one by one."""
    kept = retention.kept_since()
    if kept is not None and start < kept:
        raise BadRequest(
            _("Calls from before %(when)s UTC are not kept any more. Begin there or later.")
            % {"when": f"{kept:%Y-%m-%d %H:%M}"}
        )


@transaction.atomic
def take_back_make(
    correction: PriceCorrection, *, reason: str, actor: str, now: datetime
) -> PriceCorrection:
    """The opposite of one that was posted. Raises Conflict."""
    found = PriceCorrection.objects.select_for_update().get(pk=correction.pk)
    check_kept(found.start)
    _check_last(found)
    made = PriceCorrection.objects.create(
        **{name: getattr(found, name) for name in KEY}, start=found.start, end=found.end,
        takes_back=found, reason=reason, made_by=actor[:254], made_at=now,
    )
    audit(actor, "price_correction_take_back", str(found), None, snapshot(made), reason=reason)
    return made


def later_than(correction: PriceCorrection) -> list[PriceCorrection]:
    """Posted, or to be posted, after it, over some of the same calls. One that failed is not in the
    books as soon as it is taken out."""
    posted = PriceCorrection.objects.filter(
        **{name: getattr(correction, name) for name in KEY},
        start__lt=correction.end, end__gt=correction.start,
    ).exclude(pk=correction.pk).select_related("takes_back")
    since = correction.posted_at
    return [
        each for each in posted
        if since and each.posted_at and each.posted_at >= since and _is_in_books(each)
    ]


def _is_in_books(correction: PriceCorrection) -> bool:
    if is_undo(correction):
        return correction.state in (State.POSTING, State.FAILED)
    return correction.state in (State.POSTING, State.DONE)


def _check_last(correction: PriceCorrection) -> None:
    if correction.state != State.DONE or correction.takes_back_id:
        raise Conflict(_("Only a correction that is posted can be taken back."))
    if later_than(correction):
        raise Conflict(_(
            "Some of these calls were corrected again after it. Correct them to the right price "
            "instead."
        ))


@transaction.atomic
def correction_post(correction: PriceCorrection, *, actor: str, now: datetime) -> PriceCorrection:
    """From here on a worker posts it. Twice at once: one of them. Raises Conflict."""
    same = _locked_like(correction)
    found = same[correction.pk]
    if found.state != State.COUNTED:
        raise Conflict(_("This correction is not waiting to be posted. Look at its state."))
    if found.takes_back:
        _check_last(found.takes_back)
    check_kept(found.start)
    counted = {"changed": found.changed, "difference_nanos": found.difference_nanos}
    found.parts.all().delete()
    _begin(found, State.POSTING)
    before = [each.posted_at + timedelta.resolution for each in same.values() if each.posted_at]
    found.posted_by, found.posted_at = actor[:254], max([now, *before])
    found.save()
    audit(actor, "price_correction_post", str(found), counted, None, reason=found.reason)
    return found


def _locked_like(correction: PriceCorrection) -> dict[int, PriceCorrection]:
    """All of the same price: what is posted at the same moment is seen, and comes in one order."""
    rows = PriceCorrection.objects.filter(**{name: getattr(correction, name) for name in KEY})
    return {row.pk: row for row in rows.select_for_update().order_by("pk")}


@transaction.atomic
def correction_drop(
    correction: PriceCorrection, *, actor: str, now: datetime, reason: str = ""
) -> None:
    """Nothing of it is in the books. Raises Conflict."""
    found = PriceCorrection.objects.select_for_update(no_key=True).get(pk=correction.pk)
    if found.state not in (State.COUNTING, State.COUNTED, State.FAILED):
        raise Conflict(_("It is posted, or dropped already. What is posted can be taken back."))
    if found.state == State.FAILED:
        _check_taken_out(found)
    found.state, found.ended_at = State.DROPPED, now
    found.save(update_fields=["state", "ended_at"])
    audit(actor, "price_correction_drop", str(found), reason=reason)


@transaction.atomic
def correction_retry(
    correction: PriceCorrection, *, actor: str, now: datetime
) -> PriceCorrection:
    """One that failed: the same is asked for anew, counted, and posted by whoever says so. What
    takes the posted part of another one out goes on where it stopped. Raises Conflict."""
    found = PriceCorrection.objects.select_for_update(no_key=True).get(pk=correction.pk)
    if found.state != State.FAILED:
        raise Conflict(_("Only a correction that could not be posted is tried again."))
    if is_undo(found):
        found.state, found.ended_at = State.POSTING, None
        found.failure, found.failed_call = "", None
        made = found
    else:
        _check_taken_out(found)
        check_kept(found.start)
        found.state, found.ended_at = State.DROPPED, now
        made = PriceCorrection.objects.create(
            **{name: getattr(found, name) for name in (*KEY, *SAME)}, takes_back=found.takes_back,
            made_by=actor[:254], made_at=now,
        )
    found.save()
    audit(actor, "price_correction_retry", str(found), None, snapshot(made), reason=found.reason)
    return made


def _check_taken_out(failed: PriceCorrection) -> None:
    if is_undo(failed):
        raise Conflict(_(
            "It takes out what another correction had posted when it failed, so it is not dropped. "
            "Let it try again."
        ))
    undo = undo_of(failed)
    if undo and undo.state != State.DONE:
        raise Conflict(_(
            "What was posted of it is still being taken out of the books, by correction "
            "%(number)d. Wait until that is done."
        ) % {"number": undo.pk})


def _begin(correction: PriceCorrection, state: str) -> None:
    correction.state, correction.place_at, correction.place_id = state, None, None
    correction.seen = correction.changed = correction.difference_nanos = 0

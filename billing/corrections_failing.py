"""A correction that cannot be posted to its end: it fails alone, and leaves nothing in the books.

What it had posted is taken out by a correction of its own, which comes next, before anybody else's:
so nothing was made of it meanwhile. Should that one fail too, whatever is posted later at the same
price waits until somebody lets it go on, because its figures would be taken for right ones.
"""

from datetime import datetime, timedelta

from django.db import DataError, IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.services import audit
from billing.models import PriceCorrection, UsageRecord

WE = "costcontrol"
FOR_GOOD = (  # the same again would come to the same; a database that is away is none of it
    DataError, IntegrityError, ArithmeticError, LookupError, TypeError, ValueError,
)
State = PriceCorrection.State
UNDONE = (State.FAILED, State.DROPPED)
STUCK = Q(state=State.FAILED, takes_back__state__in=UNDONE)  # an undo that could not go on
KEY = ("provider", "model", "processing", "min_input_tokens")


def is_undo(correction: PriceCorrection) -> bool:
    """It takes out what another one had posted when it failed."""
    return correction.takes_back is not None and correction.takes_back.state in UNDONE


def undo_of(correction: PriceCorrection) -> PriceCorrection | None:
    if correction.state not in UNDONE:
        return None
    return correction.taken_back_by.order_by("pk").first()


def without_stuck(rows: QuerySet[PriceCorrection]) -> QuerySet[PriceCorrection]:
    """But for those of a price of which a part is still to be taken out, and cannot be."""
    stuck = PriceCorrection.objects.filter(STUCK, **{name: OuterRef(name) for name in KEY})
    return rows.filter(~Exists(stuck))


@transaction.atomic
def failed(
    known: PriceCorrection, error: Exception, *, row: UsageRecord | None, now: datetime
) -> None:
    """It is over, or it is stuck if it takes something out. Nothing, if it went on meanwhile."""
    found = PriceCorrection.objects.select_for_update(of=("self",)).select_related(
        "takes_back"
    ).get(pk=known.pk)
    if (found.state, found.place_id) != (known.state, known.place_id):
        return
    found.state, found.ended_at = State.FAILED, now
    found.failure, found.failed_call = words_of(error), row.call_id if row else None
    found.save(update_fields=["state", "ended_at", "failure", "failed_call"])
    if found.changed and found.place_at and not is_undo(found):
        _undo(found, now)
    audit(WE, "price_correction_fail", str(found), reason=found.failure)


def words_of(error: Exception) -> str:
    """For whoever looks for the cause."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:400]


def _undo(failed: PriceCorrection, now: datetime) -> None:
    place = failed.place_at
    PriceCorrection.objects.create(
        **{name: getattr(failed, name) for name in KEY}, start=failed.start,
        end=min(failed.end, place + timedelta.resolution) if place else failed.end,
        takes_back=failed, reason=failed.reason, made_by=WE, made_at=now, posted_by=WE,
        posted_at=failed.posted_at, state=State.POSTING,
    )

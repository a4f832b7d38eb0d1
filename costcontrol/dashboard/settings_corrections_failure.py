"""What the page of a correction says that could not be posted to its end, or not all of it."""

from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext as _

from billing import corrections_failing
from billing.models import PriceCorrection

State = PriceCorrection.State
TOO_LARGE = ("OverflowError", "DataError")
REFUSED = ("IntegrityError",)


@dataclass(frozen=True, slots=True)
class Failure:
    """`left`: the correction that still has to take out what was posted. `takes_out`: this one."""

    why: str
    detail: str
    call_id: UUID | None
    left: PriceCorrection | None
    undo: PriceCorrection | None
    takes_out: bool
    is_partial: bool
    may_retry: bool
    may_drop: bool

    @property
    def is_stuck(self) -> bool:
        return self.left is not None and self.left.state == State.FAILED


def failure_of(row: PriceCorrection) -> Failure | None:
    """None: nothing of it has failed."""
    if not row.failure:
        return None
    undo, is_over = corrections_failing.undo_of(row), row.state == State.FAILED
    takes_out = corrections_failing.is_undo(row)
    left = undo if undo and undo.state != State.DONE else None
    return Failure(
        why=_why(row.failure), detail=row.failure, call_id=row.failed_call, left=left, undo=undo,
        takes_out=takes_out, is_partial=row.state in (State.FAILED, State.DROPPED),
        may_retry=is_over and left is None, may_drop=is_over and left is None and not takes_out,
    )


def _why(failure: str) -> str:
    if failure.startswith(TOO_LARGE):
        return _(
            "An amount is larger than a database holds. Look at the numbers of the correction: one "
            "may have some zeros too many."
        )
    if failure.startswith(REFUSED):
        return _(
            "The database refuses it, by a rule that keeps the books right: for example, no "
            "budget has spent less than nothing. Look at the budgets of this call."
        )
    return _("It cannot be reckoned what this attempt should have cost. Look at the call.")


def is_held_up(row: PriceCorrection) -> bool:
    """It waits until an older one of the same price is taken out of the books."""
    if row.state != State.POSTING:
        return False
    own = PriceCorrection.objects.filter(pk=row.pk)
    return not corrections_failing.without_stuck(own).exists()

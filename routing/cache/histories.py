"""The life of one stored answer: who made it, whom it served, what it saved, how it ended."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from billing.models import UsageRecord
from routing.models import StoredAnswer

MOST = 200  # servings shown, the newest first


@dataclass(frozen=True, slots=True)
class Serving:
    """One call that was answered with it. `saved_nanos` None: no baseline was known."""

    call_id: UUID
    at: datetime
    user_id: int
    tier: str
    debate_id: str
    layer: str
    saved_nanos: int | None


@dataclass(frozen=True, slots=True)
class Rated:
    user_id: int
    rating: int
    at: datetime


@dataclass(frozen=True, slots=True)
class History:
    """`answer` says by which call it was made, when and from what, and how it ended."""

    answer: StoredAnswer
    servings: tuple[Serving, ...]
    has_more: bool
    ratings: tuple[Rated, ...]
    seen_by: int


def history(answer_id: int, *, most: int = MOST) -> History | None:
    """None: there is no such answer, or not any more."""
    answer = StoredAnswer.objects.filter(pk=answer_id).first()
    if answer is None:
        return None
    rows = UsageRecord.objects.filter(answer_id=answer_id, outcome=UsageRecord.Outcome.CACHED)
    servings = [_serving(row) for row in rows.order_by("-at")[: most + 1]]
    ratings = answer.ratings.order_by("-at")[:most]
    return History(
        answer, tuple(servings[:most]), len(servings) > most,
        tuple(Rated(rated.user_id, rated.rating, rated.at) for rated in ratings),
        answer.seen.count(),
    )


def _serving(row: UsageRecord) -> Serving:
    return Serving(
        row.call_id, row.at, row.user_id, row.tier, row.debate_id, row.cache_layer,
        row.baseline_nanos,
    )

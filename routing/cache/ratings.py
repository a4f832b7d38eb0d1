"""What users think of a stored answer. Enough bad ratings end it."""

from datetime import datetime

from django.conf import settings
from django.db import transaction

from routing.cache.endings import End, end
from routing.models import AnswerRating, StoredAnswer


@transaction.atomic
def rate(
    answer_id: int, *, user_id: int, rating: int, is_staff: bool, now: datetime
) -> bool:
    """1, -1, or 0 to take it back; the last one counts. True: this ended the answer."""
    row = StoredAnswer.objects.select_for_update().filter(pk=answer_id).first()
    if row is None:
        return False
    _note(row, user_id=user_id, rating=rating, now=now)
    ratings = list(AnswerRating.objects.filter(answer=row).values_list("rating", flat=True))
    row.ups, row.downs = ratings.count(1), ratings.count(-1)
    row.save(update_fields=["ups", "downs"])
    is_bad = rating < 0 and (is_staff or _are_too_bad(row))
    return is_bad and bool(end([row.pk], why=End.RATED, now=now))


def _note(row: StoredAnswer, *, user_id: int, rating: int, now: datetime) -> None:
    if not rating:
        AnswerRating.objects.filter(answer=row, user_id=user_id).delete()
        return
    AnswerRating.objects.update_or_create(
        answer=row, user_id=user_id, defaults={"rating": 1 if rating > 0 else -1, "at": now}
    )


def _are_too_bad(row: StoredAnswer) -> bool:
    """Several people say so, and they are more than half."""
    return row.downs >= settings.CACHE_BAD_RATINGS and row.downs > row.ups

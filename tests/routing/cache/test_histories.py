"""What can be told of one stored answer."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from billing.models import UsageRecord
from routing.cache import patterns, servings
from routing.cache.histories import history
from routing.models import StoredAnswer
from tests.routing.cache.answers import NOW, reuse_of, stored, taken

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
OPENING = reuse_of()


def answer_make() -> StoredAnswer:
    row = stored(OPENING, "Know thyself.", user_id=1)
    assert row is not None
    return row


def serving(
    answer: StoredAnswer, *, user_id: int, saved: int | None = 700, at: datetime = NOW
) -> UsageRecord:
    return UsageRecord(
        call_id=uuid4(), attempt=0, at=at, user_id=user_id, tier="premium", debate_id="d1",
        requested_model="auto", outcome="cached", confidence="exact", cache_layer="pattern",
        answer_id=answer.pk, baseline_nanos=saved,
    )


def test_history_names_maker_servings_savings_and_ratings() -> None:
    answer = answer_make()
    taken(OPENING, user_id=2)
    servings.insert([serving(answer, user_id=2), serving(answer, user_id=3, saved=None)])
    patterns.rate(answer.pk, user_id=2, rating=1, is_staff=False, now=NOW)
    told = history(answer.pk)
    assert told is not None
    assert (told.answer.call_id, told.answer.fields) == (answer.call_id, OPENING.fields)
    assert sorted((each.user_id, each.saved_nanos) for each in told.servings) == [
        (2, 700), (3, None),
    ]
    assert [(each.user_id, each.rating) for each in told.ratings] == [(2, 1)]
    assert (told.answer.served, told.answer.saved_nanos, told.seen_by) == (2, 700, 2)
    assert told.answer.served_at == NOW


def test_history_of_a_popular_answer_is_bounded_and_says_so() -> None:
    answer = answer_make()
    later = [NOW + timedelta(minutes=n) for n in range(5)]
    servings.insert([serving(answer, user_id=n, at=at) for n, at in enumerate(later)])
    told = history(answer.pk, most=3)
    assert told is not None
    assert [each.at for each in told.servings] == later[:1:-1]
    assert told.has_more


def test_answer_that_ended_still_has_a_history() -> None:
    answer = answer_make()
    patterns.purge(patterns.Scope(everything=True), now=NOW)
    told = history(answer.pk)
    assert told is not None
    assert told.answer.ended_why == "purged"
    assert history(answer.pk + 1) is None


def test_rows_that_no_stored_answer_is_behind_count_for_none() -> None:
    answer = answer_make()
    refused = serving(answer, user_id=2)
    refused.outcome = "refused"
    exact = serving(answer, user_id=2)
    exact.answer_id = None
    servings.insert([refused, exact])
    answer.refresh_from_db()
    assert (answer.served, answer.served_at) == (0, None)
    assert UsageRecord.objects.count() == 2

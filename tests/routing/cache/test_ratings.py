"""Ratings of stored answers, and which of them end one."""

import pytest
from pytest_django import Settings

from routing.cache.ratings import rate
from routing.models import StoredAnswer
from tests.routing.cache.answers import NOW, looked_up, reuse_of, stored

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
OPENING = reuse_of()


@pytest.fixture
def answer() -> StoredAnswer:
    row = stored(OPENING, "Know thyself.")
    assert row is not None
    return row


def rated(answer: StoredAnswer, user_id: int, rating: int, *, is_staff: bool = False) -> bool:
    return rate(answer.pk, user_id=user_id, rating=rating, is_staff=is_staff, now=NOW)


def votes(answer: StoredAnswer) -> tuple[int, int]:
    answer.refresh_from_db()
    return answer.ups, answer.downs


def test_one_bad_rating_of_a_user_ends_nothing(answer: StoredAnswer) -> None:
    assert not rated(answer, 1, -1)
    assert votes(answer) == (0, 1)
    assert looked_up(OPENING, user_id=2) is not None


def test_second_user_who_finds_it_bad_ends_it(answer: StoredAnswer) -> None:
    rated(answer, 1, -1)
    assert rated(answer, 2, -1)
    answer.refresh_from_db()
    assert answer.ended_why == "rated"
    assert looked_up(OPENING, user_id=3) is None


def test_one_user_who_says_it_often_counts_once(answer: StoredAnswer) -> None:
    assert [rated(answer, 1, -1) for _ in range(5)] == [False] * 5
    assert votes(answer) == (0, 1)


def test_as_many_good_ratings_as_bad_ones_keep_it(answer: StoredAnswer) -> None:
    for user_id in (1, 2):
        rated(answer, user_id, 1)
    assert [rated(answer, user_id, -1) for user_id in (3, 4)] == [False, False]
    assert rated(answer, 5, -1)
    assert votes(answer) == (2, 3)


def test_member_of_staff_ends_it_alone(answer: StoredAnswer) -> None:
    for user_id in (1, 2):
        rated(answer, user_id, 1)
    assert not rated(answer, 9, 1, is_staff=True)
    assert rated(answer, 9, -1, is_staff=True)


def test_mind_that_is_changed_counts_as_it_is_now(answer: StoredAnswer) -> None:
    rated(answer, 1, -1)
    rated(answer, 1, 1)
    assert votes(answer) == (1, 0)
    rated(answer, 1, 0)
    assert votes(answer) == (0, 0)


def test_how_many_it_takes_is_the_operators_to_say(
    answer: StoredAnswer, settings: Settings
) -> None:
    settings.CACHE_BAD_RATINGS = 1
    assert rated(answer, 1, -1)


def test_answer_that_is_gone_cannot_be_rated() -> None:
    assert not rate(10**12, user_id=1, rating=-1, is_staff=True, now=NOW)

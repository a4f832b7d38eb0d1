"""Several at once: nobody takes another one's number, nobody is given one text twice."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from routing.models import AnswerSeen, StoredAnswer
from tests.billing.conftest import append_only as append_only
from tests.billing.conftest import committed as committed
from tests.routing.cache.answers import reuse_of, stored, taken, text_of

pytestmark = [pytest.mark.usefixtures("committed"), pytest.mark.postgresql]
OPENING = reuse_of(variants=3)
AT_ONCE = 8


def at_once(work: Callable[[int], Any]) -> list[Any]:
    """In threads of their own, which begin together."""
    together = Barrier(AT_ONCE)

    def run(number: int) -> Any:
        try:
            together.wait(10)
            return work(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(run, range(AT_ONCE)))


def test_eight_who_store_at_once_make_three_variants() -> None:
    rows = at_once(lambda number: stored(OPENING, f"text {number}"))
    kept = [row for row in rows if row]
    assert sorted(row.variant for row in kept) == [0, 1, 2]
    assert StoredAnswer.objects.count() == 3


def test_eight_who_want_the_same_number_make_one() -> None:
    rows = at_once(lambda number: stored(OPENING, f"text {number}", variant=1))
    assert len([row for row in rows if row]) == 1


def test_user_who_asks_eight_times_at_once_is_given_each_text_once() -> None:
    for text in ("first", "second", "third"):
        stored(OPENING, text)
    found = at_once(lambda _number: text_of(taken(OPENING)))
    assert sorted(text for text in found if text) == ["first", "second", "third"]
    assert found.count(None) == AT_ONCE - 3
    assert AnswerSeen.objects.count() == 3

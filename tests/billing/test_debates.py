"""A debate is counted once, when it is opened."""

from datetime import timedelta
from uuid import uuid4

import pytest

from accounts.types import Payer
from billing import debates, ledger
from billing.budgets import Rule
from billing.debates import Opener
from billing.holds import NoRoom
from billing.models import Reservation, Window
from tests.billing.books import NOW, counters, entries

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
TWO_A_DAY = Rule("user", "7", "debates", "day", 2)


def take(debate_id: str, *, user_id: int = 7, days: int = 0) -> None:
    opener = Opener(Payer("user", "7"), user_id, debate_id, uuid4())
    debates.take(TWO_A_DAY, opener, now=NOW + timedelta(days=days))


def taken() -> list[int]:
    return list(Window.objects.order_by("start").values_list("spent", flat=True))


def test_a_debate_is_counted_when_its_first_call_comes() -> None:
    take("d1")
    assert counters(Window.objects.get()) == (1, 0)
    assert ledger.differences() == []


def test_its_other_calls_are_part_of_it() -> None:
    take("d1")
    take("d1")
    assert taken() == [1]


def test_other_processes_know_that_it_is_taken() -> None:
    take("d1")
    debates._taken.clear()
    assert not debates.is_taken(7, "d1")
    take("d1")
    assert taken() == [1]
    assert debates.is_taken(7, "d1")


def test_the_last_debate_of_the_day_is_given_and_the_next_refused() -> None:
    take("d1")
    take("d2")
    with pytest.raises(NoRoom) as refused:
        take("d3")
    assert refused.value.windows[0].rule == TWO_A_DAY
    assert not debates.is_taken(7, "d3")
    assert taken() == [2]


def test_a_debate_that_is_open_goes_on_when_the_day_is_used_up_or_over() -> None:
    take("d1")
    take("d2")
    debates._taken.clear()
    take("d1")
    take("d1", days=1)
    assert sum(taken()) == 2


def test_the_next_day_has_debates_of_its_own() -> None:
    take("d1")
    take("d2")
    take("d3", days=1)
    assert taken() == [2, 1]


def test_debates_of_two_users_with_the_same_name_are_two() -> None:
    take("d1")
    take("d1", user_id=8)
    assert taken() == [2]


def test_a_debate_leaves_no_open_reservation_that_a_sweeper_could_give_back() -> None:
    take("d1")
    assert set(Reservation.objects.values_list("state", flat=True)) == {ledger.State.SETTLED}


# --- given back ------------------------------------------------------------------------------


def test_a_debate_is_given_back_once() -> None:
    take("d1")
    assert debates.give_back(7, "d1")
    assert not debates.give_back(7, "d1")
    assert taken() == [0]
    assert entries(Window.objects.get()) == [("settle", 1), ("refund", -1)]
    assert ledger.differences() == []


def test_what_was_never_taken_is_not_given_back() -> None:
    take("d1")
    assert not debates.give_back(8, "d1")
    assert not debates.give_back(7, "d2")
    assert taken() == [1]


def test_a_debate_is_given_back_to_the_day_that_it_was_taken_from() -> None:
    take("d1")
    take("d2", days=1)
    debates.give_back(7, "d1")
    assert taken() == [0, 1]


def test_a_debate_that_was_given_back_and_goes_on_all_the_same_is_counted_again() -> None:
    take("d1")
    debates.give_back(7, "d1")
    take("d1")
    take("d1")
    assert taken() == [1]
    assert not debates.give_back(7, "d1")
    assert ledger.differences() == []


def test_the_place_of_a_debate_that_was_given_back_is_anothers() -> None:
    take("d1")
    take("d2")
    debates.give_back(7, "d1")
    take("d3")
    with pytest.raises(NoRoom):
        take("d1")
    assert taken() == [2]

"""Money held for a debate: its calls find room where nobody else does, and all of it comes back."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from billing import debate_holds, draws, ledger, ledger_sql
from billing.debate_holds import Wanted
from billing.draws import Draw
from billing.holds import NoRoom
from billing.ledger import Attempt, StaleBook, State
from billing.models import Reservation
from tests.billing.books import (
    NOW,
    counters,
    held,
    lease_end,
    reserve,
    state_of,
    window_make,
)
from tests.billing.debate_money import amounts, draw, hold, price, ref

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]


# --- holding and giving back -----------------------------------------------------------------


def test_what_is_held_is_nobody_elses() -> None:
    window, debate = window_make(100), uuid4()
    hold(debate, window, stage=30, finish=50)
    assert counters(window) == (0, 80)
    assert not reserve(window, amount=21)[1].is_admitted
    assert reserve(window, amount=20)[1].is_admitted


def test_all_that_is_wanted_is_held_or_nothing() -> None:
    window, debate = window_make(100), uuid4()
    with pytest.raises(NoRoom) as refused:
        hold(debate, window, stage=60, finish=50)
    assert [full.id for full in refused.value.windows] == [window.pk]
    assert counters(window) == (0, 0)
    assert debate_holds.kept(debate) == []


def test_a_name_that_is_held_anew_takes_the_place_of_what_was_held() -> None:
    window, debate = window_make(100), uuid4()
    hold(debate, window, stage=60, finish=40)
    hold(debate, window, stage=90, finish=10)
    assert amounts(debate) == {"stage": 90, "finish": 10}
    assert counters(window) == (0, 100)


def test_without_room_for_more_it_keeps_what_it_had() -> None:
    window, debate = window_make(100), uuid4()
    hold(debate, window, stage=60)
    with pytest.raises(NoRoom):
        hold(debate, window, stage=101)
    assert amounts(debate) == {"stage": 60}
    assert counters(window) == (0, 60)


def test_nothing_is_held_for_models_that_cost_nothing() -> None:
    window, debate = window_make(0), uuid4()
    hold(debate, window, stage=0, finish=0)
    assert debate_holds.kept(debate) == []


def test_nothing_is_held_where_no_window_counts_money() -> None:
    debate = uuid4()
    hold(debate, finish=50)
    assert not Reservation.objects.exists()


def test_a_hold_by_older_budgets_fails_and_leaves_what_was_held() -> None:
    window, debate = window_make(100), uuid4()
    hold(debate, window, stage=60)
    with pytest.raises(StaleBook):
        hold(debate, window, stage=10, book=99)
    assert amounts(debate) == {"stage": 60}


def test_what_is_released_comes_back_once_and_can_be_held_again() -> None:
    window, debate = window_make(100), uuid4()
    hold(debate, window, stage=60, finish=40)
    assert debate_holds.release(debate, names={"stage"}) == 1
    assert counters(window) == (0, 40)
    assert debate_holds.release(debate) == 1
    assert debate_holds.release(debate) == 0
    assert counters(window) == (0, 0)
    hold(debate, window, stage=60)
    assert counters(window) == (0, 60)


# --- drawing ---------------------------------------------------------------------------------


def test_a_call_of_the_debate_finds_room_in_a_full_window() -> None:
    window, debate = window_make(100), uuid4()
    hold(debate, window, stage=100)
    assert not reserve(window, amount=30)[1].is_admitted
    key, reserved = draw(debate, window, amount=30)
    assert reserved.is_admitted
    assert amounts(debate) == {"stage": 70}
    assert counters(window) == (0, 100)
    ledger.settle(key, charged=12)
    assert counters(window) == (12, 70)
    assert ledger.differences() == []


def test_the_stage_gives_way_before_the_finish() -> None:
    window, debate = window_make(100), uuid4()
    hold(debate, window, stage=20, finish=80)
    draw(debate, window, amount=30)
    assert amounts(debate) == {"stage": 0, "finish": 70}


def test_what_a_process_forgets_of_holds_it_reads_again(monkeypatch: pytest.MonkeyPatch) -> None:
    window, debate = window_make(100), uuid4()
    hold(debate, window, finish=30)
    draw(debate, window, amount=5)  # known from now on
    hold(debate, window, stage=30)
    monkeypatch.setattr(draws, "MAX_REMEMBERED", 1)
    assert draw(debate, window, amount=40)[1].is_admitted
    assert amounts(debate) == {"stage": 0, "finish": 15}


def test_a_call_that_needs_more_than_is_held_takes_the_rest_from_what_is_free() -> None:
    window, debate = window_make(100), uuid4()
    hold(debate, window, stage=20)
    assert draw(debate, window, amount=60)[1].is_admitted
    assert counters(window) == (0, 60)
    assert not draw(debate, window, amount=41)[1].is_admitted


def test_a_call_that_is_refused_leaves_the_hold_as_it_was() -> None:
    window, narrow, debate = window_make(100), window_make(10, scope="provider"), uuid4()
    hold(debate, window, stage=50)
    assert not draw(debate, window, narrow, amount=11)[1].is_admitted
    assert amounts(debate) == {"stage": 50}
    assert counters(window) == (0, 50)
    assert counters(narrow) == (0, 0)


def test_the_same_call_again_draws_once() -> None:
    window, debate, key = window_make(100), uuid4(), uuid4()
    hold(debate, window, stage=50)
    draw(debate, window, amount=20, id=key)
    assert draw(debate, window, amount=20, id=key)[1].is_repeat
    assert amounts(debate) == {"stage": 30}


def test_money_kept_for_cheap_models_does_not_go_to_a_dear_one_while_they_are_left() -> None:
    window, debate = window_make(100), uuid4()
    kept_for = {"medium": ["2", "2"]}
    debate_holds.hold(debate, [Wanted("finish", 100, kept_for)], windows=[ref(window)])
    assert not draw(debate, window, amount=10, usd=3, is_last=False)[1].is_admitted
    assert draw(debate, window, amount=10, usd=2, is_last=False)[1].is_admitted
    assert draw(debate, window, amount=10, usd=3, is_last=True)[1].is_admitted
    assert amounts(debate) == {"finish": 80}


def test_a_call_of_the_next_day_needs_room_there_and_still_frees_what_was_held() -> None:
    debate = uuid4()
    day: dict[str, Any] = {"scope_id": "the-same", "period": "day", "end": NOW + timedelta(days=1)}
    yesterday = window_make(100, **day | {"start": NOW - timedelta(days=1), "end": NOW})
    today = window_make(100, **day)
    hold(debate, yesterday, finish=50)
    assert draw(debate, today, amount=20)[1].is_admitted
    assert (counters(yesterday), counters(today)) == ((0, 30), (0, 20))
    hold(debate, today, finish=40)
    assert (counters(yesterday), counters(today)) == ((0, 0), (0, 60))
    assert ledger.differences() == []


def test_a_call_that_costs_nothing_draws_nothing() -> None:
    window, debate, key = window_make(100), uuid4(), uuid4()
    hold(debate, window, stage=50)
    ids = tuple(kept.id for kept in debate_holds.kept(debate))
    reserved = draws.reserve(
        key, draw=Draw(ids), price=price(0), holds=[], attempt=Attempt(key, "ollama", "x"),
        amount=0,
    )
    assert reserved.is_admitted
    assert amounts(debate) == {"stage": 50}


# --- abandoned -------------------------------------------------------------------------------


def test_what_is_abandoned_the_sweeper_gives_back() -> None:
    window, debate = window_make(100), uuid4()
    hold(debate, window, stage=50)
    draw(debate, window, amount=20)
    lease_end(*(kept.id for kept in debate_holds.kept(debate)))
    assert ledger.sweep() == (1, 0)
    assert counters(window) == (0, 20)
    assert draw(debate, window, amount=20)[1].is_admitted  # from what is free


def test_a_draw_in_the_moment_of_the_sweep_keeps_the_hold() -> None:
    """The sweeper read the old amounts; it must not give those back."""
    window, debate = window_make(100), uuid4()
    hold(debate, window, stage=50)
    kept = debate_holds.kept(debate)[0]
    lease_end(kept.id)
    assert ledger_sql.expired(10) == [kept.id]
    draw(debate, window, amount=20)
    assert ledger._sweep_one(kept.id) is None
    assert state_of(kept.id) == State.HELD
    assert counters(window) == (0, 50)


@pytest.mark.parametrize("amount", [5, 0])
def test_a_call_keeps_all_that_it_may_draw_on(amount: int) -> None:
    """Also what it did not need: the end of the debate is still to come."""
    window, debate = window_make(100), uuid4()
    hold(debate, window, stage=50, finish=10)
    Reservation.objects.update(lease_until_ms=ledger_sql.now_ms() + 1_000)
    draw(debate, *([window] if amount else []), amount=amount)
    soon = ledger_sql.now_ms() + 60_000
    assert Reservation.objects.filter(state=State.HELD, lease_until_ms__gt=soon).count() == 2


def test_renewed_holds_outlive_their_lease() -> None:
    window, debate = window_make(100), uuid4()
    hold(debate, window, stage=50, finish=10)
    lease_end(*(kept.id for kept in debate_holds.kept(debate)))
    assert debate_holds.renew(debate) == 2
    assert ledger.sweep() == (0, 0)


def test_other_reservations_are_no_holds_of_a_debate() -> None:
    window, debate = window_make(100), uuid4()
    held(window, amount=10)
    Reservation.objects.update(call_id=debate)
    assert debate_holds.kept(debate) == []
    assert debate_holds.release(debate) == 0


def test_what_debates_hold_is_known_where_a_call_finds_no_room() -> None:
    window, other, debate = window_make(100), window_make(100), uuid4()
    hold(debate, window, stage=30, finish=50)
    held(window, other, amount=10)
    assert draws.kept_in([window.pk, other.pk]) == {window.pk: 80}

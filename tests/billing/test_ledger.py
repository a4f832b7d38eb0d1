"""What each step of a reservation does to windows, ledger and usage rows."""

from uuid import uuid4

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from billing import ledger
from billing.budgets import book_changed, book_version
from billing.ledger import Closed, Difference, Hold, Room, StaleBook, State
from billing.models import LedgerEntry, Reservation, UsageRecord, Window
from tests.billing.books import (
    counters,
    entries,
    held,
    lease_end,
    reserve,
    state_of,
    usage,
    usage_facts,
    window_make,
)

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]


# --- reserve -------------------------------------------------------------------------------


def test_the_last_nano_can_be_reserved() -> None:
    window = window_make(100)
    _, reserved = reserve(window, amount=100)
    assert reserved.is_admitted
    assert counters(window) == (0, 100)


def test_one_nano_too_much_is_refused_and_holds_nothing() -> None:
    window = window_make(100)
    key, reserved = reserve(window, amount=101)
    assert not reserved.is_admitted
    assert counters(window) == (0, 0)
    assert not Reservation.objects.filter(pk=key).exists()


def test_what_is_spent_and_what_is_held_both_count() -> None:
    window = window_make(100, spent=30)
    held(window, amount=60)
    assert not reserve(window, amount=11)[1].is_admitted
    assert reserve(window, amount=10)[1].is_admitted


def test_all_windows_are_held_or_none() -> None:
    user, tier, platform = window_make(100), window_make(49), window_make(100)
    assert not reserve(user, tier, platform, amount=50)[1].is_admitted
    assert [counters(each) for each in (user, tier, platform)] == [(0, 0)] * 3
    held(user, tier, platform, amount=49)
    assert [counters(each) for each in (user, tier, platform)] == [(0, 49)] * 3


def test_a_refusal_says_how_full_each_window_is() -> None:
    full, empty = window_make(10, spent=4), window_make(100)
    held(full, amount=5)
    _, reserved = reserve(full, empty, amount=2)
    rooms = {room.window_id: room for room in reserved.rooms}
    assert rooms[full.pk] == Room(full.pk, cap=10, spent=4, held=5)
    assert (rooms[full.pk].left, rooms[empty.pk].left) == (1, 100)


def test_the_same_id_is_held_once() -> None:
    window = window_make(100)
    key = held(window, amount=60)
    _, again = reserve(window, amount=60, id=key)
    assert again.is_admitted
    assert again.is_repeat
    assert counters(window) == (0, 60)


def test_a_retry_is_recognised_even_when_it_filled_the_budget_itself() -> None:
    window = window_make(100)
    key = held(window, amount=100)
    assert reserve(window, amount=100, id=key)[1].is_repeat


def test_the_first_answer_is_not_a_repeat() -> None:
    assert not reserve(window_make(1), amount=1)[1].is_repeat


def test_a_call_without_any_limit_is_admitted() -> None:
    key = held(amount=0)
    assert state_of(key) == State.HELD


def test_nothing_can_be_held_for_nothing_even_in_a_full_window() -> None:
    window = window_make(10, spent=10)
    key = held(window, amount=0)
    assert ledger.settle(key, charged=0) == Closed.DONE
    assert entries(window) == []


def test_nothing_fits_a_window_that_is_over() -> None:
    assert not reserve(window_make(10, spent=11), amount=0)[1].is_admitted


def test_a_window_that_does_not_exist_admits_nobody() -> None:
    window = window_make(100)
    holds = [Hold(window.pk, 1), Hold(window.pk + 1_000_000, 1)]
    assert not reserve(amount=1, holds=holds)[1].is_admitted
    assert counters(window) == (0, 0)


def test_amounts_of_billions_of_dollars_stay_exact() -> None:
    most = 9_200_000_000_000_000_000
    window = window_make(most)
    key = held(window, amount=most)
    ledger.settle(key, charged=most - 1)
    assert counters(window) == (most - 1, 0)
    assert not reserve(window, amount=2)[1].is_admitted
    assert reserve(window, amount=1)[1].is_admitted


def test_a_call_that_was_worked_out_from_older_budgets_holds_nothing() -> None:
    window = window_make(100)
    key = uuid4()
    before = book_version()
    book_changed()
    with pytest.raises(StaleBook), transaction.atomic():
        reserve(window, amount=1, id=key, book_version=before)
    assert counters(window) == (0, 0)
    assert reserve(window, amount=1, id=key, book_version=before + 1)[1].is_admitted


def test_the_first_budget_of_all_has_a_version_too() -> None:
    assert book_version() == 0
    assert reserve(window_make(100), amount=1, book_version=0)[1].is_admitted


# --- mark sent, checkpoint -----------------------------------------------------------------


def test_a_held_reservation_may_be_sent_once() -> None:
    key = held(window_make(100), amount=50)
    assert ledger.mark_sent(key, progress=5)
    assert not ledger.mark_sent(key, progress=5)
    assert Reservation.objects.get(pk=key).progress == 5


def test_a_reservation_whose_lease_ended_must_not_be_sent() -> None:
    key = held(window_make(100), amount=50)
    lease_end(key)
    assert not ledger.mark_sent(key, progress=5)
    assert state_of(key) == State.HELD


def test_a_reservation_that_is_closed_or_unknown_must_not_be_sent() -> None:
    key = held(window_make(100), amount=50)
    ledger.release(key)
    assert not ledger.mark_sent(key, progress=5)
    assert not ledger.mark_sent(uuid4(), progress=5)


def test_reserving_and_sending_can_be_one_write() -> None:
    key = held(window_make(100), amount=50, is_sent=True, progress=7)
    row = Reservation.objects.get(pk=key)
    assert (row.state, row.progress) == (State.SENT, 7)
    assert not ledger.mark_sent(key, progress=7)


def test_a_checkpoint_notes_what_is_owed_and_renews_the_lease() -> None:
    key = held(window_make(100), amount=50, is_sent=True, lease_s=1)
    before = Reservation.objects.get(pk=key).lease_until_ms
    assert ledger.checkpoint({key: 20}) == set()
    row = Reservation.objects.get(pk=key)
    assert row.progress == 20
    assert row.lease_until_ms > before + 50_000


def test_a_checkpoint_says_whose_lease_is_lost() -> None:
    window = window_make(100)
    alive, swept, unsent = (held(window, amount=10, is_sent=sent) for sent in (True, True, False))
    lease_end(swept)
    ledger.sweep()
    unknown = uuid4()
    progress = dict.fromkeys((alive, swept, unsent, unknown), 1)
    assert ledger.checkpoint(progress) == {swept, unsent, unknown}


# --- settle --------------------------------------------------------------------------------


def test_settling_moves_what_was_held_to_what_is_spent() -> None:
    user, platform = window_make(100), window_make(1000)
    key = held(user, platform, amount=60, is_sent=True)
    assert ledger.settle(key, charged=25) == Closed.DONE
    assert counters(user) == counters(platform) == (25, 0)
    assert entries(user) == entries(platform) == [("settle", 25)]
    row = Reservation.objects.get(pk=key)
    assert (row.state, row.charged) == (State.SETTLED, 25)


def test_settling_writes_the_usage_row() -> None:
    key = held(window_make(100), amount=60, is_sent=True)
    ledger.settle(key, charged=25, usage=usage(key, cost=25, output_tokens=7))
    row = UsageRecord.objects.get(reservation_id=key)
    assert (row.cost_nanos, row.output_tokens) == (25, 7)


def test_a_usage_row_that_cannot_be_written_leaves_the_reservation_open() -> None:
    window = window_make(100)
    key = held(window, amount=60, is_sent=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        ledger.settle(key, charged=25, usage=usage(key, cost=25, at=None))
    assert counters(window) == (0, 60)
    assert state_of(key) == State.SENT
    assert entries(window) == []


def test_settling_twice_charges_once() -> None:
    window = window_make(100)
    key = held(window, amount=60, is_sent=True)
    ledger.settle(key, charged=25, usage=usage(key, cost=25))
    assert ledger.settle(key, charged=25, usage=usage(key, cost=25)) == Closed.ALREADY
    assert counters(window) == (25, 0)
    assert UsageRecord.objects.count() == 1


def test_an_estimate_is_booked_as_one() -> None:
    window = window_make(100)
    ledger.settle(held(window, amount=60), charged=25, is_estimate=True)
    assert entries(window) == [("estimate", 25)]


def test_a_call_that_cost_nothing_writes_no_entry() -> None:
    window = window_make(100)
    ledger.settle(held(window, amount=60), charged=0)
    assert counters(window) == (0, 0)
    assert entries(window) == []


def test_an_overrun_is_booked_in_full_and_the_next_call_is_refused() -> None:
    window = window_make(100)
    key = held(window, amount=60, is_sent=True)
    ledger.settle(key, charged=130)
    assert counters(window) == (130, 0)
    assert not reserve(window, amount=1)[1].is_admitted
    assert ledger.differences() == []


def test_counted_things_are_charged_as_fixed_and_not_in_nanos() -> None:
    money = window_make(1000)
    requests = window_make(5, metric="requests")
    at_once = window_make(2, metric="concurrent")
    holds = [Hold(money.pk, 60), Hold(requests.pk, 1, charge=1), Hold(at_once.pk, 1, charge=0)]
    key = held(amount=60, holds=holds)
    assert [counters(each) for each in (money, requests, at_once)] == [(0, 60), (0, 1), (0, 1)]
    ledger.settle(key, charged=25)
    assert [counters(each) for each in (money, requests, at_once)] == [(25, 0), (1, 0), (0, 0)]
    assert entries(at_once) == []


# --- release -------------------------------------------------------------------------------


def test_releasing_gives_everything_back() -> None:
    money, requests = window_make(1000), window_make(5, metric="requests")
    holds = [Hold(money.pk, 60), Hold(requests.pk, 1, charge=1)]
    key = held(amount=60, holds=holds)
    assert ledger.release(key)
    assert counters(money) == counters(requests) == (0, 0)
    assert LedgerEntry.objects.count() == 0
    assert state_of(key) == State.RELEASED


def test_releasing_writes_the_usage_row_of_a_call_that_owes_nothing() -> None:
    key = held(window_make(100), amount=60, is_sent=True)
    ledger.release(key, usage=usage(key, cost=0, outcome="failed"))
    assert UsageRecord.objects.get(reservation_id=key).outcome == "failed"


def test_a_closed_reservation_is_not_released() -> None:
    window = window_make(100)
    key = held(window, amount=60)
    ledger.settle(key, charged=25)
    assert not ledger.release(key)
    assert not ledger.release(uuid4())
    assert counters(window) == (25, 0)


def test_usage_of_a_released_reservation_is_booked_with_an_alarm(
    caplog: pytest.LogCaptureFixture,
) -> None:
    window = window_make(100)
    key = held(window, amount=60)
    ledger.release(key)
    assert ledger.settle(key, charged=25, usage=usage(key, cost=25)) == Closed.LATE
    assert counters(window) == (25, 0)
    assert entries(window) == [("correction", 25)]
    assert str(key) in caplog.text
    assert ledger.settle(key, charged=25) == Closed.ALREADY


# --- sweep ---------------------------------------------------------------------------------


def test_the_sweeper_leaves_what_is_alive() -> None:
    window = window_make(100)
    held(window, amount=30)
    held(window, amount=30, is_sent=True)
    assert ledger.sweep() == (0, 0)
    assert counters(window) == (0, 60)


def test_the_sweeper_releases_what_was_never_sent() -> None:
    window = window_make(100)
    key = held(window, amount=60)
    lease_end(key)
    assert ledger.sweep() == (1, 0)
    assert counters(window) == (0, 0)
    assert state_of(key) == State.RELEASED


@pytest.mark.parametrize(("progress", "charge"), [(20, 30), (49, 59), (50, 60), (51, 60)])
def test_the_sweeper_charges_the_progress_and_one_checkpoint_up_to_the_hold(
    progress: int, charge: int
) -> None:
    window = window_make(100)
    facts = {"checkpoint_nanos": 10}
    key = held(window, amount=60, is_sent=True, progress=progress, facts=facts)
    lease_end(key)
    assert ledger.sweep() == (0, 1)
    assert counters(window) == (charge, 0)
    assert entries(window) == [("estimate", charge)]
    assert state_of(key) == State.ESTIMATED


def test_the_sweeper_writes_the_usage_row_of_the_dead() -> None:
    key = held(
        window_make(100), amount=60, is_sent=True, progress=20, facts={"usage": usage_facts()}
    )
    lease_end(key)
    ledger.sweep()
    row = UsageRecord.objects.get(reservation_id=key)
    assert (row.cost_nanos, row.held_nanos, row.confidence) == (20, 60, "estimated")
    assert (row.outcome, row.error_code, row.tier) == ("incomplete", "worker_lost", "premium")


def test_sweeping_twice_changes_nothing() -> None:
    window = window_make(100)
    lease_end(held(window, amount=60, is_sent=True, progress=20))
    ledger.sweep()
    assert ledger.sweep() == (0, 0)
    assert counters(window) == (20, 0)


def test_the_sweeper_takes_the_oldest_first_when_there_are_many() -> None:
    window = window_make(100)
    young, old = held(window, amount=10), held(window, amount=10)
    lease_end(young, old)
    Reservation.objects.filter(pk=old).update(lease_until_ms=0)
    assert ledger.sweep(limit=1) == (1, 0)
    assert (state_of(young), state_of(old)) == (State.HELD, State.RELEASED)


@pytest.mark.parametrize(("charged", "delta"), [(25, 5), (12, -8)])
def test_a_settlement_after_the_sweeper_corrects_the_estimate_once(
    charged: int, delta: int
) -> None:
    window = window_make(100)
    facts = {"usage": usage_facts()}
    key = held(window, amount=60, is_sent=True, progress=20, facts=facts)
    lease_end(key)
    ledger.sweep()
    assert ledger.settle(key, charged=charged, usage=usage(key, cost=charged)) == Closed.CORRECTED
    assert counters(window) == (charged, 0)
    assert entries(window) == [("estimate", 20), ("correction", delta)]
    row = UsageRecord.objects.get(reservation_id=key)
    assert (row.cost_nanos, row.confidence) == (charged, "exact")
    assert ledger.settle(key, charged=charged, usage=usage(key, cost=charged)) == Closed.ALREADY
    assert counters(window) == (charged, 0)


def test_an_estimate_that_was_right_needs_no_entry_but_is_closed() -> None:
    window = window_make(100)
    key = held(window, amount=60, is_sent=True, progress=20)
    lease_end(key)
    ledger.sweep()
    assert ledger.settle(key, charged=20) == Closed.CORRECTED
    assert entries(window) == [("estimate", 20)]
    assert state_of(key) == State.SETTLED


# --- the books -----------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["update", "delete"])
def test_the_database_refuses_to_change_what_was_booked(what: str) -> None:
    ledger.settle(held(window_make(100), amount=60), charged=25)
    booked = LedgerEntry.objects.all()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        booked.update(delta=1) if what == "update" else booked._raw_delete(booked.db)
    assert LedgerEntry.objects.get().delta == 25


@pytest.mark.parametrize("column", ["spent", "held"])
def test_no_counter_can_go_below_zero(column: str) -> None:
    window = window_make(100)
    with pytest.raises(IntegrityError), transaction.atomic():
        Window.objects.filter(pk=window.pk).update(**{column: -1})


def test_books_that_agree_show_no_difference() -> None:
    money, requests = window_make(1000), window_make(5, metric="requests")
    holds = [Hold(money.pk, 60), Hold(requests.pk, 1, charge=1)]
    ledger.settle(held(amount=60, holds=holds), charged=25)
    held(amount=60, holds=holds)
    ledger.release(held(amount=60, holds=holds))
    assert ledger.differences() == []


def test_a_tampered_window_is_found() -> None:
    honest, tampered = window_make(100), window_make(100)
    ledger.settle(held(honest, tampered, amount=60), charged=25)
    held(honest, tampered, amount=7)
    Window.objects.filter(pk=tampered.pk).update(spent=24, held=8)
    found = ledger.differences()
    assert len(found) == 1
    assert isinstance(found[0], Difference)
    assert tampered.scope_id in found[0].window
    assert (found[0].spent, found[0].ledger) == (24, 25)
    assert (found[0].held, found[0].open_holds) == (8, 7)

"""A call that was between two attempts when a correction was posted: its next one is corrected."""

import random
from datetime import timedelta

import pytest

from billing import corrections, corrections_late, corrections_work, ledger
from billing.models import ModelPrice, PriceCorrection, UsageRecord, Window
from billing.usage import Usage
from tests.billing import books, racers
from tests.billing.repricing import (
    NOW,
    RIGHT,
    START,
    Booked,
    book,
    cost_by_call,
    doubled,
    make,
    price_make,
)

State = PriceCorrection.State
LATER = NOW + corrections_work.SETTLED_AFTER
MINUTE = timedelta(minutes=1)
LARGEST = 2**63 - 1


@pytest.fixture
def price(db: None) -> ModelPrice:
    """It is superseded by now: only what was planned before is booked at it."""
    found = price_make()
    ModelPrice.objects.filter(pk=found.pk).update(superseded_at=NOW)
    price_make(times=2, since=NOW)
    return found


@pytest.fixture
def window(db: None) -> Window:
    return books.window_make(10**15)


def booked(number: int, *windows: Window, minutes: int = 1) -> Booked:
    return book(
        random.Random(number), windows, at=NOW - minutes * MINUTE, outcome="complete",
        processing="standard", usage=Usage(500, 100, 50, 2000 + number, 1),
    )


def posted(correction: PriceCorrection) -> PriceCorrection:
    corrections_work.work(lambda: LATER)
    corrections.correction_post(correction, actor="ann", now=LATER)
    corrections_work.work(lambda: LATER)
    correction.refresh_from_db()
    assert correction.state == State.DONE
    return correction


def check(made: list[Booked], price: ModelPrice, window: Window) -> None:
    totals = {one.row.call_id: one.right(price, RIGHT, START, NOW) for one in made}
    assert cost_by_call() == totals
    window.refresh_from_db()
    assert window.spent == sum(totals.values())
    assert ledger.differences() == []


@pytest.mark.django_db
@pytest.mark.postgresql
def test_an_attempt_that_is_booked_after_the_posting_is_corrected_too(
    price: ModelPrice, window: Window
) -> None:
    made = [booked(1, window)]
    correction = posted(make(price, end=NOW))
    assert correction.late_until == LATER + corrections_late.LIFE
    made.append(booked(2, window))
    corrections_work.work(lambda: LATER + MINUTE)
    check(made, price, window)
    was = correction.difference_nanos
    correction.refresh_from_db()
    assert correction.difference_nanos - was == (
        made[1].right(price, RIGHT, START, NOW) - made[1].row.cost_nanos
    )
    for by in ("day", "tier", "payer"):
        parts = correction.parts.filter(by=by)
        assert sum(each.right_nanos - each.booked_nanos for each in parts) == (
            correction.difference_nanos
        )


@pytest.mark.django_db
@pytest.mark.postgresql
def test_the_last_look_is_taken_however_late_a_worker_comes(
    price: ModelPrice, window: Window
) -> None:
    correction = posted(make(price, end=NOW))
    made = [booked(1, window)]
    corrections_work.work(lambda: LATER + timedelta(days=2))
    check(made, price, window)
    correction.refresh_from_db()
    assert correction.late_until is None
    booked(2, window)
    corrections_work.work(lambda: LATER + timedelta(days=2))
    assert UsageRecord.objects.filter(outcome="corrected").count() == 1


@pytest.mark.django_db
def test_a_range_that_ended_long_ago_has_no_calls_left_to_look_for(
    price: ModelPrice, window: Window
) -> None:
    correction = posted(make(price, end=NOW - corrections_late.LIFE))
    assert correction.late_until is None


@pytest.mark.django_db
@pytest.mark.postgresql
def test_the_correction_posted_last_says_what_is_right_for_it(
    price: ModelPrice, window: Window
) -> None:
    posted(make(price, doubled(price), end=NOW))
    posted(make(price, end=NOW))
    made = [booked(1, window)]
    corrections_work.work(lambda: LATER)
    check(made, price, window)
    assert UsageRecord.objects.filter(outcome="corrected").count() == 1


@pytest.mark.django_db
@pytest.mark.postgresql
def test_what_was_taken_back_is_not_corrected_any_more(price: ModelPrice, window: Window) -> None:
    first = posted(make(price, end=NOW))
    posted(corrections.take_back_make(first, reason="a slip", actor="bob", now=LATER))
    one = booked(1, window)
    corrections_work.work(lambda: LATER)
    assert cost_by_call() == {one.row.call_id: one.row.cost_nanos}


@pytest.mark.django_db
@pytest.mark.postgresql
def test_one_that_cannot_be_corrected_is_said_and_the_next_one_is(
    price: ModelPrice, window: Window
) -> None:
    correction = posted(make(price, end=NOW))
    bad = books.window_make(10**15, scope="provider")
    wrong, fine = booked(1, bad, minutes=2), booked(2, window)
    Window.objects.filter(pk=bad.pk).update(spent=LARGEST)
    corrections_work.work(lambda: LATER)
    correction.refresh_from_db()
    assert correction.failed_call == wrong.row.call_id
    assert correction.failure
    assert cost_by_call() == {
        wrong.row.call_id: wrong.row.cost_nanos,
        fine.row.call_id: fine.right(price, RIGHT, START, NOW),
    }


@pytest.mark.usefixtures("committed")
@pytest.mark.postgresql
def test_workers_and_calls_at_once_correct_each_late_attempt_once() -> None:
    """Three processes look for what one more books meanwhile, all of it within the range."""
    old = price_make()
    ModelPrice.objects.filter(pk=old.pk).update(superseded_at=NOW)
    window = books.window_make(10**15)
    made = [booked(number, window) for number in range(20)]
    posted(make(old, end=NOW))
    made += [booked(number, window, minutes=3) for number in range(20, 40)]
    with racers.running("correct", processes=3, now=LATER.isoformat(), times=40):
        made += [booked(number, window, minutes=2) for number in range(40, 60)]
    corrections_work.work(lambda: LATER)
    found = UsageRecord.objects.filter(outcome="corrected").values_list("corrects_id", flat=True)
    assert len(found) == len(set(found)) == len(made)
    check(made, old, window)

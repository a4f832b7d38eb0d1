"""Corrections by several workers at once, and by one that is killed: each row once."""

import random
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from contextlib import suppress

import pytest
from django.db import connection, transaction

from billing import corrections, corrections_work, ledger
from billing.models import ModelPrice, PriceCorrection, UsageRecord, Window
from costcontrol.lib.errors import Conflict
from tests.billing import books, racers
from tests.billing.repricing import (
    END,
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

pytestmark = [pytest.mark.usefixtures("committed"), pytest.mark.postgresql]
State = PriceCorrection.State


def played(window: Window, *, calls: int) -> list[Booked]:
    chance = random.Random(5)
    return [
        book(chance, [window], outcome="complete", processing="standard") for _ in range(calls)
    ]


def ready() -> PriceCorrection:
    """Counted, and waiting for a worker to post it."""
    correction = make(price_of_all())
    corrections_work.work(lambda: NOW)
    return corrections.correction_post(correction, actor="ann", now=NOW)


def price_of_all() -> ModelPrice:
    return ModelPrice.objects.get()


def check(made: list[Booked], window: Window) -> None:
    price = price_of_all()
    assert cost_by_call() == {
        one.row.call_id: one.right(price, RIGHT, START, END) for one in made
    }
    assert len(set(corrected())) == len(corrected()) > 0
    window.refresh_from_db()
    assert window.spent == sum(cost_by_call().values())
    assert ledger.differences() == []


def corrected() -> list[int]:
    return [row.corrects_id or 0 for row in UsageRecord.objects.filter(outcome="corrected")]


def test_three_workers_correct_each_row_once() -> None:
    price_make()
    window = books.window_make(10**15)
    made, correction = played(window, calls=40), ready()
    racers.race("correct", processes=3, now=NOW.isoformat())
    correction.refresh_from_db()
    assert (correction.state, correction.changed) == (State.DONE, len(corrected()))
    check(made, window)


def test_two_corrections_at_once_end_at_the_one_posted_last() -> None:
    price = price_make()
    window = books.window_make(10**15)
    made = played(window, calls=20)
    first, second = make(price, doubled(price)), make(price)
    corrections_work.work(lambda: NOW)
    for each in (first, second):
        corrections.correction_post(each, actor="ann", now=NOW)
    racers.race("correct", processes=3, now=NOW.isoformat())
    assert {each.state for each in PriceCorrection.objects.all()} == {State.DONE}
    assert sum(PriceCorrection.objects.values_list("difference_nanos", flat=True)) == sum(
        UsageRecord.objects.filter(outcome="corrected").values_list("cost_nanos", flat=True)
    )
    totals = {one.row.call_id: one.right(price, RIGHT, START, END) for one in made}
    assert cost_by_call() == totals


def test_nobody_takes_back_what_somebody_corrects_again_at_that_moment() -> None:
    price = price_make()
    played(books.window_make(10**15), calls=3)
    first = ready()
    corrections_work.work(lambda: NOW)
    again = make(price, doubled(price))
    first.refresh_from_db()
    back = corrections.take_back_make(first, reason="a slip", actor="bob", now=NOW)
    corrections_work.work(lambda: NOW)

    def taken_back() -> str:
        try:
            return corrections.correction_post(back, actor="bob", now=NOW).state
        except Conflict:
            return "refused"
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            corrections.correction_post(again, actor="ann", now=NOW)
            other = pool.submit(taken_back)
            with suppress(NotYet):
                other.result(timeout=0.3)
        assert other.result() == "refused"


def test_a_worker_that_is_killed_leaves_nothing_half_done() -> None:
    price_make()
    window = books.window_make(10**15)
    made, correction = played(window, calls=60), ready()

    def is_begun() -> bool:
        connection.close()
        return PriceCorrection.objects.get(pk=correction.pk).changed > 0

    racers.killed("correct", once=is_begun, now=NOW.isoformat(), rows_at_once=1)
    correction.refresh_from_db()
    assert 0 < correction.changed == len(corrected())
    was = correction.changed
    corrections_work.work(lambda: NOW)
    correction.refresh_from_db()
    assert (correction.state, correction.changed > was) == (State.DONE, True)
    check(made, window)

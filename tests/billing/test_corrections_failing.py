"""A correction with an attempt that it cannot correct fails alone, and the books are as before."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from accounts.models import AuditEvent
from billing import corrections, corrections_work, ledger
from billing.corrections import RightPrice
from billing.corrections_failing import undo_of
from billing.models import ModelPrice, PriceCorrection, UsageRecord, Window
from billing.usage import Usage
from costcontrol.lib.errors import Conflict
from tests.billing import books
from tests.billing.repricing import (
    END,
    NOW,
    RIGHT,
    START,
    Booked,
    as_booked,
    book,
    cost_by_call,
    doubled,
    make,
    posted,
    price_make,
)

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
State = PriceCorrection.State
LARGEST = 2**63 - 1
BAD = 3  # of the calls
HOUR = timedelta(hours=1)


@pytest.fixture
def price(db: None) -> ModelPrice:
    price_make(processing="batch", times=3)
    return price_make()


@pytest.fixture
def window(db: None) -> Window:
    return books.window_make(10**15)


@pytest.fixture
def bad(db: None) -> Window:
    """One call counts in it too."""
    return books.window_make(10**15, scope="provider")


@pytest.fixture
def called(price: ModelPrice, window: Window, bad: Window) -> list[Booked]:
    return [
        book(
            random.Random(number), [window, bad] if number == BAD else [window],
            at=START + number * HOUR, outcome="complete", processing="standard",
            usage=Usage(500, 100, 50, 2000, 1),
        )
        for number in range(6)
    ]


def break_up(bad: Window, *, spent: int) -> None:
    """What no correction of its call can be added to, or taken from."""
    Window.objects.filter(pk=bad.pk).update(spent=spent)


def cheaper(price: ModelPrice) -> RightPrice:
    return replace(as_booked(price), output=Decimal(1))


def post(*made: PriceCorrection) -> None:
    """All are counted before the first one is posted."""
    corrections_work.work(lambda: NOW)
    for each in made:
        corrections.correction_post(each, actor="ann", now=NOW)


def worked(*made: PriceCorrection) -> list[str]:
    corrections_work.work(lambda: NOW)
    for each in made:
        each.refresh_from_db()
    return [each.state for each in made]


def check_as_booked(called: list[Booked], window: Window) -> None:
    assert cost_by_call() == {one.row.call_id: one.row.cost_nanos for one in called}
    window.refresh_from_db()
    assert window.spent == sum(one.row.cost_nanos for one in called)


@pytest.mark.parametrize(("right", "spent", "error"), [
    (doubled, LARGEST, ("OverflowError", "DataError")), (cheaper, 0, ("IntegrityError",)),
])
def test_it_fails_alone_says_at_which_call_and_leaves_nothing_in_the_books(
    right: Callable[[ModelPrice], RightPrice], spent: int, error: tuple[str, ...],
    price: ModelPrice, called: list[Booked], window: Window, bad: Window,
) -> None:
    break_up(bad, spent=spent)
    failing = make(price, right(price))
    of_others = make(price, start=START + (BAD + 1) * HOUR)
    batches = make(ModelPrice.objects.get(processing="batch"))
    post(failing, of_others, batches)
    assert worked(failing, of_others, batches) == [State.FAILED, State.DONE, State.DONE]
    assert failing.changed == BAD
    assert failing.failed_call == called[BAD].row.call_id
    assert failing.failure.startswith(error)
    undo = undo_of(failing)
    assert undo
    assert (undo.state, undo.difference_nanos) == (State.DONE, -failing.difference_nanos)
    assert cost_by_call() == {
        one.row.call_id: one.right(price, RIGHT, START + (BAD + 1) * HOUR, END) for one in called
    }
    window.refresh_from_db()
    assert window.spent == sum(cost_by_call().values())
    assert len(ledger.differences()) == 1  # the one that the test broke
    event = AuditEvent.objects.get(action="price_correction_fail")
    assert (event.actor, event.reason) == ("costcontrol", failing.failure)


def test_what_failed_is_dropped_and_every_call_stands_as_it_was_booked(
    price: ModelPrice, called: list[Booked], window: Window, bad: Window
) -> None:
    break_up(bad, spent=0)
    failing = make(price, cheaper(price))
    post(failing)
    worked(failing)
    corrections.correction_drop(failing, actor="bob", now=NOW)
    assert worked(failing) == [State.DROPPED]
    check_as_booked(called, window)


def test_nothing_is_taken_out_where_the_first_attempt_fails(
    price: ModelPrice, called: list[Booked], window: Window, bad: Window
) -> None:
    break_up(bad, spent=0)
    failing = make(price, cheaper(price), start=START + BAD * HOUR)
    post(failing)
    assert worked(failing) == [State.FAILED]
    assert undo_of(failing) is None
    assert not UsageRecord.objects.filter(outcome="corrected").exists()
    corrections.correction_drop(failing, actor="bob", now=NOW)


def test_it_is_tried_again_with_the_same_numbers_once_the_cause_is_gone(
    price: ModelPrice, called: list[Booked], window: Window, bad: Window
) -> None:
    break_up(bad, spent=0)
    failing = make(price, cheaper(price))
    post(failing)
    worked(failing)
    break_up(bad, spent=called[BAD].row.cost_nanos)
    again = corrections.correction_retry(failing, actor="bob", now=NOW)
    assert worked(failing, again) == [State.DROPPED, State.COUNTED]
    assert posted(again).state == State.DONE
    assert cost_by_call() == {
        one.row.call_id: one.right(price, cheaper(price), START, END) for one in called
    }
    assert ledger.differences() == []
    with pytest.raises(Conflict):
        corrections.correction_retry(failing, actor="bob", now=NOW)


def test_what_cannot_be_taken_out_holds_up_its_own_price_only_until_it_is(
    price: ModelPrice, called: list[Booked], window: Window, bad: Window
) -> None:
    break_up(bad, spent=LARGEST)
    failing = make(price, doubled(price))
    later = make(price, start=START + (BAD + 1) * HOUR)
    batches = make(ModelPrice.objects.get(processing="batch"))
    post(failing, later, batches)
    while failing.state != State.FAILED:
        assert corrections_work.step(now=NOW)
        failing.refresh_from_db()
    spent = Window.objects.get(pk=window.pk).spent
    break_up(window, spent=0)
    states = worked(failing, later, batches)
    undo = undo_of(failing)
    assert undo
    assert (undo.state, states) == (
        State.FAILED, [State.FAILED, State.POSTING, State.DONE]
    )
    for each in (failing, undo):
        with pytest.raises(Conflict):
            corrections.correction_drop(each, actor="bob", now=NOW)
    with pytest.raises(Conflict):
        corrections.correction_retry(failing, actor="bob", now=NOW)
    break_up(window, spent=spent)
    corrections.correction_retry(undo, actor="bob", now=NOW)
    assert worked(undo, later) == [State.DONE, State.DONE]
    corrections.correction_drop(failing, actor="bob", now=NOW)
    assert cost_by_call() == {
        one.row.call_id: one.right(price, RIGHT, START + (BAD + 1) * HOUR, END) for one in called
    }


def test_an_older_correction_can_be_taken_back_after_a_later_one_failed(
    price: ModelPrice, called: list[Booked], window: Window, bad: Window
) -> None:
    first = posted(make(price, doubled(price)))
    break_up(bad, spent=0)
    failing = make(price, cheaper(price))
    post(failing)
    assert worked(failing) == [State.FAILED]
    break_up(bad, spent=2 * called[BAD].row.cost_nanos)
    back = corrections.take_back_make(first, reason="a slip", actor="bob", now=NOW)
    assert posted(back).state == State.DONE
    check_as_booked(called, window)

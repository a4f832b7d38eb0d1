"""Tasks that take minutes run beside the worker, one of each at a time."""

import threading

import pytest

from routing import tasks
from routing.precompute.beside import beside, join
from tests.billing.repricing import make, price_make


def test_work_runs_beside_and_once_at_a_time() -> None:
    begun, may_end, done = threading.Event(), threading.Event(), []

    def work() -> None:
        begun.set()
        may_end.wait(5)
        done.append(threading.current_thread().name)

    assert beside("a test", work)
    assert begun.wait(5)
    assert not beside("a test", work)
    may_end.set()
    join("a test")
    assert done == ["a test"]
    assert beside("a test", lambda: None)
    join("a test")


def test_work_that_fails_is_begun_again() -> None:
    def work() -> None:
        raise ValueError("no")

    assert beside("a failure", work)
    join("a failure")
    assert beside("a failure", lambda: None)
    join("a failure")


@pytest.mark.django_db(transaction=True)
def test_prices_are_corrected_beside_the_worker() -> None:
    """All rows of a year take hours, and calls that died are closed meanwhile."""
    correction = make(price_make())
    assert tasks.correct_prices()
    join("correct_prices")
    correction.refresh_from_db()
    assert correction.state == correction.State.COUNTED

"""Tasks that take minutes run beside the worker, one of each at a time."""

import threading

from routing.precompute.beside import beside, join


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

"""Rows that come while their hour is added up. Only where transactions are written side by side."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection, transaction

from billing import rollup_sql, rollups
from billing.hours import hour_of
from billing.models import LateRow
from tests.billing.test_rollup_races import HOUR, NOW, costs, record

pytestmark = [pytest.mark.usefixtures("committed"), pytest.mark.postgresql]
WAIT_S = 20


@contextmanager
def elsewhere(work: Callable[[], None]) -> Iterator[threading.Event]:
    """Does the work in a transaction of its own, and commits it when the event is set."""
    is_written, may_commit = threading.Event(), threading.Event()

    def run() -> None:
        try:
            with transaction.atomic():
                work()
                is_written.set()
                assert may_commit.wait(WAIT_S)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    assert is_written.wait(WAIT_S)
    try:
        yield may_commit
    finally:
        may_commit.set()
        thread.join()


def test_a_late_row_that_commits_after_its_hour_was_rolled_again_is_not_lost() -> None:
    record()
    rollups.catch_up(now=NOW)
    with elsewhere(lambda: record(cost=100)):
        record(cost=1)  # marks the hour too, so that it is rolled while the other is open
        rollups.catch_up(now=NOW)
        assert costs() == {HOUR: 8}
    rollups.catch_up(now=NOW)
    assert costs() == {HOUR: 108}


def test_a_late_row_that_commits_while_its_hour_is_being_rolled_is_not_lost() -> None:
    record()
    rollups.catch_up(now=NOW)
    with elsewhere(lambda: record(cost=100)) as may_commit:
        with transaction.atomic():
            rollups.roll(HOUR, HOUR + 1)
            may_commit.set()
            while not LateRow.objects.exists():  # committed: seen by the next statement
                pass
        assert costs() == {HOUR: 7}
    rollups.catch_up(now=NOW)
    assert costs() == {HOUR: 107}


def test_an_hour_waits_for_transactions_that_began_in_it() -> None:
    """Their rows have no mark: the hour was not over when they were written."""
    assert rollup_sql.oldest_writer() is None
    with elsewhere(record):
        began = rollup_sql.oldest_writer()
        assert began is not None
        assert rollups._closed(began + timedelta(hours=3)) <= hour_of(began)
    assert rollup_sql.oldest_writer() is None

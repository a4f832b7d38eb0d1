"""The process dies between any two statements: another one goes on, and nothing is lost or bought
twice."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from accounts.models import User
from billing import gauge
from costcontrol.lib import clock
from routing import snapshot
from routing.models import PrecomputeRun, StoredAnswer
from routing.precompute import closing, machine, renewals, sending
from tests.routing.precompute.house import (
    assert_adds_up,
    debates_make,
    old_answer,
    run_started,
    statuses,
    to_the_end,
)
from tests.upstreams.batches import BatchUpstream

pytestmark = pytest.mark.postgresql


class Killed(BaseException):
    """No code of ours catches it, as none catches a SIGKILL."""


class Killer:
    """Dies before the n-th statement, or before the first one after `when` is so; else counts."""

    def __init__(self, at: int, when: Callable[[], bool]) -> None:
        self.at, self.when, self.count = at, when, 0

    def __call__(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        self.count += 1
        if self.count == self.at or self.when():
            raise Killed
        return execute(sql, params, many, context)


@contextmanager
def dying(at: int = 0, *, when: Callable[[], bool] = lambda: False) -> Iterator[Killer]:
    """Like a process: what was not committed when it died is gone, as is all that it remembered."""
    killer = Killer(at, when)
    try:
        with connection.execute_wrapper(killer):
            yield killer
    except Killed:
        pass
    finally:
        snapshot.forget()
        gauge.forget_all()


def steps(run: PrecomputeRun, count: int) -> None:
    now = clock.now()
    for n in range(count):
        machine.step(run.pk, now=now + timedelta(minutes=11 * n))


PARTS = 14


@pytest.mark.parametrize("part", range(1, PARTS))
def test_a_process_may_die_anywhere(user: User, upstream: BatchUpstream, part: int) -> None:
    """At so many places, spread over everything that a run asks the database."""
    debates_make(user, 40)
    run = run_started(clock.now(), kinds=["stance_statements", "core_arguments", "rag_query"])
    with dying(part * 330 // PARTS):
        steps(run, 5)
    to_the_end(run, clock.now() + timedelta(hours=2))
    assert run.status == PrecomputeRun.Status.FINISHED
    assert set(statuses(run)) == {"made"}
    assert_adds_up(run, upstream)


@pytest.mark.parametrize("part", range(1, 6))
def test_it_may_die_anywhere_while_it_makes_answers_anew(
    user: User, upstream: BatchUpstream, part: int
) -> None:
    old = old_answer()
    old_answer("opening_analysis", of=old.pk)
    run = renewals.begin(now=clock.now())
    assert run
    with dying(part * 110 // 6) as killer:
        steps(run, 5)
    assert killer.count >= killer.at
    to_the_end(run, clock.now() + timedelta(hours=2))
    old.refresh_from_db()
    assert (old.ended_why, statuses(run)) == ("refreshed", {"made": 2})
    assert StoredAnswer.objects.filter(key=old.key, ended_at=None).count() == 1
    assert_adds_up(run, upstream)


def test_the_places_reach_to_the_end_of_a_run(user: User, upstream: BatchUpstream) -> None:
    debates_make(user, 40)
    run = run_started(clock.now(), kinds=["stance_statements", "core_arguments", "rag_query"])
    with dying() as counter:
        steps(run, 5)
    run.refresh_from_db()
    assert run.status == PrecomputeRun.Status.FINISHED
    assert 280 < counter.count < 700


def test_a_process_that_dies_while_it_sends_hands_in_nothing_twice(
    user: User, upstream: BatchUpstream
) -> None:
    """The provider has the batch, and we do not know its name yet."""
    debates_make(user, 40)
    run = run_started(clock.now(), kinds=["core_arguments"])
    with dying(when=lambda: bool(upstream.batches)):
        machine.step(run.pk, now=clock.now())
    assert len(upstream.batches) == 1
    assert not run.batches.filter(status="sent").exists()
    to_the_end(run, clock.now() + timedelta(hours=1))
    assert len(upstream.batches) == 1
    assert set(statuses(run)) == {"made"}
    assert_adds_up(run, upstream)


def test_a_batch_has_one_mark_whatever_becomes_of_what_is_in_it(
    user: User, upstream: BatchUpstream
) -> None:
    """By it a provider is asked whether it is there: what is not needed is closed before that."""
    debates_make(user, 40)
    run = run_started(clock.now(), kinds=["core_arguments"])
    with dying(when=lambda: bool(upstream.batches)):
        machine.step(run.pk, now=clock.now())
    batch = run.batches.get()
    before = sending.marker_of(batch)
    first = batch.items.order_by("pk")[0]
    assert closing.close_item(first, "skipped", "enough", now=clock.now())
    assert sending.marker_of(batch) == before
    assert sending.marker_of(run.batches.create(
        deployment=batch.deployment, level=0, status="planned", created_at=batch.created_at
    )) != before

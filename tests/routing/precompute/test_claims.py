"""One process has a batch at a time, and one that died loses it."""

from datetime import timedelta

from accounts.models import User
from costcontrol.lib import clock
from routing.models import PrecomputeBatch
from routing.precompute import claims, machine
from tests.routing.precompute.house import debates_make, run_started
from tests.upstreams.batches import BatchUpstream


def batch_make(user: User) -> PrecomputeBatch:
    debates_make(user, 40)
    run = run_started(clock.now())
    return run.batches.create(deployment="x", level=0, status="planned", created_at=clock.now())


def test_of_two_processes_one_has_it(user: User) -> None:
    mine, theirs = batch_make(user), PrecomputeBatch.objects.get()
    assert claims.claim(mine, now=clock.now())
    assert not claims.claim(theirs, now=clock.now())


def test_one_that_died_loses_it_and_one_that_lives_keeps_it(user: User) -> None:
    batch, now = batch_make(user), clock.now()
    assert claims.claim(batch, now=now)
    claims.renew(batch, now=now + timedelta(minutes=9))
    batch.refresh_from_db()
    assert not claims.claim(batch, now=now + timedelta(minutes=11))
    assert claims.claim(batch, now=now + timedelta(minutes=20))


def test_whoever_has_an_old_view_of_it_does_not_get_it(user: User) -> None:
    batch, now = batch_make(user), clock.now()
    PrecomputeBatch.objects.update(status="sent")
    assert not claims.claim(batch, now=now)


def test_a_second_step_at_the_same_moment_asks_nobody(
    user: User, upstream: BatchUpstream
) -> None:
    debates_make(user, 40)
    run, now = run_started(clock.now(), kinds=["core_arguments"]), clock.now()
    machine.step(run.pk, now=now)
    asked = list(upstream.asked)
    machine.step(run.pk, now=now)
    assert upstream.asked == asked
    assert len(upstream.batches) == 1

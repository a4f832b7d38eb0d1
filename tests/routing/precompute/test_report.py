"""What became of a run, and what is learnt from it."""

from datetime import datetime, timedelta

import pytest

from accounts.models import User
from costcontrol.lib import clock
from routing import snapshot
from routing.cache import patterns
from routing.models import PrecomputeRun, StoredAnswer
from routing.precompute.learning import CAUTION, MOST, lessons_of
from routing.precompute.report import RunReport, report_of
from tests.routing.precompute.house import debates_make, run_started, to_the_end
from tests.upstreams.batches import BatchUpstream


@pytest.fixture
def run(user: User, upstream: BatchUpstream) -> PrecomputeRun:
    debates_make(user, 60)
    run = run_started(clock.now())
    to_the_end(run, clock.now())
    return run


def told(run: PrecomputeRun, *, now: datetime | None = None) -> RunReport:
    return report_of(run, snapshot=snapshot.latest(), now=now or clock.now())


def serve(kind: str, *, times: int = 1) -> None:
    for row in StoredAnswer.objects.filter(kind=kind):
        patterns.served(row.pk, times=times, saved_nanos=1_000, now=clock.now())


def test_nothing_is_used_before_anybody_came(run: PrecomputeRun) -> None:
    report = told(run)
    assert report.produced == report.planned == report.waiting
    assert (report.used, report.wasted, report.avoided_nanos) == (0, 0, 0)
    assert not report.is_paid_back


def test_an_opening_that_was_served_uses_what_it_was_made_of(run: PrecomputeRun) -> None:
    serve("opening_statement", times=3)
    report = told(run)
    openings = run.items.filter(kind="opening_statement").count()
    companions = run.items.filter(kind__in=["core_arguments", "rag_query"]).count()
    assert report.used == openings + companions
    assert report.uses == 3 * openings
    assert report.baseline_nanos == 1_000 * openings


def test_it_is_paid_back_when_half_of_it_was_used(run: PrecomputeRun) -> None:
    """At half the price."""
    serve("opening_statement")
    serve("opening_analysis")
    serve("stance_statements")
    report = told(run)
    assert report.used == report.produced
    assert report.avoided_nanos == pytest.approx(2 * report.cost_nanos, abs=report.produced * 2)
    assert report.is_paid_back


def test_what_got_too_old_unused_is_wasted(run: PrecomputeRun) -> None:
    serve("stance_statements")
    report = told(run, now=clock.now() + timedelta(days=120))
    assert report.wasted == report.produced - 1
    assert report.waiting == 0


def test_more_uses_than_expected_raise_the_prior(run: PrecomputeRun) -> None:
    assert lessons_of(now=clock.now()).factor(1) == pytest.approx(1.0, abs=0.01)
    serve("opening_statement", times=40)
    [lesson] = lessons_of(now=clock.now()).as_json()
    assert lesson["ranks"] == "1-10"
    assert lesson["served"] == 160
    assert lessons_of(now=clock.now()).factor(1) == MOST
    assert lessons_of(now=clock.now()).factor(500) == 1.0


def test_uses_that_do_not_come_lower_it_but_not_at_once(run: PrecomputeRun) -> None:
    later = lessons_of(now=clock.now() + timedelta(days=60))
    assert 0.25 <= later.factor(1) < 1.0
    [lesson] = later.as_json()
    expected = float(lesson["expected"])
    assert later.factor(1) == pytest.approx(max(0.25, CAUTION / (expected + CAUTION)), abs=0.001)

"""Runs: in slices, with progress, stopped by people, gone on with after a crash."""

from datetime import timedelta

import pytest

from accounts.models import AuditEvent
from billing.models import Budget
from costcontrol.lib import clock
from costcontrol.lib.errors import BadRequest, Conflict
from costcontrol.lib.money import from_usd
from routing.models import RoutePolicy, WhatIfRun
from routing.whatif import play, runs, work
from routing.whatif.changes import Changes
from routing.whatif.outcome import outcome_of
from tests.routing.whatif.past import DAY, NOW, answered, cells_with, run_of

pytestmark = pytest.mark.postgresql
DAYS = timedelta(days=1)
State = WhatIfRun.State


def three_days() -> None:
    for day in range(3):
        for minute in range(1, 4):
            answered(DAY - day * DAYS + timedelta(minutes=minute))


def long_run(changes: Changes | None = None) -> WhatIfRun:
    return run_of(changes or Changes(), start=DAY - 2 * DAYS, end=DAY + DAYS)


class Crash(BaseException):
    """As if the process were killed."""


def crash_on_day(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker dies when it begins this day."""
    days = iter(range(100))
    cut = work.days_of

    def until_it_dies(start, end):  # type: ignore[no-untyped-def]
        for day in cut(start, end):
            if next(days) == number:
                raise Crash
            yield day

    monkeypatch.setattr(work, "days_of", until_it_dies)


def test_a_run_goes_on_where_another_process_died(monkeypatch: pytest.MonkeyPatch) -> None:
    Budget.objects.update(cap_nanos=from_usd("0.02"))
    three_days()
    changes = Changes(cells=cells_with("hybrid", "complex", "mid"))
    whole, run = long_run(changes), long_run(changes)
    work.advance(whole)
    with monkeypatch.context() as patch:
        crash_on_day(2, patch)
        with pytest.raises(Crash):
            work.advance(run)
    run.refresh_from_db()
    assert (run.state, run.done, run.total) == (State.RUNNING, 6, 9)
    assert work.work() == 0  # its lease is not over yet
    with clock.at(NOW + timedelta(minutes=3)):
        assert work.work() == 1
    run.refresh_from_db()
    whole.refresh_from_db()
    assert run.state == State.DONE
    assert outcome_of(run.result) == outcome_of(whole.result)


def test_a_run_that_is_stopped_ends_before_its_next_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(play, "PULSE_CALLS", 1)
    three_days()
    run = long_run()
    decide = play.Play._call

    def stopped_meanwhile(self, call):  # type: ignore[no-untyped-def]
        decide(self, call)
        if self.figures.then.calls == 4:
            runs.run_stop(run, actor="bob", now=clock.now())

    with monkeypatch.context() as patch:
        patch.setattr(play.Play, "_call", stopped_meanwhile)
        assert not work.advance(run)
    run.refresh_from_db()
    assert (run.state, run.done, run.result) == (State.STOPPED, 3, {})
    assert not work.work()
    with pytest.raises(Conflict):
        runs.run_stop(run, actor="bob", now=clock.now())
    assert AuditEvent.objects.filter(action="whatif_stop", actor="bob").count() == 1


def test_two_workers_do_not_play_one_run() -> None:
    three_days()
    run = long_run()
    same = WhatIfRun.objects.get(pk=run.pk)
    assert work.advance(run)
    assert not work.advance(same)


def test_an_error_is_said_with_a_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    three_days()
    run = long_run()
    WhatIfRun.objects.filter(pk=run.pk).update(changes={"prices": [{"provider": "x"}]})
    work.work()
    run.refresh_from_db()
    assert run.state == State.FAILED
    assert len(run.failure) == 8


def test_the_result_is_frozen_and_later_calls_change_nothing() -> None:
    three_days()
    run = long_run()
    work.work()
    run.refresh_from_db()
    answered(DAY + timedelta(minutes=7))
    again = WhatIfRun.objects.get(pk=run.pk)
    assert outcome_of(again.result) == outcome_of(run.result)
    assert again.done == again.total == 9


def test_a_run_ends_now_and_not_in_the_future() -> None:
    run = run_of(Changes(), start=DAY, end=NOW + 5 * DAYS)
    assert run.end == NOW
    with pytest.raises(BadRequest):
        run_of(Changes(), start=NOW + DAYS, end=NOW + 2 * DAYS)
    with pytest.raises(BadRequest):
        run_of(Changes(), start=NOW - 500 * DAYS, end=NOW)


def test_a_day_is_small_and_three_are_not() -> None:
    three_days()
    assert runs.is_small(run_of(Changes()))
    assert not runs.is_small(long_run())


def test_the_table_of_a_run_becomes_a_draft() -> None:
    cells = cells_with("hybrid", "complex", "mid")
    draft = runs.draft_of(run_of(Changes(cells=cells)), actor="alice")
    assert draft.status == RoutePolicy.Status.DRAFT
    assert draft.cells == cells
    assert AuditEvent.objects.get(action="policy_draft").reason.startswith("what-if run")
    with pytest.raises(Conflict):
        runs.draft_of(run_of(Changes()), actor="alice")


def test_changes_are_the_same_after_they_were_stored() -> None:
    changes = Changes(
        policy=3, cells=cells_with("hybrid", "complex", "mid"), layers_off=("exact",),
        layers_on=("pattern",), tiers={"free": {"debates_per_day": None}}, platform_day_nanos=5,
    )
    assert Changes.of_json(run_of(changes).changes) == changes

"""Old usage rows go; every sum of them stays, whatever is added up anew later."""

import uuid
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from pytest_django import Settings

from billing import retention, rollups, tasks
from billing.hours import hour_of, start_of
from billing.models import (
    DailyPayer,
    HourlyUsage,
    LateRow,
    PriceCorrection,
    RollupState,
    UsageRecord,
)
from billing.months import Month
from billing.reports import facts, slices
from billing.reports.ranges import Range
from billing.reports.shapes import Question
from billing.reports.slices import Ask
from costcontrol.lib import clock
from costcontrol.lib.errors import Conflict

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
CUT = datetime(2026, 9, 1, tzinfo=UTC)
NOW = datetime(2026, 10, 2, 3, 20, tzinfo=UTC)
HOURS = (-50, -30, -5, -1, 0, 1, 500)  # around the cut


@pytest.fixture(autouse=True)
def no_marks(db: None) -> None:
    LateRow.objects.all().delete()


def record(at: datetime, **columns: Any) -> UsageRecord:
    values: dict[str, Any] = {
        "call_id": uuid.uuid4(), "attempt": 1, "user_id": 1, "tier": "free", "language": "ko",
        "requested_model": "auto", "deployment": "ollama/gemma3", "outcome": "complete",
        "confidence": "exact", "cost_nanos": 7, "debate_id": "d", "payer": "user:1",
    }
    return UsageRecord.objects.create(at=at, **values | columns)


def played() -> None:
    for hours in HOURS:
        record(CUT + timedelta(hours=hours, minutes=20), cost_nanos=1000 + hours)
    rollups.catch_up(now=NOW)


def figures(zone: str = "Asia/Seoul") -> list[Any]:
    """What pages say about all of it."""
    days = Range(date(2026, 7, 20), date(2026, 10, 2), zone)
    found = facts.load(Question(days, NOW))
    return [
        found.cost_nanos, found.calls, found.debates,
        slices.load(Ask(days, NOW, group_by="deployment")).rows,
        slices.load(Ask(days, NOW, group_by="user")).rows,
        slices.day_costs(zone=zone, first=days.first, last=days.last, now=NOW),
        sorted(DailyPayer.objects.values_list("day", "payer", "calls", "plan_nanos")),
        facts.calls_began(),
    ]


def retire(keep: int = 1) -> int:
    return retention.retire(retention.plan(keep, now=NOW), now=NOW)


def test_the_running_month_and_so_many_before_it_are_kept() -> None:
    record(CUT - timedelta(hours=800))
    played()
    assert retention.plan(1, now=NOW) == retention.Plan(Month(2026, 9), 5)
    assert retention.plan(2, now=NOW) == retention.Plan(Month(2026, 8), 1)
    with pytest.raises(Conflict, match="one month at least"):
        retention.plan(0, now=NOW)


@pytest.mark.parametrize("zone", ["Asia/Seoul", "America/New_York", "UTC"])
def test_no_figure_changes_when_rows_go(zone: str) -> None:
    played()
    before = figures(zone)
    assert retire() == 4
    assert UsageRecord.objects.count() == 3
    assert figures(zone)[:-1] == before[:-1]
    assert before[-1] == figures(zone)[-1] + timedelta(minutes=20)  # by its hour from now on
    assert retention.kept_since() == CUT
    assert not LateRow.objects.exists()


def test_an_hour_without_rows_is_not_cut_in_two_where_days_begin_at_the_half() -> None:
    played()
    cost = figures("Asia/Kolkata")[0]
    retire()
    assert figures("Asia/Kolkata")[0] == cost


def test_rebuilding_and_rolling_leave_hours_without_rows_alone() -> None:
    played()
    before = figures()
    retire()
    after = figures()
    rollups.rebuild(now=NOW)
    rollups.roll(hour_of(CUT) - 100, hour_of(CUT) + 2)
    assert figures() == after
    assert after[:-1] == before[:-1]


def test_a_row_that_comes_for_an_hour_without_rows_changes_no_sum() -> None:
    played()
    retire()
    before = figures()
    record(CUT - timedelta(hours=3), cost_nanos=10**6)
    rollups.catch_up(now=NOW)
    assert figures()[:-1] == before[:-1]
    assert not LateRow.objects.exists()
    assert retire() == 1


def test_late_rows_are_added_up_before_they_go() -> None:
    played()
    record(CUT - timedelta(hours=3), cost_nanos=10**6)
    assert retire() == 5
    assert HourlyUsage.objects.filter(cost_nanos=10**6).exists()


def test_hours_that_are_in_no_slice_yet_keep_their_rows() -> None:
    played()
    state = RollupState.objects.get()
    state.slices_from = hour_of(CUT) + 24 * 20
    state.save()
    with pytest.raises(Conflict, match="rollup"):
        retire()
    assert UsageRecord.objects.count() == len(HOURS)
    assert retention.kept_since() is None


def test_rows_whose_price_is_being_corrected_stay_until_that_is_done() -> None:
    played()
    correction = PriceCorrection.objects.create(
        provider="openai", start=CUT - timedelta(days=9), end=CUT + timedelta(days=1),
        state="posting", made_at=NOW,
    )
    with pytest.raises(Conflict, match="corrected"):
        retire()
    assert UsageRecord.objects.count() == 7
    PriceCorrection.objects.filter(pk=correction.pk).update(state="done")
    assert retire() == 4


def test_rows_of_a_correction_that_could_not_be_taken_out_stay_until_it_is() -> None:
    """Half of it would be in the books for good."""
    played()
    values: dict[str, Any] = {
        "provider": "openai", "start": CUT - timedelta(days=9), "end": CUT + timedelta(days=1),
        "made_at": NOW,
    }
    failed = PriceCorrection.objects.create(state="failed", **values)
    undo = PriceCorrection.objects.create(state="failed", takes_back=failed, **values)
    with pytest.raises(Conflict, match="corrected"):
        retire()
    PriceCorrection.objects.filter(pk=undo.pk).update(state="done")
    assert retire() == 4


def test_stopped_half_way_it_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    played()
    monkeypatch.setattr(retention, "BATCH", 1)
    record(start_of(0), cost_nanos=0)  # in no month's partition
    said: list[tuple[int, int]] = []
    plan = retention.plan(1, now=NOW)
    retention.retire(plan, now=NOW, progress=lambda done, whole: said.append((done, whole)))
    assert said[-1] == (5, 5)
    assert retire() == 0


def test_the_command_says_asks_and_deletes(monkeypatch: pytest.MonkeyPatch) -> None:
    played()
    out = StringIO()
    with clock.at(NOW):
        call_command("retain_usage", keep_months=1, dry_run=True, stdout=out)
        assert "4 usage rows are from before 2026-09-01" in out.getvalue()
        for answer in ("yes\n", ""):
            monkeypatch.setattr("sys.stdin", StringIO(answer))
            with pytest.raises(CommandError, match="Nothing was deleted"):
                call_command("retain_usage", keep_months=1, stdout=StringIO())
        assert UsageRecord.objects.count() == len(HOURS)
        monkeypatch.setattr("sys.stdin", StringIO("2026-09\n"))
        call_command("retain_usage", keep_months=1, stdout=out)
        assert "4 usage rows are gone." in out.getvalue()
        call_command("retain_usage", keep_months=1, yes=True, stdout=out)
    assert UsageRecord.objects.count() == 3


def test_without_a_number_rows_are_kept_for_ever() -> None:
    played()
    with clock.at(NOW):
        with pytest.raises(CommandError, match="for ever"):
            call_command("retain_usage")
        assert tasks.keep_months() == 0
    assert UsageRecord.objects.count() == len(HOURS)


def test_the_task_lets_months_go_where_the_operator_said_so(settings: Settings) -> None:
    played()
    settings.USAGE_KEEP_MONTHS = 1
    with clock.at(NOW):
        assert tasks.keep_months() == 4
        assert tasks.keep_months() == 0

"""Daily sums without a gap, what a month will have cost, and the command that tries forecasts."""

from datetime import UTC, date, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from billing import rollups
from billing.budget_changes import cap_raise
from billing.budgets import rule_of_budget, window_get
from billing.models import Budget
from billing.reports.day_history import histories, history, nothing
from billing.reports.forecast_limits import ahead, month_end, outlooks, spent_this_month
from billing.reports.slices import SliceFilters
from costcontrol.lib import clock
from tests.costcontrol.dashboard.rows import call

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 25, 3, tzinfo=UTC)  # noon in Seoul
DAY = timedelta(days=1)
SEOUL = "Asia/Seoul"


def every_day(days: int, nanos: int = 10**9, **columns: str) -> None:
    for ago in range(1, days + 1):
        call(NOW - ago * DAY, cost_nanos=nanos, **columns)


@pytest.mark.postgresql
def test_it_begins_with_the_first_call_and_has_no_gap() -> None:
    call(NOW - 5 * DAY, cost_nanos=3)
    call(NOW - 2 * DAY, cost_nanos=4)
    call(NOW - timedelta(minutes=1), cost_nanos=5)
    rollups.catch_up(now=NOW)
    found = history(zone=SEOUL, now=NOW)
    assert (found.first_day, found.today) == (date(2026, 11, 20), date(2026, 11, 25))
    assert (found.costs, found.so_far) == ((3, 0, 0, 4, 0), 5)
    assert found.days[-1] == date(2026, 11, 24)


def test_days_are_cut_in_the_zone_that_is_asked() -> None:
    call(datetime(2026, 11, 23, 16, tzinfo=UTC), cost_nanos=7)
    rollups.catch_up(now=NOW)
    assert history(zone=SEOUL, now=NOW).first_day == date(2026, 11, 24)
    assert history(zone="America/New_York", now=NOW).first_day == date(2026, 11, 23)


def test_each_key_begins_by_itself() -> None:
    call(NOW - 3 * DAY, cost_nanos=3, tier="free")
    call(NOW - DAY, cost_nanos=4)
    rollups.catch_up(now=NOW)
    found = histories(zone=SEOUL, now=NOW, group_by="tier")
    assert {key: each.costs for key, each in found.items()} == {
        "free": (3, 0, 0), "premium": (4,)
    }
    assert history(zone=SEOUL, now=NOW, filters=SliceFilters(tier="free")) == found["free"]


def test_nothing_was_ever_asked() -> None:
    found = history(zone=SEOUL, now=NOW)
    assert found == nothing(zone=SEOUL, now=NOW)
    assert (found.costs, found.so_far, found.days) == ((), 0, ())


def test_a_month_ends_with_what_was_spent_and_what_is_expected() -> None:
    every_day(40)
    rollups.catch_up(now=NOW)
    past = history(zone=SEOUL, now=NOW)
    end = month_end(past, ahead(past))
    assert end is not None
    assert spent_this_month(past) == end.before_nanos == 24 * 10**9
    assert end.last == date(2026, 11, 30)
    assert end.middle == pytest.approx(30 * 10**9, rel=0.01)
    assert end.low <= end.middle <= end.high


def test_under_two_weeks_no_month_ends() -> None:
    every_day(10)
    rollups.catch_up(now=NOW)
    past = history(zone=SEOUL, now=NOW)
    assert month_end(past, ahead(past)) is None


def test_each_budget_has_a_history_of_its_own() -> None:
    every_day(40)
    every_day(40, nanos=10**8, tier="free")
    rollups.catch_up(now=NOW)
    for kind, name, cap in (
        ("platform", "", 30 * 10**9), ("tier", "free", 30 * 10**9), ("provider", "openai", 1),
        ("user", "1", 28 * 10**9), ("org", "7", 1),
    ):
        Budget.objects.create(scope_kind=kind, scope_id=name, period="month", cap_nanos=cap)
    found = {each.scope_kind: each for each in outlooks(now=NOW)}
    assert set(found) == {"platform", "tier", "provider", "user"}
    assert found["platform"].days_left == 3  # $26.40 are spent, $1.10 a day
    assert found["tier"].days_left is None
    assert found["tier"].reach is not None
    assert found["tier"].reach.is_safe
    assert found["provider"].reach is None  # nothing of it is known
    assert found["user"].days_left == 1


def test_a_cap_that_was_raised_for_this_month_is_the_one_that_is_reached() -> None:
    every_day(60, 11 * 10**8)
    rollups.catch_up(now=NOW)
    month = Budget.objects.create(scope_kind="platform", period="month", cap_nanos=30 * 10**9)
    window_get(rule_of_budget(month), now=NOW)
    (before,) = outlooks(now=NOW)
    cap_raise(month.pk, cap_nanos=99 * 10**9, reason="launch", actor="alice", now=NOW)
    (found,) = outlooks(now=NOW)
    assert (before.days_left, before.cap_nanos) == (3, 30 * 10**9)
    assert (found.days_left, found.cap_nanos) == (None, 99 * 10**9)


def run(**options: str) -> str:
    out = StringIO()
    with clock.at(NOW):
        call_command("backtest_forecast", stdout=out, **options)
    return out.getvalue()


def test_the_command_prints_how_often_it_was_right() -> None:
    every_day(60)
    rollups.catch_up(now=NOW)
    lines = run().splitlines()
    assert lines[0] == "2026-09-26 to 2026-11-24 (60 days, Asia/Seoul), today 2026-11-25"
    assert lines[2].split()[:4] == ["1", "25", "100.0%", "100.0%"]
    assert lines[-1].split() == ["30", "0"]


def test_the_command_says_when_there_is_too_little() -> None:
    every_day(20)
    rollups.catch_up(now=NOW)
    assert "come back later" in run()
    assert "known for 0 whole days" in run(tier="free")


def test_the_command_knows_its_zones() -> None:
    with pytest.raises(CommandError, match="Nowhere"):
        run(zone="Nowhere")

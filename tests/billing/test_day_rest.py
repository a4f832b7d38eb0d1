"""What part of a day's cost usually comes after this time of day."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from billing import rollups
from billing.models import Budget, UsageRecord
from billing.reports.budget_today import budgets
from billing.reports.day_rest import rest_of_today
from billing.reports.forecast_limits import outlooks

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
SEOUL = "Asia/Seoul"
NOW = datetime(2026, 11, 20, 3, 30, tzinfo=UTC)  # half past noon in Seoul
MIDNIGHT = datetime(2026, 11, 19, 15, tzinfo=UTC)  # the last one there
DAY = timedelta(days=1)


def record(at: datetime, nanos: int) -> None:
    UsageRecord.objects.create(
        call_id=uuid.uuid4(), attempt=1, at=at, user_id=1, tier="free", language="ko",
        requested_model="auto", deployment="ollama/gemma3", model_class="local",
        outcome="complete", confidence="exact", cost_nanos=nanos,
    )


def spend(nanos: int, *, days: int, hour: float) -> None:
    """So many days ago, at this hour in Seoul."""
    record(MIDNIGHT - days * DAY + timedelta(hours=hour), nanos)


def test_nights_and_evenings_are_told_apart() -> None:
    spend(30, days=1, hour=3)
    spend(40, days=7, hour=20)
    spend(10, days=7, hour=12.9)  # of the hour that is running now: half of it is ahead
    spend(20, days=6, hour=11.9)
    rollups.catch_up(now=NOW)
    assert rest_of_today(zone=SEOUL, now=NOW) == pytest.approx(45 / 100)


def test_today_and_older_weeks_say_nothing_about_it() -> None:
    spend(10, days=1, hour=1)
    spend(500, days=8, hour=20)
    spend(500, days=0, hour=5)
    rollups.catch_up(now=NOW)
    assert rest_of_today(zone=SEOUL, now=NOW) == 0


def test_without_any_cost_the_clock_says_it() -> None:
    assert rest_of_today(zone=SEOUL, now=NOW) == pytest.approx(11.5 / 24)


@pytest.mark.parametrize("now", [MIDNIGHT, MIDNIGHT + DAY - timedelta(seconds=1)])
def test_it_is_everything_when_a_day_begins_and_nothing_when_it_ends(now: datetime) -> None:
    spend(10, days=1, hour=0.5)
    spend(10, days=1, hour=23.5)
    expected = 1.0 if now == MIDNIGHT else 0.0
    assert rest_of_today(zone=SEOUL, now=now) == pytest.approx(expected, abs=0.001)


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kolkata"])
def test_days_of_23_and_25_hours_and_half_hours_stay_within_one(zone: str) -> None:
    for at in (datetime(2026, 11, 2, 4, 30, tzinfo=UTC), datetime(2026, 3, 9, 3, 59, tzinfo=UTC)):
        record(at - DAY, 8)
        assert 0 <= rest_of_today(zone=zone, now=at) <= 1


def test_the_budget_of_a_day_ends_where_the_forecast_says() -> None:
    Budget.objects.create(scope_kind="platform", period="day", cap_nanos=10**6, zone=SEOUL)
    for days in range(1, 29):
        spend(30_000 + days, days=days, hour=3)
        spend(70_000 - days * days, days=days, hour=20)
    spend(50_000, days=0, hour=5)
    rollups.catch_up(now=NOW)
    (budget,), (outlook,) = budgets(now=NOW), outlooks(now=NOW)
    assert outlook.at_end is not None
    assert budget.projected == outlook.at_end.middle
    assert outlook.at_end.middle == pytest.approx(50_000 + 70_000, rel=0.1)
    assert budget.reached_on is None

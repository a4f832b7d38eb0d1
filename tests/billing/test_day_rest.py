"""What came after this time of day on each of the last days."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from billing import rollups
from billing.models import Budget, UsageRecord
from billing.reports.budget_today import budgets
from billing.reports.day_rest import rests
from billing.reports.forecast_limits import outlooks
from billing.reports.slices import SliceFilters

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
SEOUL = "Asia/Seoul"
NOW = datetime(2026, 11, 20, 3, 30, tzinfo=UTC)  # half past noon in Seoul
MIDNIGHT = datetime(2026, 11, 19, 15, tzinfo=UTC)  # the last one there
DAY = timedelta(days=1)


def record(at: datetime, nanos: int, *, tier: str = "free") -> None:
    UsageRecord.objects.create(
        call_id=uuid.uuid4(), attempt=1, at=at, user_id=1, tier=tier, language="ko",
        requested_model="auto", deployment="ollama/gemma3", model_class="local",
        outcome="complete", confidence="exact", cost_nanos=nanos,
    )


def spend(nanos: int, *, days: int, hour: float, tier: str = "free") -> None:
    """So many days ago, at this hour in Seoul."""
    record(MIDNIGHT - days * DAY + timedelta(hours=hour), nanos, tier=tier)


def test_of_each_day_what_came_later_is_told() -> None:
    spend(30, days=1, hour=3)
    spend(40, days=7, hour=20)
    spend(10, days=7, hour=12.9)  # of the hour that is running now: half of it is ahead
    spend(20, days=6, hour=11.9)
    spend(7, days=56, hour=23.9)
    rollups.catch_up(now=NOW)
    later = rests(zone=SEOUL, now=NOW)[""]
    assert len(later) == 56
    assert {56 - place: nanos for place, nanos in enumerate(later) if nanos} == {7: 45, 56: 7}


def test_today_and_older_weeks_say_nothing_about_it() -> None:
    spend(10, days=1, hour=20)
    spend(500, days=57, hour=20)
    spend(500, days=0, hour=5)
    rollups.catch_up(now=NOW)
    assert sum(rests(zone=SEOUL, now=NOW)[""]) == 10


def test_tiers_have_evenings_of_their_own() -> None:
    spend(10, days=2, hour=20, tier="premium")
    spend(30, days=1, hour=20)
    rollups.catch_up(now=NOW)
    found = rests(zone=SEOUL, now=NOW, group_by="tier")
    assert {tier: (nanos[-2], nanos[-1]) for tier, nanos in found.items()} == {
        "premium": (10, 0), "free": (0, 30),
    }
    only = rests(zone=SEOUL, now=NOW, filters=SliceFilters(tier="premium"))
    assert only == {"": found["premium"]}


def test_where_nothing_was_ever_spent_there_is_nothing_to_tell() -> None:
    assert rests(zone=SEOUL, now=NOW) == {}


@pytest.mark.parametrize("now", [MIDNIGHT, MIDNIGHT + DAY - timedelta(seconds=1)])
def test_it_is_everything_when_a_day_begins_and_nothing_when_it_ends(now: datetime) -> None:
    spend(10_000, days=1, hour=0.5)
    spend(10_000, days=1, hour=23.5)
    rollups.catch_up(now=now)
    expected = 20_000 if now == MIDNIGHT else 0
    assert sum(rests(zone=SEOUL, now=now).get("", ())) == pytest.approx(expected, abs=5)


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kolkata"])
def test_days_of_23_and_25_hours_and_half_hours_stay_within_a_day(zone: str) -> None:
    for at in (datetime(2026, 11, 2, 4, 30, tzinfo=UTC), datetime(2026, 3, 9, 3, 59, tzinfo=UTC)):
        record(at - DAY, 8)
        rollups.catch_up(now=at)
        assert 0 <= sum(rests(zone=zone, now=at).get("", ())) <= 8


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

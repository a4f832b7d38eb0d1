"""Months out of their days: once they are over, anew after late rows, filled in backwards."""

import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db.models import F

from billing import rollups
from billing.hours import hour_of
from billing.models import (
    DailySaving,
    DailyUser,
    LateRow,
    MonthlySaving,
    MonthlyUser,
    RollupState,
    UsageRecord,
)
from billing.reports import savings_report, slices
from billing.reports.ranges import Range, Step
from billing.reports.shapes import Filters, Question
from billing.reports.slices import Ask

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
FEBRUARY = date(2026, 2, 1)
MIDNIGHT = datetime(2026, 1, 31, 15, tzinfo=UTC)  # in Seoul
NOW = MIDNIGHT + timedelta(days=29, hours=2)  # the second hour of the second of March
WHOLE = Range(date(2026, 1, 31), date(2026, 3, 2), "Asia/Seoul", by=Step.MONTH)


def record(days: float, **columns: Any) -> None:
    values: dict[str, Any] = {
        "call_id": uuid.uuid4(), "attempt": 1, "at": MIDNIGHT + timedelta(days=days),
        "user_id": 1, "tier": "free", "language": "ko", "requested_model": "auto",
        "deployment": "ollama/gemma3", "model_class": "local", "outcome": "complete",
        "confidence": "exact", "cost_nanos": 7, "baseline": "x", "baseline_nanos": 9,
    }
    UsageRecord.objects.create(**values | columns)


@pytest.fixture(autouse=True)
def a_month(db: None) -> None:
    """Rolled up from its first hour on."""
    LateRow.objects.all().delete()
    RollupState.objects.create(pk=1, frontier=hour_of(MIDNIGHT), zone="Asia/Seoul")
    record(0)
    record(14, user_id=2, tier="premium", cost_nanos=5)
    record(27.99)
    record(28, cost_nanos=100)  # the first of March
    rollups.catch_up(now=NOW)


def by_tier() -> dict[str, int]:
    found = savings_report.load(Question(WHOLE, NOW, Filters()), against=None)
    return {name: each.cost_nanos for name, each in found.by_tier}


def by_user() -> dict[str, int]:
    costs: dict[str, int] = {}
    for row in slices.load(Ask(WHOLE, NOW, group_by="user")).rows:
        costs[row.key] = costs.get(row.key, 0) + row.cost_nanos
    return costs


def users_of_month() -> dict[int, int]:
    rows = MonthlyUser.objects.filter(month=FEBRUARY).values_list("user_id", "cost_nanos")
    return dict(rows)


def test_a_month_that_is_over_is_added_up() -> None:
    assert users_of_month() == {1: 14, 2: 5}
    fine = MonthlySaving.objects.filter(month=FEBRUARY, grain=1)
    assert sorted(fine.values_list("tier", "baseline_nanos")) == [("free", 18), ("premium", 9)]
    assert not MonthlyUser.objects.exclude(month=FEBRUARY).exists()


def test_whole_months_are_read_and_the_days_around_them() -> None:
    DailyUser.objects.filter(day__lt=date(2026, 3, 1)).delete()  # not read
    DailySaving.objects.filter(day__lt=date(2026, 3, 1), grain=1).delete()
    assert by_user() == {"1": 114, "2": 5}
    assert by_tier() == {"free": 114, "premium": 5}


def test_a_late_row_is_in_its_month_the_next_time() -> None:
    record(3, user_id=3)
    rollups.catch_up(now=NOW)
    assert users_of_month() == {1: 14, 2: 5, 3: 7}
    assert by_user() == {"1": 114, "2": 5, "3": 7}


def test_months_of_an_older_version_are_filled_in_and_figures_are_right_meanwhile() -> None:
    for table in (MonthlyUser, MonthlySaving, DailyUser, DailySaving):
        table.objects.all().delete()
    RollupState.objects.update(days_from=F("frontier"))
    rollups.catch_up(now=NOW, older=24 * 20)
    assert not users_of_month()
    assert (by_user(), by_tier()) == ({"1": 114, "2": 5}, {"free": 114, "premium": 5})
    rollups.catch_up(now=NOW, older=None)
    assert users_of_month() == {1: 14, 2: 5}
    assert (by_user(), by_tier()) == ({"1": 114, "2": 5}, {"free": 114, "premium": 5})

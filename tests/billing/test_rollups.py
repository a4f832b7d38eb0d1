"""Hours are added up once they are closed, and again when late rows come."""

import uuid
from datetime import UTC, datetime, timedelta
from io import StringIO
from itertools import pairwise
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from billing import rollup_sql, rollups
from billing.hours import hour_of, start_of
from billing.models import (
    FilterValue,
    HourlyDebate,
    HourlyLatency,
    HourlyOutcome,
    HourlySaving,
    HourlyUsage,
    LateRow,
    RollupState,
    UsageRecord,
)
from billing.models_rollup import Grain
from costcontrol.lib import clock

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
HOUR = hour_of(datetime(2026, 11, 20, 3, tzinfo=UTC))
NOW = start_of(HOUR + 2)
OPUS = "anthropic/claude-opus-5-5"
TABLES = (HourlyUsage, HourlySaving, HourlyOutcome, HourlyLatency, HourlyDebate)


@pytest.fixture(autouse=True)
def no_marks(db: None) -> None:
    """Emptying the tables after a test that committed leaves some: its rows were deleted late."""
    LateRow.objects.all().delete()


def record(hour: int = HOUR, **columns: Any) -> UsageRecord:
    values: dict[str, Any] = {
        "call_id": uuid.uuid4(), "attempt": 1, "at": start_of(hour) + timedelta(minutes=20),
        "user_id": 1, "tier": "free", "language": "ko", "requested_model": "auto",
        "deployment": OPUS, "model_class": "premium", "outcome": "complete",
        "confidence": "exact", "cost_nanos": 7, "latency_ms": 900,
    }
    return UsageRecord.objects.create(**values | columns)


def costs(grain: Grain = Grain.WHOLE) -> dict[int, int]:
    """By hour."""
    found: dict[int, int] = {}
    for hour, cost in HourlyUsage.objects.filter(grain=grain).values_list("hour", "cost_nanos"):
        found[hour] = found.get(hour, 0) + cost
    return found


def everything() -> list[list[tuple[Any, ...]]]:
    """All rollups, without the numbers of their rows."""
    found = []
    for table in TABLES:
        names = [field.name for field in table._meta.concrete_fields if field.name != "id"]
        rows = table.objects.values_list(*names)
        found.append(sorted(
            tuple(bytes(v) if isinstance(v, (bytes, memoryview)) else v for v in row)
            for row in rows
        ))
    return found


def frontier() -> int:
    return RollupState.objects.get().frontier


def test_an_hour_is_added_up_by_route_and_by_tier_and_language() -> None:
    record()
    record(language="en", cost_nanos=5)
    record(outcome="failed", error_code="upstream_timeout", cost_nanos=1)
    rollups.roll(HOUR, HOUR + 1)
    whole = HourlyUsage.objects.get(grain=Grain.WHOLE)
    assert (whole.calls, whole.attempts, whole.cost_nanos) == (2, 3, 13)
    assert whole.saved_failed_nanos == -1
    fine = HourlyUsage.objects.filter(grain=Grain.FINE).order_by("language")
    assert [(row.language, row.cost_nanos) for row in fine] == [("en", 5), ("ko", 8)]
    assert HourlyOutcome.objects.get().error_code == "upstream_timeout"


def test_rolling_again_changes_nothing() -> None:
    record(debate_id="d")
    record(outcome="cached", cache_layer="exact", attempt=0, cost_nanos=0, latency_ms=3)
    rollups.roll(HOUR, HOUR + 1)
    before = everything()
    rollups.roll(HOUR, HOUR + 1)
    assert all(before[:2] + before[3:])
    assert everything() == before


def test_the_last_microsecond_of_an_hour_belongs_to_it() -> None:
    record(at=start_of(HOUR + 1) - timedelta(microseconds=1))
    record(at=start_of(HOUR + 1), cost_nanos=5)
    rollups.roll(HOUR, HOUR + 2)
    assert costs() == {HOUR: 7, HOUR + 1: 5}


@pytest.mark.parametrize(("seconds", "is_closed"), [(59, False), (60, True)])
def test_an_hour_closes_a_minute_after_its_end(seconds: int, is_closed: bool) -> None:
    record()
    rollups.catch_up(now=start_of(HOUR + 1) + timedelta(seconds=seconds))
    assert costs() == ({HOUR: 7} if is_closed else {})


def test_the_running_hour_of_the_database_is_never_closed() -> None:
    now = clock.now()
    record(at=now)
    rollups.catch_up(now=now + timedelta(days=3))
    assert frontier() <= hour_of(now)
    assert costs() == {}


def test_weeks_are_caught_up_a_day_at_a_time() -> None:
    for hour in (HOUR - 240, HOUR - 100, HOUR):
        record(hour)
    said: list[tuple[int, int]] = []
    hours = rollups.catch_up(now=NOW, progress=lambda done, whole: said.append((done, whole)))
    assert costs() == {HOUR - 240: 7, HOUR - 100: 7, HOUR: 7}
    assert hours == 241
    assert said[0] == (24, 241)
    assert said[-1] == (241, 241)
    assert frontier() == HOUR + 1


def test_hours_without_a_row_are_rolled_a_month_at_a_time() -> None:
    """However long nobody called: a transaction of years would keep all other writers out."""
    for hour in (HOUR - 40 * 24, HOUR):
        record(hour)
    said: list[int] = []
    rollups.catch_up(now=NOW, progress=lambda done, _whole: said.append(done))
    steps = [after - before for before, after in pairwise([0, *said])]
    assert steps == [24, 31 * 24, 8 * 24, 1]
    assert costs() == {HOUR - 40 * 24: 7, HOUR: 7}


def test_catching_up_twice_does_nothing_the_second_time() -> None:
    record()
    assert rollups.catch_up(now=NOW) == 1
    assert rollups.catch_up(now=NOW) == 0


def test_a_late_row_marks_its_hour_and_is_counted_the_next_time() -> None:
    record()
    rollups.catch_up(now=NOW)
    record(cost_nanos=100)
    assert rollups.marked_hours(frontier()) == {HOUR}
    assert costs() == {HOUR: 7}
    rollups.catch_up(now=NOW)
    assert costs() == {HOUR: 107}
    assert not LateRow.objects.exists()


def test_late_rows_that_go_on_coming_do_not_hold_up_the_worker() -> None:
    record(HOUR - 60)
    rollups.catch_up(now=NOW)
    for ago in range(60):
        record(HOUR - ago)
    done = [rollups.catch_up(now=NOW, late=24) for _run in range(4)]
    assert done == [24, 24, 12, 0]


def test_a_row_that_changes_its_hour_marks_both() -> None:
    row = record()
    rollups.catch_up(now=NOW)
    LateRow.objects.all().delete()
    row.at -= timedelta(hours=2)
    row.save()
    assert set(LateRow.objects.values_list("hour", flat=True)) == {HOUR, HOUR - 2}


def test_a_row_that_goes_is_taken_off_again() -> None:
    row = record()
    record(cost_nanos=5)
    rollups.catch_up(now=NOW)
    row.delete()
    rollups.catch_up(now=NOW)
    assert costs() == {HOUR: 5}


def test_a_row_of_the_running_hour_leaves_no_mark() -> None:
    while (now := clock.now()).minute == 59 and now.second > 57:
        pass  # the hour is about to end
    record(at=now)
    assert not LateRow.objects.exists()


def test_every_migration_leaves_the_triggers_in_place() -> None:
    """SQLite drops them with the table when a migration makes it anew: add them again there."""
    names = "SELECT tgname FROM pg_trigger" if connection.vendor == "postgresql" else (
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    )
    with connection.cursor() as cursor:
        cursor.execute(names)
        found = {name.lower() for (name,) in cursor.fetchall()}
    assert any(name.startswith("billing_usage_late_insert") for name in found)


def test_rebuilding_repairs_what_somebody_broke() -> None:
    record()
    rollups.catch_up(now=NOW)
    HourlyUsage.objects.update(cost_nanos=999)
    assert rollups.rebuild(now=NOW) == 1
    assert costs() == {HOUR: 7}


def test_filters_know_what_was_seen() -> None:
    record()
    record(tier="premium", deployment="")
    rollups.catch_up(now=NOW)
    assert set(FilterValue.objects.values_list("column", "value")) == {
        ("tier", "free"), ("tier", "premium"), ("language", "ko"), ("deployment", OPUS)
    }


def test_the_command_says_how_far_it_is() -> None:
    record()
    out = StringIO()
    call_command("rollup", "--rebuild", stdout=out)
    assert "hours added up." in out.getvalue()
    assert costs() == {HOUR: 7}


def test_the_clock_of_the_database_is_asked() -> None:
    assert abs(rollup_sql.database_now() - clock.now()) < timedelta(minutes=5)

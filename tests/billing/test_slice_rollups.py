"""Slices of hours and days: made with the rollup, anew after late rows, filled in backwards."""

import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pytest_django import Settings

from billing import rollups
from billing.hours import hour_of, start_of
from billing.models import (
    DailyDebate,
    DailyDebateCount,
    DailyFacet,
    DailyLatency,
    DailyOutcome,
    DailyRule,
    DailySaving,
    DailySlice,
    DailyUsage,
    DailyUser,
    HourlyFacet,
    HourlySlice,
    HourlyUser,
    HourlyUserSlice,
    LateRow,
    MonthlySaving,
    MonthlyUser,
    RollupState,
    UsageRecord,
)
from billing.reports import slice_reading, slices
from billing.reports.ranges import Range
from billing.reports.slice_spans import clock_at, parts_of
from billing.reports.slice_tables import plan_of
from billing.reports.slices import Ask, SliceFilters

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
DAY = date(2026, 11, 20)
MIDNIGHT = hour_of(datetime(2026, 11, 19, 15, tzinfo=UTC))  # in Seoul
NOW = start_of(MIDNIGHT + 30)
SLICES = (
    HourlyUserSlice, HourlyUser, HourlySlice, HourlyFacet, DailySlice, DailyUser, DailyFacet
)
OF_DAYS = (
    DailyUsage, DailySaving, DailyOutcome, DailyLatency, DailyRule, DailyDebate, DailyDebateCount,
    MonthlySaving, MonthlyUser,
)
TABLES = (*SLICES, *OF_DAYS)


@pytest.fixture(autouse=True)
def no_marks(db: None) -> None:
    LateRow.objects.all().delete()


def record(hour: int = MIDNIGHT, **columns: Any) -> UsageRecord:
    values: dict[str, Any] = {
        "call_id": uuid.uuid4(), "attempt": 1, "at": start_of(hour) + timedelta(minutes=20),
        "user_id": 1, "tier": "free", "language": "ko", "requested_model": "auto",
        "deployment": "ollama/gemma3", "model_class": "local", "outcome": "complete",
        "confidence": "exact", "cost_nanos": 7, "call_kind": "closing",
        "debate_id": "debate-1", "latency_ms": 20,
    }
    return UsageRecord.objects.create(**values | columns)


def everything() -> list[list[tuple[Any, ...]]]:
    """All slices, without the numbers of their rows."""
    found = []
    for table in TABLES:
        names = [field.name for field in table._meta.concrete_fields if field.name != "id"]
        found.append(sorted(map(plain, table.objects.values_list(*names)), key=str))
    return found


def plain(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(bytes(value) if isinstance(value, memoryview) else value for value in row)


def facet(name: str, value: str = "", other: str = "") -> int:
    rows = DailyFacet.objects.filter(facet=name, value=value, other=other)
    return sum(rows.values_list("cost_nanos", flat=True))


def question(days: int = 2, **filters: Any) -> Ask:
    days_asked = Range(DAY - timedelta(days=days - 2), DAY + timedelta(days=1), "Asia/Seoul")
    return Ask(days_asked, NOW, SliceFilters(**filters))


def test_an_hour_is_sliced_and_its_day_once_it_is_over() -> None:
    record()
    record(MIDNIGHT + 23, user_id=2, call_kind="opening", cost_nanos=5)
    rollups.catch_up(now=start_of(MIDNIGHT + 24))  # the last hour is not closed yet
    assert HourlySlice.objects.get().cost_nanos == 7
    assert not DailySlice.objects.exists()
    rollups.catch_up(now=NOW)
    assert {row.user_id: row.cost_nanos for row in DailyUser.objects.all()} == {1: 7, 2: 5}
    assert (facet(""), facet("tier", "free"), facet("call_kind", "opening")) == (12, 12, 5)
    assert facet("call_kind,tier", "opening", "free") == 5


def test_rolling_again_changes_nothing() -> None:
    record()
    record(MIDNIGHT + 5, outcome="cached", cache_layer="exact", attempt=0, cost_nanos=0)
    record(MIDNIGHT + 25)
    rollups.catch_up(now=NOW)
    before = everything()
    assert all(before[:len(SLICES)])
    rollups.rebuild(now=NOW)
    assert everything() == before


def test_a_late_row_is_in_its_hour_and_its_day_the_next_time() -> None:
    record()
    rollups.catch_up(now=NOW)
    record(MIDNIGHT + 3, cost_nanos=100)
    rollups.catch_up(now=NOW)
    assert HourlySlice.objects.get(hour=MIDNIGHT + 3).cost_nanos == 100
    assert (facet(""), DailySlice.objects.get().cost_nanos) == (107, 107)


def test_rebuilding_repairs_what_somebody_broke() -> None:
    record()
    rollups.catch_up(now=NOW)
    before = everything()
    for table in SLICES:
        table.objects.update(cost_nanos=999)
    for table in OF_DAYS:
        table.objects.all().delete()
    rollups.rebuild(now=NOW)
    assert {row.cost_nanos for table in SLICES for row in table.objects.all()} == {7}
    assert everything() == before


def test_what_an_earlier_version_rolled_is_filled_in_backwards() -> None:
    for hour in range(MIDNIGHT - 48, MIDNIGHT + 29):
        record(hour)
    rollups.catch_up(now=NOW)
    before = everything()
    as_an_earlier_version_left_it()
    rollups.catch_up(now=NOW, older=24)
    state = RollupState.objects.get()
    assert state.slices_from == state.frontier - 24
    assert set(DailyFacet.objects.values_list("day", flat=True)) == set()  # no whole day yet
    while RollupState.objects.get().slices_from is not None:
        rollups.catch_up(now=NOW, older=24)
    assert everything() == before


def test_until_then_old_hours_are_missing_and_known_questions_are_answered() -> None:
    for hour in range(MIDNIGHT - 48, MIDNIGHT + 29):
        record(hour)
    rollups.catch_up(now=NOW)
    as_an_earlier_version_left_it()
    by_kind = slices.load(question(4, call_kind="closing"))
    assert by_kind.missing_hours == 77
    assert by_kind.is_known == (False, False, False, False)
    by_tier = slices.load(question(4, tier="free"))  # an older table knows it
    assert (by_tier.missing_hours, by_tier.total.cost_nanos) == (0, 77 * 7)
    known = slices.day_costs(
        zone="Asia/Seoul", first=DAY, last=DAY, now=NOW, group_by="call_kind"
    )
    assert not known
    assert known.missing == {DAY}


def as_an_earlier_version_left_it() -> None:
    for table in TABLES:
        table.objects.all().delete()
    state = RollupState.objects.get()
    state.slices_from, state.zone = state.frontier, ""
    state.save()


def test_days_of_another_zone_are_made_anew(settings: Settings) -> None:
    for hour in range(MIDNIGHT - 48, MIDNIGHT + 29):
        record(hour)
    rollups.catch_up(now=NOW)
    settings.DEFAULT_ZONE = "UTC"
    assert slices.load(question(3)).total.cost_nanos == 53 * 7  # out of hours meanwhile
    rollups.catch_up(now=NOW)
    assert RollupState.objects.get().days_from is None
    days = dict(DailyFacet.objects.filter(facet="").values_list("day", "calls"))
    assert days == {date(2026, 11, 17): 9, date(2026, 11, 18): 24, date(2026, 11, 19): 24}


def test_a_zone_with_half_hours_has_no_daily_sums(settings: Settings) -> None:
    settings.DEFAULT_ZONE = "Asia/Kolkata"
    record()
    rollups.catch_up(now=NOW)
    assert HourlySlice.objects.exists()
    assert not DailySlice.objects.exists()


def test_a_question_that_would_read_too_much_is_about_its_newest_days(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for hour in range(MIDNIGHT - 24 * 8, MIDNIGHT + 29):
        record(hour, user_id=hour % 5)
    rollups.catch_up(now=NOW)
    ask = Ask(question(8).range, NOW, SliceFilters(outcome="complete"), "user")
    whole = slices.load(ask)
    assert (whole.shortened, whole.total.calls) == (None, 6 * 24 + 29)
    monkeypatch.setattr(slices, "MAX_ROWS", 100)
    found = slices.load(ask)
    assert found.shortened == Range(DAY - timedelta(days=2), DAY + timedelta(days=1), "Asia/Seoul")
    assert found.answered.range == found.shortened
    assert found.total.calls == 3 * 24 + 6 - 1
    assert slices.load_previous(ask) is None


def test_rows_of_one_user_are_counted_up_to_a_limit() -> None:
    for hour in range(MIDNIGHT, MIDNIGHT + 20):
        record(hour)
    rollups.catch_up(now=NOW)
    filters, buckets = SliceFilters(user_id=1), question().range.buckets
    plan = plan_of(filters, "", is_filled=True)
    parts = parts_of(buckets, clock_at(NOW), has_days=False, is_slices=True)
    assert slice_reading.rows_to_read(parts, plan, filters, most=100) == 20
    assert slice_reading.rows_to_read(parts, plan, filters, most=5) == 6


def test_a_question_takes_few_queries(django_assert_max_num_queries: Any) -> None:
    for hour in range(MIDNIGHT - 48, MIDNIGHT + 29):
        record(hour)
    rollups.catch_up(now=NOW - timedelta(hours=2))
    record(MIDNIGHT - 20)
    for ask in (
        question(3), question(4, tier="free", language="ko", call_kind="closing"),
        question(4, user_id=1),
    ):
        with django_assert_max_num_queries(7):
            assert slices.load(ask).total.calls > 28


def test_nothing_is_grouped_by_what_no_table_knows() -> None:
    with pytest.raises(ValueError, match="'debate'"):
        Ask(question().range, NOW, group_by="debate")

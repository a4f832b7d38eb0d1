"""Which rules calls went by, and what each deployment did: the same from sums as from rows."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from uuid import uuid4

import pytest

from billing import rollups
from billing.hours import start_of
from billing.models import HourlyRule, LateRow, RollupState, UsageRecord
from billing.reports import deployments, rules, slices
from billing.reports.ranges import Range
from billing.reports.shapes import Filters
from billing.reports.slices import SliceFilters

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
NOW = datetime(2026, 11, 25, 3, 4, tzinfo=UTC)
DAYS = Range(date(2026, 11, 24), date(2026, 11, 25), "Asia/Kolkata")  # cuts hours in halves
HAIKU, OPUS = "anthropic/claude-haiku-5-5", "anthropic/claude-opus-5-5"


@pytest.fixture(autouse=True)
def no_marks(db: None) -> None:
    LateRow.objects.all().delete()


def call(at: datetime, **columns: Any) -> UsageRecord:
    usual = {
        "call_id": uuid4(), "attempt": 1, "at": at, "user_id": 1, "tier": "premium",
        "language": "ko", "complexity": "complex", "requested_model": "auto",
        "deployment": OPUS, "provider": "anthropic", "model_class": "premium",
        "outcome": "complete", "confidence": "exact", "cost_nanos": 7, "latency_ms": 900,
    }
    return UsageRecord.objects.create(**usual | columns)


def many(seed: int = 1) -> None:
    chance = Random(seed)
    for _ in range(80):
        call(
            NOW - timedelta(minutes=chance.randint(0, 1_300)),
            tier=chance.choice(["free", "premium"]), language=chance.choice(["ko", "en"]),
            complexity=chance.choice(["simple", "medium", "complex"]),
            requested_model=chance.choice(["auto", "auto", "auto", OPUS]),
            deployment=chance.choice([HAIKU, OPUS]), is_economy=chance.choice([True, False]),
            outcome=chance.choice(["complete", "complete", "failed", "refused", "cached"]),
            is_holdout=chance.choice([None, None, True]), cost_nanos=chance.randint(0, 99),
            latency_ms=chance.randint(100, 5_000),
        )


def by_hand(filters: Filters) -> Counter[tuple[str, str, bool]]:
    rows = UsageRecord.objects.filter(
        at__gte=DAYS.start, at__lte=NOW, requested_model="auto", is_holdout=None
    ).exclude(outcome__in=["failed", "refused", "cached"])
    for name in ("tier", "language", "deployment"):
        if value := getattr(filters, name):
            rows = rows.filter(**{name: value})
    return Counter(rows.values_list("tier", "complexity", "is_economy"))


@pytest.mark.parametrize("filters", [Filters(), Filters(tier="free", language="ko")])
def test_every_rule_has_the_calls_of_its_rows(filters: Filters) -> None:
    many()
    live = rules.load(DAYS, now=NOW, filters=filters)
    rollups.catch_up(now=NOW)
    found = rules.load(DAYS, now=NOW, filters=filters)
    assert HourlyRule.objects.exists()
    assert found == live
    counts = {(row.tier, row.complexity, row.is_economy): row.calls for row in found.rows}
    assert counts == by_hand(filters)
    assert found.calls == sum(counts.values())


def test_a_late_row_is_counted_again_and_once() -> None:
    many()
    rollups.catch_up(now=NOW)
    call(NOW - timedelta(hours=20), tier="enterprise")
    for _ in range(2):
        found = rules.load(DAYS, now=NOW, filters=Filters(tier="enterprise"))
        assert [row.calls for row in found.rows] == [1]
        rollups.catch_up(now=NOW)


def test_hours_of_an_earlier_version_are_said_to_be_unknown_and_filled_in() -> None:
    many()
    rollups.catch_up(now=NOW, older=0)
    state = RollupState.objects.get()
    HourlyRule.objects.filter(hour__lt=state.frontier - 12).delete()
    state.slices_from = state.frontier - 12
    state.save()
    cut = rules.load(DAYS, now=NOW, filters=Filters())
    assert cut.known_from == start_of(state.slices_from)
    rollups.catch_up(now=NOW)
    whole = rules.load(DAYS, now=NOW, filters=Filters())
    assert whole.known_from is None
    assert whole.calls == sum(by_hand(Filters()).values())


def test_slices_that_were_filled_before_there_were_rules_are_said_to_lack_them() -> None:
    many()
    rollups.catch_up(now=NOW)
    newest = HourlyRule.objects.latest("hour").hour
    HourlyRule.objects.filter(hour__lt=newest).delete()
    assert rules.load(DAYS, now=NOW, filters=Filters()).known_from == start_of(newest)
    rollups.rebuild(now=NOW)
    assert rules.load(DAYS, now=NOW, filters=Filters()).known_from is None


def test_deployments_are_the_same_from_sums_as_from_rows() -> None:
    many(2)
    filters = SliceFilters()
    live = deployments.load(DAYS, now=NOW, filters=filters)
    rollups.catch_up(now=NOW)
    found = deployments.load(DAYS, now=NOW, filters=filters)
    assert found.by_name == live.by_name
    opus = UsageRecord.objects.filter(at__gte=DAYS.start, deployment=OPUS, cache_layer="")
    assert found.by_name[OPUS].attempts == opus.count()
    assert found.by_name[OPUS].failed == opus.filter(outcome="failed").count()
    assert found.by_name[OPUS].cost_nanos == sum(opus.values_list("cost_nanos", flat=True))


def test_times_are_those_of_the_deployment() -> None:
    for place in range(20):
        call(NOW - timedelta(minutes=place + 1), deployment=HAIKU, latency_ms=200)
        call(NOW - timedelta(minutes=place + 1), latency_ms=3_000)
    rollups.catch_up(now=NOW)
    found = deployments.load(DAYS, now=NOW, filters=SliceFilters()).by_name
    assert found[HAIKU].p95 == pytest.approx(200, rel=0.12)
    assert found[OPUS].p50 == pytest.approx(3_000, rel=0.12)


def test_long_ranges_have_the_times_of_their_last_days() -> None:
    days = Range(date(2026, 8, 1), date(2026, 11, 25), "UTC")
    found = deployments.load(days, now=NOW, filters=SliceFilters())
    assert (found.timed.first, found.timed.last) == (date(2026, 10, 26), date(2026, 11, 25))


def test_failed_attempts_are_of_the_same_days_as_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a question is about its newest days only, so are the failures."""
    days = Range(DAYS.last - timedelta(days=9), DAYS.last, DAYS.zone)
    for back in range(10):
        for hour in range(5):
            at = NOW - timedelta(days=back, hours=hour)
            for outcome in ("failed", "complete"):
                call(at, outcome=outcome, language=("ko", "en")[hour % 2], call_kind="closing")
    rollups.catch_up(now=NOW)
    monkeypatch.setattr(slices, "MAX_ROWS", 20)
    for filters in (SliceFilters(), SliceFilters(tier="premium", language="ko")):
        found = deployments.load(days, now=NOW, filters=filters)
        assert 0 < found.by_name[OPUS].failed * 2 == found.by_name[OPUS].attempts

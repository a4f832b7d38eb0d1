"""Every slice is the sum of the same rows: any grouping, any filter, in every zone, at any state of
the rollup. Random ledgers; the rows are added up the plain way."""

import random
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pytest_django import Settings

from billing import ledger, rollups, savings
from billing.corrections_rows import Amounts, Change, row_of
from billing.hours import hour_of
from billing.models import LateRow, PriceCorrection, RollupState, UsageRecord
from billing.reports import slices
from billing.reports.ranges import Bucket, Range
from billing.reports.slices import GROUPS, NONE, Ask, SliceFilters, SliceRow
from billing.slice_measures import MEASURES

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
ZONES = ("UTC", "Asia/Seoul", "America/New_York")
NOONS = (  # two days after New York's clocks went on and back, and on a plain day
    datetime(2026, 3, 10, 16, 30, tzinfo=UTC),
    datetime(2026, 11, 3, 17, 0, 0, 1, tzinfo=UTC),
)
ROUTES = (
    ("anthropic", "anthropic/claude-opus-5-5", "premium"),
    ("anthropic", "anthropic/claude-haiku-4-5", "economy"),
    ("ollama", "ollama/gemma3", "local"),
)
OUTCOMES = ("complete", "complete", "cached", "cached", "failed", "refused", "incomplete")
FILTERS = (
    SliceFilters(),
    SliceFilters(tier="free"),
    SliceFilters(cache_layer=NONE, call_kind="closing"),
    SliceFilters(deployment="ollama/gemma3", model_class="local"),
    SliceFilters(tier="premium", language="ko", deployment="anthropic/claude-opus-5-5"),
    SliceFilters(provider="anthropic", outcome="complete", language="en"),
    SliceFilters(user_id=2),
    SliceFilters(user_id=1, call_kind=NONE, outcome="cached"),
)
Sums = Mapping[tuple[Any, str], tuple[int, ...]]


@dataclass(frozen=True)
class Case:
    rows: list[UsageRecord]
    now: datetime


def row(chance: random.Random, at: datetime) -> UsageRecord:
    outcome = chance.choice(OUTCOMES)
    provider, deployment, of_class = chance.choice(ROUTES)
    is_free = outcome in ("cached", "refused")
    if outcome == "refused":
        provider = deployment = of_class = ""
    layer = chance.choice(("exact", "shared", "template")) if outcome == "cached" else ""
    return UsageRecord(
        call_id=uuid.UUID(int=chance.getrandbits(128)), attempt=0 if is_free else 1, at=at,
        user_id=chance.choice((1, 1, 1, 2, 3)), requested_model="auto",
        tier=chance.choice(("free", "premium", "precompute")),
        language=chance.choice(("ko", "en", "")),
        call_kind=chance.choice(("", "closing", "judge", "rag_search")),
        provider=provider, deployment=deployment, model_class=of_class, cache_layer=layer,
        outcome=outcome, confidence=chance.choice(("exact", "estimated")),
        cost_nanos=0 if is_free else chance.randrange(10**12),
        baseline_nanos=chance.choice((None, chance.randrange(10**12))),
        prompt_cache_nanos=0 if is_free else chance.randrange(-(10**9), 10**9),
        **{
            f"{name}_tokens": chance.choice((None, chance.randrange(10**6)))
            for name in ("fresh_input", "cache_read", "cache_write", "output")
        },
    )


def correction(chance: random.Random, of: UsageRecord) -> UsageRecord:
    """Of its price: differences, as `billing.corrections_rows` writes them."""
    of.pk, number = of.pk or chance.randrange(10**6, 10**12), chance.randrange(10**6)
    by = chance.randrange(-of.cost_nanos, 10**12) if of.attempt else 0
    change = Change(of, Amounts.of(of), Amounts.of(of) + Amounts(by, by // 7))
    return row_of(change, PriceCorrection(pk=number))


def moments(chance: random.Random, now: datetime, days: int) -> Iterator[datetime]:
    """Anywhere, and at the edges of local days."""
    for _ in range(60):
        yield now - timedelta(seconds=chance.random() * days * 86_400)
    for zone in ZONES:
        midnight = now.astimezone(ZoneInfo(zone)).replace(hour=0, minute=0, second=0, microsecond=0)
        for back in range(days):
            edge = (midnight - timedelta(days=back)).astimezone(UTC)
            yield edge + timedelta(microseconds=chance.choice((-1, 0)))
    yield now


def play(seed: int) -> Case:
    """Some are rolled up; some come late, some are not rolled up yet."""
    chance = random.Random(seed)
    now = chance.choice(NOONS)
    rows = [row(chance, at) for at in moments(chance, now, 12)]
    rows += [correction(chance, each) for each in rows if chance.random() < 0.2]
    chance.shuffle(rows)
    part = len(rows) * 9 // 10
    ledger.insert_usage(rows[:part])
    LateRow.objects.all().delete()
    RollupState.objects.create(
        pk=1, frontier=hour_of(now) - 24 * 14, zone=chance.choice(("Asia/Seoul", "Europe/Rome"))
    )
    rollups.catch_up(now=now - timedelta(hours=chance.randrange(10)))
    ledger.insert_usage(rows[part:])
    if chance.random() < 0.3:
        rollups.catch_up(now=now)
    return Case(rows, now)


def added_up(
    case: Case, filters: SliceFilters, group_by: str, place: Callable[[datetime], Any]
) -> Sums:
    found: dict[tuple[Any, str], list[int]] = {}
    for each in case.rows:
        where = place(each.at)
        if where is None or not is_asked(each, filters):
            continue
        sums = found.setdefault((where, key(each, group_by)), [0] * len(MEASURES))
        for number, value in enumerate(values(each)):
            sums[number] += value
    return {where: tuple(sums) for where, sums in found.items()}


def is_asked(row: UsageRecord, filters: SliceFilters) -> bool:
    return all(getattr(row, name) == value for name, value in filters.columns.items())


def key(row: UsageRecord, group_by: str) -> str:
    if not group_by:
        return ""
    return str(getattr(row, "user_id" if group_by == "user" else group_by)) or NONE


def values(row: UsageRecord) -> tuple[int, ...]:
    is_answered = row.outcome not in ("failed", "refused", "corrected")
    is_known = is_answered and row.baseline_nanos is not None and not savings.own_cause(row)
    is_call = row.outcome not in ("failed", "corrected")
    return (
        int(row.outcome != "corrected"), int(is_call), int(is_answered), row.cost_nanos,
        row.cost_nanos if row.confidence == "estimated" else 0, int(is_known),
        (row.baseline_nanos or 0) if is_known else 0, savings.saved_nanos(row) or 0,
        row.fresh_input_tokens or 0, row.cache_read_tokens or 0, row.cache_write_tokens or 0,
        row.output_tokens or 0,
    )


def sums_of(row: SliceRow) -> tuple[int, ...]:
    return tuple(getattr(row, measure.name) for measure in MEASURES)


def in_buckets(buckets: tuple[Bucket, ...], now: datetime) -> Callable[[datetime], int | None]:
    def place(at: datetime) -> int | None:
        return next((number for number, bucket in enumerate(buckets)
                     if bucket.start <= at < bucket.end and at <= now), None)

    return place


def on_days(zone: str, first: date, last: date, now: datetime) -> Callable[[datetime], date | None]:
    def place(at: datetime) -> date | None:
        day = at.astimezone(ZoneInfo(zone)).date()
        return day if first <= day <= last and at <= now else None

    return place


@pytest.mark.parametrize("seed", range(6))
def test_every_slice_is_the_sum_of_its_rows(seed: int, settings: Settings) -> None:
    settings.DEFAULT_ZONE = ("Asia/Seoul", "America/New_York", "Asia/Kolkata")[seed % 3]
    case = play(seed)
    chance = random.Random(seed)
    for zone, group_by in product(ZONES, GROUPS):
        today = case.now.astimezone(ZoneInfo(zone)).date()
        days = Range(today - timedelta(days=chance.choice((0, 1, 6, 9))), today, zone)
        filters = chance.choice(FILTERS)
        found = slices.load(Ask(days, case.now, filters, group_by))
        assert (found.missing_hours, found.shortened) == (0, None)
        assert {(each.bucket, each.key): sums_of(each) for each in found.rows} == added_up(
            case, filters, group_by, in_buckets(found.buckets, case.now)
        )


@pytest.mark.parametrize("seed", range(6, 10))
def test_days_add_up_to_their_rows(seed: int) -> None:
    case = play(seed)
    for zone, filters in product(ZONES, FILTERS):
        today = case.now.astimezone(ZoneInfo(zone)).date()
        first, last = today - timedelta(days=9), today - timedelta(days=seed % 2)
        for group_by in random.Random(seed).sample(GROUPS, 3):
            found = slices.day_costs(
                zone=zone, first=first, last=last, now=case.now, filters=filters,
                group_by=group_by,
            )
            assert not found.missing
            assert {where: sums_of(each) for where, each in found.items()} == added_up(
                case, filters, group_by, on_days(zone, first, last, case.now)
            )


def test_the_period_before_is_as_long_and_ends_at_the_same_time() -> None:
    case = play(10)
    today = case.now.astimezone(ZoneInfo("America/New_York")).date()
    ask = Ask(Range(today - timedelta(days=3), today, "America/New_York"), case.now)
    before = slices.load_previous(ask)
    assert before is not None
    assert before.as_of.astimezone(ZoneInfo("America/New_York")).time() == (
        case.now.astimezone(ZoneInfo("America/New_York")).time()
    )
    place = in_buckets(before.buckets, before.as_of)
    expected = added_up(case, SliceFilters(), "", place)
    assert {(each.bucket, each.key): sums_of(each) for each in before.rows} == expected
    assert before.total.cost_nanos == sum(sums[3] for sums in expected.values())

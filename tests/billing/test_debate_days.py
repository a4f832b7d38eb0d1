"""Distinct debates of any days, added up of what is known of each day; anew after late rows."""

import uuid
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing import rollups
from billing.hours import hour_of, start_of
from billing.models import (
    DailyDebate,
    DailyDebateCount,
    HourlyDebate,
    LateRow,
    RollupState,
    UsageRecord,
)
from billing.reports import debate_list, facts
from billing.reports.debate_list import Order
from billing.reports.ranges import Range
from billing.reports.shapes import Filters, Question

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
DAY = date(2026, 11, 2)
MIDNIGHT = datetime(2026, 11, 1, 15, tzinfo=UTC)  # in Seoul
DAYS = 5
NOW = MIDNIGHT + timedelta(days=DAYS, hours=3)
CALLS = st.lists(
    st.tuples(
        st.integers(0, DAYS * 24 - 1), st.sampled_from(["a", "b"]), st.integers(1, 2),
        st.sampled_from(["free", "premium"]), st.sampled_from(["ko", "en"]),
    ), max_size=8,
)
Made = tuple[int, str, int, str, str]  # hour, debate, user, tier, language
Line = tuple[int, str, int]  # user, debate, cost
MANY = st.lists(
    st.tuples(
        st.integers(0, DAYS * 24 - 1), st.sampled_from("abcdefg"), st.integers(1, 2),
        st.sampled_from(["free", "premium"]), st.sampled_from(["ko", "en"]),
    ), min_size=6, max_size=20,
)


def write(calls: list[Made]) -> None:
    for hour, debate, user, tier, language in calls:
        UsageRecord.objects.create(
            call_id=uuid.uuid4(), attempt=1, at=MIDNIGHT + timedelta(hours=hour, minutes=5),
            user_id=user, tier=tier, language=language, debate_id=debate, outcome="complete",
            requested_model="auto", confidence="exact", cost_nanos=7,
        )


def begin() -> None:
    for table in (UsageRecord, LateRow, HourlyDebate, DailyDebate, DailyDebateCount, RollupState):
        table.objects.all().delete()
    RollupState.objects.create(pk=1, frontier=hour_of(MIDNIGHT), zone="Asia/Seoul")


def debates(first: int, last: int, zone: str = "Asia/Seoul", **filters: str) -> int:
    days = Range(DAY + timedelta(days=first), DAY + timedelta(days=last), zone)
    found = facts.load(Question(days, NOW, Filters(**filters)))
    assert found.debates is not None
    assert found.debates.calls * 7 == found.debates.cost_nanos
    return found.debates.debates


def counted(calls: list[Made], first: int, last: int, *, shift: int = 0, **filters: str) -> int:
    """The plain way. `shift`: hours that the days begin later than in Seoul."""
    return len({
        (debate, user) for hour, debate, user, tier, language in calls
        if first * 24 + shift <= hour < (last + 1) * 24 + shift
        and filters.get("tier", tier) == tier and filters.get("language", language) == language
    })


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(before=CALLS, late=CALLS)
def test_a_debate_of_many_days_counts_once_in_any_days(
    before: list[Made], late: list[Made]
) -> None:
    begin()
    write(before)
    rollups.catch_up(now=NOW)
    write(late)
    rollups.catch_up(now=NOW)  # what came late is added up too
    calls = [*before, *late]
    for first, last in ((0, DAYS - 1), (1, 3), (2, 2)):
        for filters in ({}, {"tier": "free"}, {"tier": "free", "language": "ko"}):
            assert debates(first, last, **filters) == counted(calls, first, last, **filters)
    new_york = counted(calls, 1, 3, shift=14)  # hours around whole days of Seoul
    assert debates(1, 3, "America/New_York") == new_york


def dearest(calls: list[Made], first: int, last: int, shift: int, **filters: str) -> list[Line]:
    """The plain way: user, debate, cost."""
    sums: dict[tuple[int, str], int] = {}
    for hour, debate, user, tier, _language in calls:
        is_in = first * 24 + shift <= hour < (last + 1) * 24 + shift
        if is_in and filters.get("tier", tier) == tier:
            sums[user, debate] = sums.get((user, debate), 0) + 7
    lines = [(user, debate, cost) for (user, debate), cost in sums.items()]
    return sorted(lines, key=lambda line: (-line[2], line[0], line[1]))


def listed(first: int, last: int, zone: str, **filters: str) -> list[Line]:
    """Page by page, two debates on each."""
    days = Range(DAY + timedelta(days=first), DAY + timedelta(days=last), zone)
    question = Question(days, NOW, Filters(**filters))
    found = []
    for number in range(1, 10):
        page = debate_list.page(question, order=Order.DEAREST, number=number, size=2)
        found += [(line.user_id, line.debate_id, line.cost_nanos) for line in page.lines]
        if not page.has_more:
            return found
    raise AssertionError("too many pages")


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(before=MANY, late=CALLS)
def test_the_dearest_debates_are_the_same_as_when_all_are_added_up(
    before: list[Made], late: list[Made]
) -> None:
    begin()
    write(before)
    rollups.catch_up(now=NOW)
    write(late)  # an hour with late rows is read from the calls
    calls = [*before, *late]
    for _rolled in range(2):
        for zone, shift in (("Asia/Seoul", 0), ("America/New_York", 14)):
            assert listed(0, DAYS - 1, zone) == dearest(calls, 0, DAYS - 1, shift)
            assert listed(1, 3, zone, tier="free") == dearest(calls, 1, 3, shift, tier="free")
        rollups.catch_up(now=NOW)


def test_a_debate_of_two_days_is_not_alone_whichever_is_added_up_last() -> None:
    begin()
    write([(5, "a", 1, "free", "ko"), (30, "a", 1, "free", "ko"), (31, "b", 1, "free", "ko")])
    rollups.catch_up(now=NOW)
    rollups.roll(hour_of(MIDNIGHT), hour_of(MIDNIGHT) + 1)
    alone = DailyDebate.objects.order_by("day", "debate_id").values_list("debate_id", "is_alone")
    assert list(alone) == [("a", False), ("a", False), ("b", True)]


def test_whole_days_are_not_counted_by_the_hour() -> None:
    """The hours may go, and the days are as they were: they are not read."""
    begin()
    write([(5, "a", 1, "free", "ko"), (30, "a", 1, "free", "ko"), (31, "b", 1, "free", "ko")])
    rollups.catch_up(now=NOW)
    HourlyDebate.objects.all().delete()
    assert (debates(0, 2), debates(0, 0), debates(1, 1)) == (2, 1, 2)


def test_a_debate_that_goes_is_new_on_its_next_day() -> None:
    begin()
    write([(5, "a", 1, "free", "ko"), (30, "a", 1, "free", "ko")])
    rollups.catch_up(now=NOW)
    UsageRecord.objects.filter(at__lt=start_of(hour_of(MIDNIGHT) + 24)).delete()
    rollups.catch_up(now=NOW)
    assert (debates(0, 2), debates(0, 0), debates(1, 1)) == (1, 0, 1)

"""The list of calls: one line a call, complete and without repeats, whatever happens meanwhile."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain, count
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.services import tiers_load
from billing.models import UsageRecord
from billing.reports import calls
from billing.reports.call import call_report
from billing.reports.calls import CallFilters, CallPage, Cursor, Ended, page
from billing.reports.errors import is_failed_call, is_refusal
from billing.reports.reading import OutcomeSum

NOON = datetime(2026, 11, 25, 3, tzinfo=UTC)
HOUR_US = 3_600_000_000
ALL = CallFilters(NOON - timedelta(days=90), NOON + timedelta(days=1))
pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
numbers = count(1)


def row(**changes: Any) -> UsageRecord:
    facts: dict[str, Any] = {
        "call_id": uuid4(), "attempt": 1, "at": NOON - timedelta(seconds=next(numbers)),
        "user_id": 1, "tier": "free", "language": "ko", "call_kind": "rebuttal",
        "key_prefix": "abcd1234", "debate_id": "stoics-1", "requested_model": "auto",
        "deployment": "openai/gpt-6-luna", "outcome": "complete", "confidence": "exact",
    }
    return UsageRecord.objects.create(**facts | changes)


def found(**filters: Any) -> list[Any]:
    return [line.call_id for line in page(filtered(**filters)).lines]


def filtered(**filters: Any) -> CallFilters:
    return CallFilters(**{"start": ALL.start, "end": ALL.end, **filters})


def pages(filters: CallFilters, *, size: int) -> Iterator[CallPage]:
    here = page(filters, size=size)
    yield here
    while here.older:
        here = page(filters, cursor=here.older, size=size)
        yield here


def test_newest_call_stands_first() -> None:
    old, new = row(at=NOON - timedelta(hours=2)), row(at=NOON - timedelta(hours=1))
    assert found() == [new.call_id, old.call_id]


@pytest.mark.parametrize("size", [1, 3, 7])
def test_paging_is_complete_and_without_repeats_while_calls_arrive(size: int) -> None:
    times = [NOON - timedelta(seconds=random.Random(size).randint(0, 5)) for _ in range(20)]
    there = {row(at=at).call_id for at in times}
    seen: list[Any] = []
    for here in pages(ALL, size=size):
        seen += [line.call_id for line in here.lines]
        row(at=NOON + timedelta(minutes=1))
    assert len(seen) == len(set(seen))
    assert set(seen) == there


@pytest.mark.parametrize("size", [1, 3, 7])
def test_way_back_shows_the_same_calls(size: int) -> None:
    for _ in range(20):
        row(at=NOON - timedelta(seconds=next(numbers) // 3))
    there = [[line.call_id for line in here.lines] for here in pages(ALL, size=size)]
    last = list(pages(ALL, size=size))[-1]
    back = [[line.call_id for line in last.lines]]
    while last.newer:
        last = page(ALL, cursor=last.newer, is_newer=True, size=size)
        if not last.newer and last.lines[0].call_id == back[-1][0]:
            break
        back.append([line.call_id for line in last.lines])
    assert list(chain(*reversed(back))) == list(chain(*there))


def test_nothing_newer_is_the_first_page() -> None:
    newest = row()
    here = page(ALL, cursor=Cursor(newest.at, newest.pk), is_newer=True)
    assert [line.call_id for line in here.lines] == [newest.call_id]
    assert here.newer is None


@pytest.mark.parametrize(("extra", "has_older"), [(0, False), (1, True)])
def test_older_is_offered_only_if_there_is_more(extra: int, has_older: bool) -> None:
    for _ in range(3 + extra):
        row()
    assert (page(ALL, size=3).older is not None) is has_older


def test_a_call_of_several_attempts_is_one_line_with_all_its_costs() -> None:
    call_id, at = uuid4(), NOON - timedelta(minutes=1)
    row(call_id=call_id, at=at, outcome="failed", cost_nanos=300, error_code="upstream_timeout")
    row(call_id=call_id, at=at, outcome="failed", attempt=2)
    row(call_id=call_id, at=at, attempt=3, cost_nanos=1_000, baseline_nanos=5_000)
    (line,) = page(ALL).lines
    assert (line.cost_nanos, line.saved_nanos, line.failed_attempts) == (1_300, 3_700, 2)


def test_saving_of_an_answer_without_a_baseline_is_not_known() -> None:
    row(cost_nanos=1_000)
    assert page(ALL).lines[0].saved_nanos is None


def test_failed_attempts_are_taken_off_as_on_the_page_of_the_call() -> None:
    """Where the answer has no baseline too: the sums of the overview count them."""
    call_id = uuid4()
    row(call_id=call_id, outcome="failed", cost_nanos=300)
    row(call_id=call_id, attempt=2, cost_nanos=1_000)
    report = call_report(call_id)
    assert report is not None
    assert page(ALL).lines[0].saved_nanos == report.saved_nanos == -300


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tier", "premium"), ("language", "en"), ("call_kind", "opening_statement"),
        ("deployment", "anthropic/claude-opus-5-5"), ("user_id", 2), ("debate_id", "stoics-2"),
        ("key_prefix", "wxyz9876"),
    ],
)
def test_filter_shows_only_what_it_says(name: str, value: Any) -> None:
    row()
    meant = row(**{name: value})
    assert found(**{name: value}) == [meant.call_id]


def test_filters_add_up() -> None:
    row(tier="premium")
    row(language="en")
    both = row(tier="premium", language="en", user_id=2)
    assert found(tier="premium", language="en", user_id=2, debate_id="stoics-1") == [both.call_id]


@pytest.mark.parametrize(
    ("late_us", "is_in"), [(-1, False), (0, True), (HOUR_US - 1, True), (HOUR_US, False)]
)
def test_range_has_its_first_instant_and_not_its_end(late_us: int, is_in: bool) -> None:
    row(at=NOON + timedelta(microseconds=late_us))
    assert bool(found(start=NOON, end=NOON + timedelta(hours=1))) is is_in


ENDINGS = [
    ("complete", "", Ended.ANSWERED), ("cancelled", "", Ended.ANSWERED),
    ("incomplete", "", Ended.ANSWERED), ("incomplete", "worker_lost", Ended.FAILED),
    ("cached", "", Ended.CACHED), ("refused", "quota_exceeded", Ended.REFUSED),
    ("refused", "upstream_unavailable", Ended.FAILED), ("refused", "internal_error", Ended.FAILED),
]


@pytest.mark.parametrize(("outcome", "error_code", "ended"), ENDINGS)
def test_each_ending_has_one_name(outcome: str, error_code: str, ended: Ended) -> None:
    meant = row(outcome=outcome, error_code=error_code)
    assert [one for one in Ended if found(ended=one) == [meant.call_id]] == [ended]


@pytest.mark.parametrize(("outcome", "error_code", "ended"), ENDINGS)
def test_endings_are_those_of_the_charts(outcome: str, error_code: str, ended: Ended) -> None:
    names = {"outcome": outcome, "error_code": error_code}
    drawn = OutcomeSum(**{f: names.get(f) for f in OutcomeSum._fields})
    assert is_failed_call(drawn) is (ended == Ended.FAILED)
    assert is_refusal(drawn) is (ended == Ended.REFUSED)


class TestFailedAttempts:
    def test_only_calls_that_had_one_are_shown_once(self) -> None:
        row()
        call_id = uuid4()
        for attempt in (1, 2):
            row(call_id=call_id, attempt=attempt, outcome="failed", deployment="a/b")
        row(call_id=call_id, attempt=3)
        assert found(has_failed_attempts=True) == [call_id]
        assert found(has_failed_attempts=True, deployment="openai/gpt-6-luna") == [call_id]
        assert found(has_failed_attempts=True, deployment="a/b") == []

    def test_call_that_is_still_trying_is_not_shown_yet(self) -> None:
        row(outcome="failed")
        assert found(has_failed_attempts=True) == found() == []

    @pytest.mark.parametrize("is_newer", [False, True])
    def test_they_are_paged_like_others(self, is_newer: bool, monkeypatch: Any) -> None:
        monkeypatch.setattr(calls, "FAILED_ROWS", 2)
        there = []
        for _ in range(9):
            call_id, at = uuid4(), NOON - timedelta(seconds=next(numbers) // 2)
            row(call_id=call_id, at=at, outcome="failed")
            there.append(row(call_id=call_id, at=at, attempt=2))
        newest_first = sorted(there, key=lambda one: (one.at, one.pk), reverse=True)
        seen = [
            line.call_id for here in pages(filtered(has_failed_attempts=True), size=2)
            for line in here.lines
        ]
        assert seen == [one.call_id for one in newest_first]


class TestSearch:
    """A filter that matches next to nothing."""

    @pytest.fixture(autouse=True)
    def short_stretches(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(calls, "STRETCHES", (3, 5))
        monkeypatch.setattr(calls, "OPENED_STRETCHES", (2, 4))

    @pytest.mark.parametrize("where", [{}, {"user_id": 1}, {"debate_id": "stoics-1"}])
    def test_stops_where_it_has_looked_enough_and_goes_on_from_there(
        self, where: dict[str, Any]
    ) -> None:
        old = [row(at=NOON - timedelta(days=1, seconds=one), tier="premium") for one in range(2)]
        for _ in range(30):
            row()
        every = list(pages(filtered(tier="premium", **where), size=5))
        assert [line.call_id for here in every for line in here.lines] == [
            one.call_id for one in old
        ]
        assert every[0].searched_to is not None
        assert every[0].lines == ()
        assert every[-1].searched_to is None
        assert len(every) > 3

    def test_newer_calls_are_found_across_stretches(self) -> None:
        first = row(at=NOON - timedelta(days=1))
        new = row(at=NOON + timedelta(hours=1), tier="premium")
        for _ in range(20):
            row()
        place, seen = Cursor(first.at, first.pk), []
        for _ in range(10):
            here = page(filtered(tier="premium"), cursor=place, is_newer=True, size=5)
            seen += [line.call_id for line in here.lines]
            if here.newer is None:
                break
            place = here.newer
        assert seen == [new.call_id]


@pytest.mark.parametrize(("limit", "is_cut"), [(9, True), (10, False), (11, False)])
def test_export_has_every_call_up_to_its_limit(limit: int, is_cut: bool, monkeypatch: Any) -> None:
    monkeypatch.setattr(calls, "EXPORT_PAGE", 4)
    there = sorted((row() for _ in range(10)), key=lambda one: (one.at, one.pk), reverse=True)
    lines = [line.call_id for chunk in calls.every(ALL, limit=limit) for line in chunk]
    assert lines == [one.call_id for one in there][:limit]
    assert (len(lines) < len(there)) is is_cut


def test_names_of_users_are_read_together() -> None:
    tiers_load()
    users = [User.objects.create_user(f"u{number}@example.org") for number in range(20)]
    for user in users:
        row(user_id=user.pk)
    with CaptureQueriesContext(connection) as queries:
        here = page(ALL)
    assert {line.user for line in here.lines} == {user.email for user in users}
    assert len(queries) == 5  # where the stretch ends, the places, the rows, failures, names


@pytest.mark.parametrize(
    "filters",
    [{}, {"tier": "premium"}, {"deployment": "a/b"}, {"ended": Ended.FAILED}, {"key_prefix": "x"}],
)
def test_search_by_time_opens_no_row(filters: dict[str, Any]) -> None:
    with CaptureQueriesContext(connection) as queries:
        page(filtered(**filters), cursor=Cursor(NOON, 7))
    if connection.vendor == "sqlite":
        assert "COVERING INDEX usage_by_time (at>? AND at<?)" in plan_of(queries[-1]["sql"])


def test_debate_is_found_by_its_index() -> None:
    with CaptureQueriesContext(connection) as queries:
        page(filtered(debate_id="stoics-1"), cursor=Cursor(NOON, 7))
    if connection.vendor == "sqlite":
        assert "usage_by_debate (debate_id=?" in plan_of(queries[-1]["sql"])


def plan_of(sql: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
        return " ".join(str(line) for line in cursor.fetchall())

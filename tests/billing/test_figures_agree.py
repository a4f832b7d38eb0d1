"""The same figure everywhere, in every zone: pages, call reports, the command and own usage.

Random ledgers, some hours rolled up, then late rows and live ones.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing import histograms, rollups
from billing import savings as rows_saved
from billing.hours import hour_of
from billing.models import (
    DailyDebate,
    DailyDebateCount,
    DailyLatency,
    DailyOutcome,
    DailySaving,
    DailyUsage,
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
from billing.reports import debates, errors, facts, kpis, routes, savings, spend, usage
from billing.reports.call import call_report
from billing.reports.facts import Facts
from billing.reports.ranges import Range
from billing.reports.shapes import Filters, Question, Series
from tests.billing import ledgers

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
TABLES = (
    HourlyUsage, HourlySaving, HourlyOutcome, HourlyLatency, HourlyDebate, FilterValue,
    RollupState, DailyUsage, DailySaving, DailyOutcome, DailyLatency, DailyDebate,
    DailyDebateCount,
)
ZONES = ("UTC", "Asia/Seoul", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe")
NOONS = (  # right after New York's clocks went on, went back, and on a plain day
    datetime(2026, 3, 9, 16, 30, tzinfo=UTC),
    datetime(2026, 11, 2, 17, 0, 0, 1, tzinfo=UTC),
    datetime(2026, 7, 15, 3, 59, 59, 999_999, tzinfo=UTC),
)


@dataclass(frozen=True)
class Case:
    """`before` is written, hours are rolled up to `rolled`, then `after` is written."""

    question: Question
    rolled: datetime
    before: list[UsageRecord]
    after: list[UsageRecord]

    @property
    def asked(self) -> list[UsageRecord]:
        asked, rows = self.question, [*self.before, *self.after]
        return [row for row in rows if asked.range.start <= row.at <= asked.now]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    zone, now = draw(st.sampled_from(ZONES)), draw(st.sampled_from(NOONS))
    today = now.astimezone(ZoneInfo(zone)).date()
    days = Range(today - timedelta(days=draw(st.sampled_from([0, 1, 6]))), today, zone)
    moments = st.one_of(
        st.integers(0, int((now - days.start).total_seconds()) + 7200).map(
            lambda seconds: days.start - timedelta(hours=1) + timedelta(seconds=seconds)
        ),
        st.sampled_from([edge + timedelta(microseconds=step) for bucket in days.buckets[-30:]
                         for edge in (bucket.start,) for step in (-1, 0)]),
        st.just(now),
    )
    calls = st.lists(ledgers.calls(moments), max_size=8).map(
        lambda found: list(chain.from_iterable(found))
    )
    rolled = now - timedelta(minutes=draw(st.integers(0, 12 * 60)))
    return Case(Question(days, now), rolled, draw(calls), draw(calls))


def play(case: Case) -> None:
    UsageRecord.objects.all().delete()
    LateRow.objects.all().delete()
    for table in TABLES:
        table.objects.all().delete()
    ledgers.write(case.before)
    RollupState.objects.create(pk=1, frontier=hour_of(case.question.range.start) - 48)
    rollups.catch_up(now=case.rolled)
    ledgers.write(case.after)


on_ledgers = settings(
    max_examples=40, deadline=None, suppress_health_check=list(HealthCheck)
)


@on_ledgers
@given(case=cases())
def test_every_figure_is_the_sum_of_the_same_rows(case: Case) -> None:
    play(case)
    found, rows = facts.load(case.question), case.asked
    assert found.missing_hours == 0
    assert_money(found, rows)
    assert_counts(found, rows)
    assert_buckets(found, rows)
    assert_call_reports(found, rows)
    assert_command(found, case)
    assert_own_usage(found, case)


def assert_money(found: Facts, rows: list[UsageRecord]) -> None:
    cost = sum(row.cost_nanos for row in rows)
    saved = [one for row in rows if (one := rows_saved.saved_nanos(row)) is not None]
    assert found.cost_nanos == total(spend.by_class(found)) == cost
    assert sum(part.cost_nanos for part in routes.mix(found)) == cost
    assert total(savings.by_cause(found)) == sum(saved)
    whole = savings.saved(found)
    if whole is not None:
        assert whole.nanos == sum(saved)
        compared = [row for row in ledgers.counted(rows) if is_compared(row)]
        assert whole.calls == len(compared)
        assert whole.baselines == tuple(sorted({row.baseline for row in compared}))
    is_any = any(map(is_compared, ledgers.counted(rows)))
    assert (whole is None) == (not is_any and not sum(saved))
    figures = {kpi.key: kpi.value for kpi in kpis.kpis(found, found)}
    assert figures["spend"] == cost
    assert figures["saved"] == (None if whole is None else whole.nanos)


def assert_counts(found: Facts, rows: list[UsageRecord]) -> None:
    assert found.calls == len({row.call_id for row in rows})
    answers = [row for row in ledgers.counted(rows) if is_answer(row)]
    assert sum(part.calls for part in routes.mix(found)) == len(answers)
    of_debates = [row for row in rows if row.debate_id]
    assert found.debates is not None
    assert found.debates.debates == len({(row.user_id, row.debate_id) for row in of_debates})
    assert found.debates.cost_nanos == sum(row.cost_nanos for row in of_debates)
    assert (debates.cost_per_debate(found) is None) == (not of_debates)
    refused = sum(row.outcome == "refused" for row in rows)
    failed = sum(row.outcome == "failed" for row in rows)
    broken = sum(row.outcome == "incomplete" and bool(row.error_code) for row in rows)
    assert total(errors.by_code(found)) + total(errors.refusals(found)) == (
        refused + failed + broken
    )
    measured = Counter(row.outcome for row in rows)
    assert sum(sum(histograms.counts(one)) for one in found.latencies.values()) == (
        measured["complete"] + measured["cached"]
    )


def assert_buckets(found: Facts, rows: list[UsageRecord]) -> None:
    """Not only the sums of the range: each bar has the rows of its own local day or hour."""
    for number, bucket in enumerate(found.buckets):
        own = ledgers.within(rows, bucket.start, bucket.end)
        assert sum(row.cost_nanos for row in found.usage if row.bucket == number) == sum(
            row.cost_nanos for row in own
        )
        assert sum(row.attempts for row in found.outcomes if row.bucket == number) == sum(
            row.outcome in ("failed", "refused") or bool(row.error_code) for row in own
        )


def assert_call_reports(found: Facts, rows: list[UsageRecord]) -> None:
    reports = [report for one in {row.call_id for row in rows} if (report := call_report(one))]
    assert sum(report.cost_nanos for report in reports) == found.cost_nanos
    saved = sum(report.saved_nanos or 0 for report in reports)
    assert total(savings.by_cause(found)) == saved


def assert_command(found: Facts, case: Case) -> None:
    printed = spend.spend_between(case.question.range.start, case.question.now)
    assert (printed.calls, printed.cost_nanos) == (found.calls, found.cost_nanos)
    assert printed.saved == savings.saved(found)
    assert sum(group.cost_nanos for group in printed.by_route) == found.cost_nanos


def assert_own_usage(found: Facts, case: Case) -> None:
    start, end = case.question.range.start, case.question.now + timedelta.resolution
    users = [usage.calls_of(user, start=start, end=end) for user in (1, 2, 3)]
    assert sum(user.cost_nanos for user in users) == found.cost_nanos
    assert sum(user.answered + user.refused for user in users) == found.calls
    assert sum(user.from_cache for user in users) == sum(
        row.answered for row in found.usage if row.cache_layer
    )


@on_ledgers
@given(case=cases(), tier=st.sampled_from(["", "free"]), language=st.sampled_from(["", "ko"]),
       deployment=st.sampled_from(["", ledgers.OPUS]))
def test_filters_leave_exactly_the_rows_they_say(
    case: Case, tier: str, language: str, deployment: str
) -> None:
    play(case)
    filters = Filters(tier, language, deployment)
    found = facts.load(Question(case.question.range, case.question.now, filters))
    rows = [
        row for row in case.asked
        if all(getattr(row, name) == value for name, value in asked_for(filters).items())
    ]
    assert found.calls == sum(row.outcome != "failed" for row in ledgers.counted(rows))
    assert found.cost_nanos == sum(row.cost_nanos for row in rows)
    assert sum(row.attempts for row in found.outcomes) == sum(
        row.outcome in ("failed", "refused") or bool(row.error_code) for row in rows
    )
    assert sum(sum(histograms.counts(one)) for one in found.latencies.values()) == sum(
        row.outcome in ("complete", "cached") for row in rows
    )
    if found.debates is not None:
        assert found.debates.debates == len(
            {(row.user_id, row.debate_id) for row in rows if row.debate_id}
        )


def asked_for(filters: Filters) -> dict[str, str]:
    values = {"tier": filters.tier, "language": filters.language}
    values["deployment"] = filters.deployment
    return {name: value for name, value in values.items() if value}


def is_answer(row: UsageRecord) -> bool:
    return row.outcome not in ("failed", "refused")


def is_compared(row: UsageRecord) -> bool:
    return is_answer(row) and row.baseline_nanos is not None and not rows_saved.own_cause(row)


def total(series: Series) -> int:
    return sum(value or 0 for line in series.lines for value in line.values)

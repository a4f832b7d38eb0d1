"""Whoever reads rows adds a correction up and never counts it."""

import random
from datetime import timedelta

import pytest

from billing import rollups
from billing.alerting import failure_rules, user_rules
from billing.alerting.types import Moment
from billing.hours import hour_of
from billing.models import AlertRule, DailyPayer, ModelPrice, RollupState, UsageRecord
from billing.reports import calls, debates, keys, personal, spend, tail, usage
from billing.reports.call import call_report
from billing.reports.calls import CallFilters
from routing.whatif import rows as whatif_rows
from tests.billing import books
from tests.billing.repricing import (
    END,
    NOW,
    START,
    book,
    doubled,
    make,
    posted,
    price_make,
    usage_make,
)

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
HOUR = timedelta(hours=1)
DEBATE = "d-1"


@pytest.fixture
def price(db: None) -> ModelPrice:
    return price_make()


@pytest.fixture
def one(price: ModelPrice) -> UsageRecord:
    """A call of two attempts, both corrected: the first one failed."""
    chance = random.Random(4)
    window = books.window_make(10**15)
    first, last = (
        book(chance, [window], at=START + HOUR, outcome=outcome, processing="standard",
             usage=usage_make(chance)).row
        for outcome in ("failed", "complete")
    )
    facts = {
        "call_id": last.call_id, "user_id": 1, "payer": "user:1", "tier": "premium",
        "debate_id": DEBATE, "key_prefix": "abc", "call_kind": "closing", "paid_from": "credit",
    }
    UsageRecord.objects.filter(pk__in=[first.pk, last.pk]).update(**facts)
    UsageRecord.objects.filter(pk=last.pk).update(attempt=2, baseline_nanos=10**9)
    posted(make(price))
    assert UsageRecord.objects.filter(outcome="corrected").count() == 2
    return last


def total() -> int:
    return sum(UsageRecord.objects.values_list("cost_nanos", flat=True))


def booked() -> int:
    rows = UsageRecord.objects.exclude(outcome="corrected")
    return sum(rows.values_list("cost_nanos", flat=True))


def test_the_list_has_one_line_with_the_whole_cost(one: UsageRecord) -> None:
    page = calls.page(CallFilters(START, END), size=10)
    (line,) = page.lines
    assert (line.call_id, line.cost_nanos, line.failed_attempts, line.is_corrected) == (
        one.call_id, total(), 1, True
    )
    assert not calls.page(CallFilters(START, END, outcome="corrected"), size=10).lines


def test_the_report_of_a_call_tells_what_was_booked_from_what_was_corrected(
    one: UsageRecord
) -> None:
    report = call_report(one.call_id)
    assert report is not None
    assert [each.outcome for each in report.attempts] == ["failed", "complete"]
    assert (report.booked_nanos, report.cost_nanos) == (booked(), total())
    assert [each.row.attempt for each in report.corrections] == [1, 2]
    assert {(each.posted_by, each.reason) for each in report.corrections} == {
        ("ann", "typed wrong")
    }
    assert report.saved_nanos == 10**9 - total()
    (line,) = calls.page(CallFilters(START, END), size=10).lines
    assert line.saved_nanos == report.saved_nanos


def test_whoever_watches_sees_no_call_come(one: UsageRecord, price: ModelPrice) -> None:
    place = tail.Place(tail.newest_id())
    posted(make(price, doubled(price)))
    assert tail.newest_id() > place.last
    assert not tail.look(place, [tail.Wanted()]).batches


def test_a_debate_a_key_and_a_user_cost_more_and_have_as_many_calls(one: UsageRecord) -> None:
    costs = debates.debate_costs(DEBATE, background=set())
    assert costs is not None
    assert [call.outcome for call in costs.calls] == ["complete"]
    assert costs.cost_nanos == total()
    used = keys.use_of_keys(["abc"], user_id=1, today=START, since=START)["abc"]
    assert (used.calls, used.nanos) == (1, total())
    own = usage.calls_of(1, start=START, end=END)
    assert (own.answered, own.refused, own.cost_nanos) == (1, 0, total())
    assert own.output_tokens == one.output_tokens


def test_the_command_counts_them_in_no_group(one: UsageRecord) -> None:
    found = spend.spend_between(START, END, parts=("stage",))
    assert (found.calls, found.cost_nanos) == (1, total())
    assert {group.name: group.calls for group in found.by_outcome} == {
        "complete": 1, "failed upstream_timeout": 1, "corrected": 0
    }
    assert sum(group.cost_nanos for group in found.by_outcome) == total()


def test_alerts_count_calls(one: UsageRecord) -> None:
    rule = AlertRule(
        kind="user_spend", threshold=1, window_minutes=3 * 24 * 60, scope_kind="", scope_id=""
    )
    (finding,) = user_rules.spends_much(rule, Moment(NOW, "UTC"))
    assert (finding.value, finding.details["calls"]) == (total(), 2)  # attempts
    broken = AlertRule(
        kind="error_rate", threshold=1, window_minutes=3 * 24 * 60, scope_kind="provider",
        scope_id="openai",
    )
    UsageRecord.objects.bulk_create(
        UsageRecord(
            call_id=one.call_id, attempt=1, at=one.at, user_id=1, tier="premium",
            requested_model="auto", provider="openai", outcome="failed", confidence="exact",
        ) for _more in range(17)
    )
    assert not failure_rules.error_rate(broken, Moment(NOW, "UTC"))  # 19 attempts: too few


def test_a_what_if_replays_what_was_booked(one: UsageRecord) -> None:
    (past,) = whatif_rows.calls_between(START, END)
    assert past.last is not None
    assert past.last.cost_nanos + sum(row.cost_nanos for row in past.failed) == booked()
    assert whatif_rows.count_between(START, END) == 1


def test_a_person_takes_away_the_rows_and_their_sum(one: UsageRecord) -> None:
    cost = personal.USAGE.index("cost_nanos")
    assert sum(row[cost] for row in personal.usage_rows(1)) == total()


def test_margins_have_the_difference_and_credit_that_was_used_has_not(one: UsageRecord) -> None:
    RollupState.objects.create(pk=1, frontier=hour_of(START) - 48)
    rollups.catch_up(now=NOW)
    (day,) = DailyPayer.objects.all()
    assert (day.calls, day.debates) == (1, 1)
    assert (day.beyond_nanos, day.credit_nanos) == (total(), booked())

"""Seven kinds of rules: when each finds something, and that it is told once."""

from datetime import date
from typing import Any

import pytest

from accounts.models import User
from accounts.services import tiers_load
from billing import rollups
from billing.alerting import evaluation
from billing.alerting.types import NotKnown
from billing.models import Budget, UsageImport, UsageImportLine
from billing.models_operator import Alert, AlertRule
from billing.reports.reconciliation import compare
from billing.usage_imports.served import served
from routing.models import Deployment
from tests.billing.alerting.rows import (
    CENT,
    DOLLAR,
    calls,
    channel,
    look,
    messages,
    rule,
    spend,
)
from tests.billing.books import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
DAY = 24 * 60


def found(of: AlertRule) -> list[tuple[str, int]]:
    return [(each.subject, each.value) for each in evaluation.look(of, now=NOW)]


@pytest.mark.parametrize(
    ("spent", "threshold", "value"),
    [(79, 80, None), (80, 80, 80), (98, 100, None), (99, 100, 99), (130, 100, 130)],
)
def test_a_part_of_a_budget_is_used(spent: int, threshold: int, value: int | None) -> None:
    spend(spent)
    expected = [] if value is None else [("platform:/day", value)]
    assert found(rule(threshold=threshold)) == expected


def test_one_rule_is_about_all_budgets_of_its_scope() -> None:
    spend(90)
    spend(95, period="month")
    spend(85, scope_kind="user", scope_id="7")
    spend(85, scope_kind="user", scope_id="8")
    assert found(rule()) == [("platform:/day", 90), ("platform:/month", 95)]
    assert found(rule(scope_kind="user")) == [("user:7/day", 85), ("user:8/day", 85)]
    assert found(rule(scope_kind="user", scope_id="8")) == [("user:8/day", 85)]


def test_a_window_whose_budget_is_gone_says_nothing() -> None:
    spend(90)
    Budget.objects.all().delete()
    assert found(rule()) == []


def test_a_budget_that_will_not_last() -> None:
    """It is noon. A dollar each morning and evening before: another one is to come."""
    for day in range(1, 4):
        calls(100, minutes_ago=day * DAY - 60)
        calls(100, minutes_ago=day * DAY + 60)
    rollups.catch_up(now=NOW)
    spend(150, cap=180)
    assert found(rule("forecast", 100)) == [("platform:/day", 138)]
    assert found(rule("forecast", 150)) == []


def test_a_months_budget_is_held_against_the_forecast() -> None:
    """A dollar a day since 1 October, and five days to come."""
    for day in range(1, 56):
        calls(1, minutes_ago=day * DAY, cost_nanos=DOLLAR)
    rollups.catch_up(now=NOW)
    spend(24 * 100, cap=26 * 100, period="month")
    of = rule("forecast", 100)
    [finding] = evaluation.look(of, now=NOW)
    assert finding.subject == "platform:/month"
    assert 110 <= finding.value <= 120  # about 30 of 26 dollars
    assert finding.details["reached_on"] in ("2026-11-26", "2026-11-27")
    spend(24 * 100, cap=60 * 100, period="month")
    assert evaluation.look(of, now=NOW) == []


def test_calls_fail() -> None:
    calls(18)
    calls(1, outcome="refused", error_code="upstream_unavailable")
    of = rule("error_rate", 500)
    assert found(of) == []  # of 19 calls nothing is said
    calls(1, outcome="refused", error_code="quota_exceeded")  # on purpose
    calls(7, outcome="failed", error_code="upstream_timeout")  # attempts, not calls
    assert found(of) == [("platform:", 500)]
    assert found(rule("error_rate", 501)) == []
    of_there = rule("error_rate", 500, scope_kind="provider", scope_id="openai")
    assert found(of_there) == [("provider:openai", 7 * 10_000 // 27)]


def test_what_is_longer_ago_than_the_window_is_not_in_it() -> None:
    calls(30, minutes_ago=61, outcome="incomplete", error_code="upstream_timeout")
    assert found(rule("error_rate", 500)) == []
    assert found(rule("error_rate", 500, window_minutes=62)) == [("platform:", 10_000)]


def test_calls_without_a_price() -> None:
    calls(3)
    calls(2, outcome="cached", price_fresh_input=None, cost_nanos=0, provider="")
    of = rule("unpriced", 1)
    assert found(of) == []
    calls(1, outcome="refused", error_code="unpriced_model", price_fresh_input=None, provider="")
    calls(1, price_fresh_input=None, cost_nanos=0)
    assert found(of) == [("platform:", 2)]
    assert found(rule("unpriced", 3)) == []


def test_one_user_spends_much_in_the_last_minutes() -> None:
    calls(30, user_id=7)
    calls(29, user_id=8)
    calls(30, user_id=9, minutes_ago=61)
    calls(30, user_id=0, tier="precompute")
    assert found(rule("user", 30 * CENT, scope_kind="user")) == [("user:7", 30 * CENT)]
    assert found(rule("user", CENT, scope_kind="user", scope_id="8")) == [("user:8", 29 * CENT)]


def bill(cost: int, **more: Any) -> UsageImport:
    day = date(2026, 11, 20)
    row = UsageImport.objects.create(
        provider="openai", source="csv", digest=f"{cost}", first_day=day, last_day=day,
        made_at=NOW, made_by="alice@example.org", **more,
    )
    UsageImportLine.objects.create(usage_import=row, day=day, model="gpt-test", cost_nanos=cost)
    return row


def test_a_providers_bill_differs() -> None:
    calls(100, minutes_ago=(NOW.hour + 12) * 60 + 4 * DAY)  # on 20 November, 12:00 UTC
    rollups.catch_up(now=NOW)
    of = rule("reconcile", 200, scope_kind="provider")
    bill(DOLLAR * 101 // 100)
    assert found(of) == []
    newer = bill(DOLLAR * 11 // 10)
    [finding] = evaluation.look(of, now=NOW)
    assert (finding.subject, finding.value) == ("provider:openai", 909)
    assert finding.period == f"import {newer.pk}"
    assert finding.details["ours_nanos"] == DOLLAR


def test_a_bill_is_compared_as_on_the_page() -> None:
    """By what deployments are billed as, whatever adapter their calls go through."""
    Deployment.objects.create(
        name="house", provider="anthropic", price_provider="openai", model="gpt-test",
        model_class="mid", languages=["en"],
    )
    when = (NOW.hour + 12) * 60 + 4 * DAY
    calls(100, minutes_ago=when, deployment="house", provider="anthropic")
    calls(900, minutes_ago=when, deployment="other", provider="openai")
    Deployment.objects.create(
        name="other", provider="openai", price_provider="local", model="free",
        model_class="local", languages=["en"],
    )
    rollups.catch_up(now=NOW)
    row = bill(DOLLAR * 11 // 10)
    [finding] = evaluation.look(rule("reconcile", 200, scope_kind="provider"), now=NOW)
    total = compare("openai", until=row.last_day, served=served(), now=NOW).total
    assert finding.details["ours_nanos"] == total.ours.cost_nanos == DOLLAR
    assert finding.details["theirs_nanos"] == total.theirs.cost_nanos


def test_a_bill_of_nothing_is_a_difference_that_can_be_stored() -> None:
    calls(100, minutes_ago=(NOW.hour + 12) * 60 + 4 * DAY, cost_nanos=10**15)
    rollups.catch_up(now=NOW)
    bill(0)
    look_at = rule("reconcile", 200, scope_kind="provider")
    assert found(look_at) == [("provider:openai", 1_000_000)]


def test_a_newer_file_about_tokens_alone_hides_no_difference() -> None:
    calls(100, minutes_ago=(NOW.hour + 12) * 60 + 4 * DAY)
    rollups.catch_up(now=NOW)
    bill(DOLLAR * 11 // 10)
    tokens = bill(1)
    tokens.lines.update(cost_nanos=None, output_tokens=5)
    assert found(rule("reconcile", 200, scope_kind="provider")) == [("provider:openai", 909)]


def test_a_day_out_of_the_ordinary_names_what_it_is_made_of() -> None:
    for day in range(1, 31):
        calls(10, minutes_ago=day * DAY)
    rollups.catch_up(now=NOW)
    of = rule("anomaly", 2)
    assert found(of) == []
    calls(40, minutes_ago=DAY, deployment="openai/gpt-dear")
    rollups.catch_up(now=NOW)
    [finding] = evaluation.look(of, now=NOW)
    assert (finding.subject, finding.value, finding.period) == ("platform:", 5, "2026-11-24")
    named = {each["dimension"]: each for each in finding.details["contributors"]}
    assert named["deployment"] == {
        "dimension": "deployment", "key": "openai/gpt-dear", "delta_nanos": 40 * CENT
    }
    assert found(rule("anomaly", 6)) == []


def test_days_are_not_judged_while_the_hourly_sums_are_days_behind(
    caplog: pytest.LogCaptureFixture,
) -> None:
    for day in range(1, 31):
        calls(1, minutes_ago=day * DAY)
    of = rule("anomaly", 2)
    with pytest.raises(NotKnown):
        evaluation.look(of, now=NOW)
    Alert.objects.create(
        rule=of, period="2026-11-24", threshold=2, subject="platform:", value=3, opened_at=NOW,
        changed_at=NOW,
    )
    assert [look(minute) for minute in range(10)] == [["open"]] * 10
    assert "was not asked" in caplog.text


def test_another_cap_is_another_period() -> None:
    rule()
    spend(85)
    assert look() == look(1) == ["open"]
    spend(180, cap=200)
    assert look(2) == ["resolved", "open"]


def test_a_jump_past_several_thresholds_is_one_message() -> None:
    mail, hook = channel(), channel("slack", "https://hooks.example.com/x")
    rule(threshold=80, channels=[mail, hook])
    rule(threshold=95, channels=[mail])
    spend(96)
    assert look() == ["open", "open"]
    assert sorted(messages()) == [("opened", "email ops"), ("opened", "slack ops")]


def test_one_rule_that_cannot_be_asked_stops_no_other(caplog: pytest.LogCaptureFixture) -> None:
    rule("user", CENT, scope_kind="user", scope_id="not a number")
    rule()
    spend(85)
    assert look() == ["open"]
    assert "could not be evaluated" in caplog.text


def test_a_rule_that_is_off_is_not_asked() -> None:
    rule(is_on=False)
    spend(85)
    assert look() == []


def test_alerts_keep_what_was_found_last() -> None:
    tiers_load()
    user = User.objects.create_user("ben@example.org")
    rule("user", 10 * CENT, scope_kind="user")
    calls(10, user_id=user.pk)
    look()
    calls(10, user_id=user.pk)
    look(1)
    assert Alert.objects.get().value == 20 * CENT
    assert Alert.objects.get().opened_at == NOW

"""What was over and holds again: seen at once, told at most once in a time of quiet."""

import pytest
from django.utils import translation

from billing.alerting import deliveries, states, words
from billing.alerting.evaluation import evaluate
from billing.models import UsageRecord
from billing.models_operator import Alert, AlertDelivery
from tests.billing.alerting.rows import (
    ALICE,
    CENT,
    MINUTE,
    calls,
    channel,
    look,
    messages,
    rule,
    spend,
)
from tests.billing.books import NOW, threads

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
QUIET = 30


def events() -> list[str]:
    return [event for event, _ in messages()]


def over_for(minutes: int) -> list[str]:
    """Told at 0, over at 1, and back so many minutes later."""
    rule(channels=[channel()])
    spend(85)
    look()
    spend(10)
    assert look(1) == ["resolved"]
    spend(90)
    return look(1 + minutes)


def test_what_is_back_soon_is_seen_and_not_told() -> None:
    assert over_for(QUIET - 1) == ["open"]
    alert = Alert.objects.get()
    assert (events(), alert.value, alert.opened_at) == (["opened"], 90, NOW)


def test_what_is_back_after_a_while_is_told_again() -> None:
    assert over_for(QUIET) == look(QUIET + 2) == ["open"]
    assert events() == ["opened", "back"]
    assert Alert.objects.get().opened_at == NOW + (QUIET + 1) * MINUTE
    with translation.override("en"):
        said = words.said_of(AlertDelivery.objects.get(event="back"))
    assert said.headline == "Again: The whole platform, today: 90% of the budget is used"


def test_what_comes_and_goes_every_minute_is_one_message() -> None:
    rule(channels=[channel()])
    for minute in range(0, 60, 2):
        spend(85)
        assert look(minute) == ["open"]
        spend(10)
        assert look(minute + 1) == ["resolved"]
    assert events() == ["opened"]


def test_a_short_look_back_that_comes_and_goes_is_one_alert_and_one_message() -> None:
    """Each of its minutes would be a period of its own."""
    rule("user", 10 * CENT, scope_kind="user", window_minutes=1, channels=[channel()])
    for minute in range(0, 40, 2):
        calls(10, user_id=7, minutes_ago=-minute + 0.5)
        assert look(minute) == ["open"]
        assert look(minute + 1) == ["resolved"]
    assert events() == ["opened", "resolved"]  # the last one, which waits
    assert deliveries.deliver_due(now=NOW + 39 * MINUTE) == 1
    assert AlertDelivery.objects.get(event="resolved").tries == 0
    assert deliveries.deliver_due(now=NOW + (39 + QUIET) * MINUTE) == 1


def test_over_is_told_after_a_while_and_says_since_when() -> None:
    rule("user", 10 * CENT, scope_kind="user", channels=[channel()])
    calls(10, user_id=7)
    assert look() == ["open"]
    assert look(70) == ["resolved"]
    row = AlertDelivery.objects.get(event="resolved")
    assert row.next_try_at == NOW + (70 + QUIET) * MINUTE
    with translation.override("en"):
        assert "since Nov. 25, 2026, 4:10 a.m. (UTC)" in " ".join(words.said_of(row).sentences)


def test_a_later_time_of_a_rule_that_looks_back_is_a_new_alert() -> None:
    rule("user", 10 * CENT, scope_kind="user", channels=[channel()])
    calls(10, user_id=7)
    assert look() == look(40) == ["open"]  # into the next hour: the same alert
    assert look(70) == ["resolved"]
    calls(10, user_id=7, minutes_ago=-110)
    assert look(120) == ["resolved", "open"]
    assert events() == ["opened", "resolved", "opened"]


def test_the_same_hour_of_a_rule_that_looks_back_is_the_same_alert() -> None:
    rule("user", 10 * CENT, scope_kind="user", channels=[channel()])
    calls(10, user_id=7, minutes_ago=59)
    assert look() == ["open"]
    assert look(2) == ["resolved"]
    calls(10, user_id=7, minutes_ago=-50)
    assert look(50) == ["open"]
    assert events() == ["opened", "back"]  # that it was over has not arrived, and is not true


def test_somebody_who_has_it_in_hand_still_has_it_when_it_is_back_soon() -> None:
    rule()
    spend(85)
    look()
    states.acknowledge(Alert.objects.get().pk, actor=ALICE, now=NOW)
    spend(10)
    look(1)
    spend(85)
    assert look(2) == ["seen"]
    assert Alert.objects.get().changed_by == ALICE
    spend(10)
    look(3)
    spend(85)
    assert look(3 + QUIET) == ["open"]


@pytest.mark.parametrize(
    ("until", "back", "state"),
    [("hour", 2, "snoozed"), ("hour", 1 + QUIET, "snoozed"), ("hour", 61, "open")],
)
def test_what_was_put_off_stays_so_until_then(until: str, back: int, state: str) -> None:
    rule(channels=[channel()])
    spend(85)
    look()
    states.snooze(Alert.objects.get().pk, until, actor=ALICE, now=NOW)
    spend(10)
    look(1)
    spend(85)
    assert look(back) == [state]
    assert look(62) == ["open"]
    assert len(events()) == 2  # opened; back, or still so


def test_put_off_until_it_is_over_ends_when_it_was_over_for_a_while() -> None:
    rule("user", 1, scope_kind="user")
    calls(1, user_id=7)
    look()
    states.snooze(Alert.objects.get().pk, states.PERIOD, actor=ALICE, now=NOW)
    for minute, state in ((2, "snoozed"), (40, "open")):
        UsageRecord.objects.all().delete()
        look(1)
        calls(1, user_id=7)
        assert look(minute) == [state]


def test_a_lower_part_that_is_back_is_told_though_a_higher_one_was_told_before() -> None:
    mail = channel()
    rule(threshold=80, channels=[mail])
    rule(threshold=95, channels=[mail])
    spend(96)
    assert look() == ["open", "open"]
    spend(10)
    look(1)
    spend(85)
    assert sorted(look(1 + QUIET)) == ["open", "resolved"]
    assert events() == ["opened", "back"]


@pytest.mark.usefixtures("committed")
def test_several_workers_tell_it_once() -> None:
    rule(channels=[channel()])
    spend(85)
    evaluate(now=NOW)
    spend(10)
    evaluate(now=NOW + MINUTE)
    spend(85)
    later = NOW + (1 + QUIET) * MINUTE
    assert sum(threads(4, lambda _: evaluate(now=later).reopened)) == 1
    assert events() == ["opened", "back"]

"""What people do with alerts, and what time does."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import AuditEvent
from billing.alerting import states
from billing.alerting.evaluation import is_due
from billing.models_operator import Alert, AlertRule
from costcontrol.lib.errors import BadRequest, NotFound
from tests.billing.alerting.rows import ALICE, calls, channel, look, messages, rule, spend
from tests.billing.books import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
HOUR = 60


@pytest.fixture
def alert() -> Alert:
    rule(channels=[channel()])
    spend(85)
    look()
    return Alert.objects.get()


def snoozed(alert: Alert, until: str) -> Alert:
    return states.snooze(alert.pk, until, actor=ALICE, now=NOW, request_id="r-1")


def test_acknowledged_is_kept_and_said_by_whom(alert: Alert) -> None:
    states.acknowledge(alert.pk, actor=ALICE, now=NOW)
    assert look(1) == ["seen"]
    assert Alert.objects.get().changed_by == ALICE
    event = AuditEvent.objects.get(action="alert_seen")
    assert (event.before, event.after) == ({"state": "open"}, {"state": "seen"})
    spend(10)
    assert look(2) == ["resolved"]


@pytest.mark.parametrize(
    ("until", "moment"),
    [  # it is noon in Seoul, on 25 November
        ("hour", datetime(2026, 11, 25, 4, tzinfo=UTC)),
        ("tomorrow", datetime(2026, 11, 26, 0, tzinfo=UTC)),  # at nine
        ("period", datetime(2026, 11, 25, 15, tzinfo=UTC)),  # midnight
    ],
)
def test_it_is_put_off_until_then(alert: Alert, until: str, moment: datetime) -> None:
    assert snoozed(alert, until).snoozed_until == moment
    event = AuditEvent.objects.get(action="alert_snoozed")
    assert (event.after, event.request_id) == (
        {"state": "snoozed", "until": moment.isoformat()}, "r-1"
    )


def test_it_is_told_again_when_the_hour_is_over_and_it_still_holds(alert: Alert) -> None:
    snoozed(alert, states.HOUR)
    assert look(HOUR - 1) == ["snoozed"]
    assert look(HOUR) == look(HOUR + 1) == ["open"]
    assert [event for event, _ in messages()] == ["opened", "again"]


def test_what_is_over_meanwhile_does_not_wake(alert: Alert) -> None:
    snoozed(alert, states.HOUR)
    spend(10)
    assert look(1) == look(HOUR) == ["resolved"]
    assert [event for event, _ in messages()] == ["opened"]


def test_without_an_end_of_the_period_it_is_put_off_until_it_is_over() -> None:
    rule("user", 1, scope_kind="user")
    calls(1, user_id=7)
    look()
    assert snoozed(Alert.objects.get(), states.PERIOD).snoozed_until is None
    assert look(30) == ["snoozed"]
    assert look(90) == ["resolved"]


def test_a_period_that_is_over_is_not_told_again(alert: Alert) -> None:
    """Somebody put it off until midnight, and at midnight the budget is new."""
    snoozed(alert, states.PERIOD)
    assert look(12 * HOUR) == ["resolved"]
    assert [event for event, _ in messages()] == ["opened"]


def test_a_period_that_is_over_waits_for_a_rule_that_is_asked_seldom(alert: Alert) -> None:
    snoozed(alert, states.PERIOD)
    AlertRule.objects.update(kind=AlertRule.Kind.FORECAST)
    rule = AlertRule.objects.get()
    waits = next(m for m in range(12 * HOUR, 12 * HOUR + 5)
                 if not is_due(rule, NOW + timedelta(minutes=m)))
    assert look(waits) == ["snoozed"]
    assert [event for event, _ in messages()] == ["opened"]


def test_what_cannot_be_done_is_said(alert: Alert) -> None:
    with pytest.raises(BadRequest, match="how long"):
        snoozed(alert, "for ever")
    with pytest.raises(NotFound):
        states.acknowledge(alert.pk + 1, actor=ALICE, now=NOW)
    spend(10)
    look(1)
    with pytest.raises(BadRequest, match="is over"):
        states.acknowledge(alert.pk, actor=ALICE, now=NOW + timedelta(minutes=2))

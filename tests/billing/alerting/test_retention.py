"""What goes of alerts, and what stays."""

from datetime import UTC, datetime, timedelta

import pytest
from pytest_django import Settings

from billing.alerting import retention
from billing.models_operator import Alert, AlertDelivery
from billing.tasks import forget_alerts
from costcontrol.celery import app
from costcontrol.lib import clock
from tests.billing.alerting.rows import channel, rule
from tests.billing.books import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
KEPT_SINCE = datetime(2026, 8, 1, tzinfo=UTC)  # of three months beside November
OLD, NEW = KEPT_SINCE - timedelta(seconds=1), KEPT_SINCE


def alert(period: str, state: str, changed_at: datetime) -> Alert:
    row = Alert.objects.create(
        rule=rule(), period=period, threshold=80, subject="platform:/day", value=80, state=state,
        opened_at=OLD, changed_at=changed_at,
    )
    row.deliveries.create(channel=channel(), event="opened", state="sent", made_at=OLD)
    return row


def test_only_what_was_over_long_ago_goes_and_its_messages_with_it() -> None:
    alert("over", "resolved", OLD)
    for state in ("open", "seen", "snoozed"):
        alert(state, state, OLD)
    alert("new", "resolved", NEW)
    assert retention.forget_old(3, now=NOW) == 1
    assert set(Alert.objects.values_list("period", flat=True)) == {"open", "seen", "snoozed", "new"}
    assert AlertDelivery.objects.count() == 4


def test_old_tests_of_channels_go() -> None:
    for at in (OLD, NEW):
        AlertDelivery.objects.create(channel=channel(), event="test", state="sent", made_at=at)
    assert retention.forget_old(3, now=NOW) == 1
    assert AlertDelivery.objects.get().made_at == NEW


def test_however_many_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    for number in range(5):
        alert(str(number), "resolved", OLD)
    assert retention.forget_old(3, now=NOW) == 5


def test_the_task_does_as_the_operator_said(settings: Settings) -> None:
    alert("over", "resolved", OLD)
    with clock.at(NOW):
        for months in (0, -1):  # for ever
            settings.ALERTS_KEEP_MONTHS = months
            assert forget_alerts() == 0
        settings.ALERTS_KEEP_MONTHS = 3
        assert [forget_alerts(), forget_alerts()] == [1, 0]
    assert "billing.tasks.forget_alerts" in {
        entry["task"] for entry in app.conf.beat_schedule.values()
    }

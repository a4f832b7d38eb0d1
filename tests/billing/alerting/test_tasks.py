"""The two tasks, as the worker runs them."""

from datetime import timedelta

import pytest
from django.core import mail

from billing.alerting import outbound
from billing.models_operator import AlertDelivery
from billing.tasks import deliver_alerts, evaluate_alert_rules
from costcontrol.celery import app
from costcontrol.lib import clock
from tests.billing.alerting.receiver import Receiver
from tests.billing.alerting.rows import channel, rule, spend
from tests.billing.books import NOW

pytestmark = pytest.mark.django_db


def test_rules_are_asked_and_messages_brought() -> None:
    rule(channels=[channel()])
    spend(85)
    with clock.at(NOW):
        assert [evaluate_alert_rules(), evaluate_alert_rules()] == [1, 0]
    with clock.at(NOW + timedelta(seconds=20)):
        assert [deliver_alerts(), deliver_alerts()] == [1, 0]
    assert len(mail.outbox) == 1


def test_a_channel_that_hangs_takes_nothing_from_the_time_of_the_next(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbound, "DEADLINE_S", 0.2)
    receiver.drip_s = 0.05
    rule(channels=[channel("webhook", receiver.url), channel("webhook", f"{receiver.url}/b")])
    spend(85)
    with clock.at(NOW):
        evaluate_alert_rules()
    assert deliver_alerts() == 0
    first, second = AlertDelivery.objects.order_by("pk")
    assert first.next_try_at
    assert second.next_try_at
    assert second.next_try_at - first.next_try_at > timedelta(seconds=0.1)


def test_beat_starts_them() -> None:
    started = {entry["task"]: entry["schedule"] for entry in app.conf.beat_schedule.values()}
    assert started["billing.tasks.evaluate_alert_rules"] == 60
    assert started["billing.tasks.deliver_alerts"] <= 60

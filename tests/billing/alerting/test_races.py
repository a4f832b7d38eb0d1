"""Several workers at once: one alert, one message, one waking up."""

from datetime import timedelta

import pytest

from billing.alerting import deliveries, states
from billing.alerting.evaluation import evaluate
from billing.alerting.opening import alerts_put
from billing.alerting.types import Finding
from billing.models_operator import Alert, AlertDelivery, AlertRule
from tests.billing.alerting.receiver import Receiver
from tests.billing.alerting.rows import ALICE, calls, channel, rule, spend
from tests.billing.books import NOW, threads

pytestmark = [pytest.mark.usefixtures("committed"), pytest.mark.postgresql]
WORKERS = 4


def test_one_alert_and_one_message_for_each_channel() -> None:
    mail, hook = channel(), channel("slack", "https://hooks.example.com/x")
    rule(channels=[mail, hook])
    rule("user", 1, scope_kind="user", channels=[mail])
    spend(85)
    for user in range(1, 6):
        calls(1, user_id=user)
    opened = threads(WORKERS, lambda _: evaluate(now=NOW).opened)
    assert sum(opened) == Alert.objects.count() == 6
    assert AlertDelivery.objects.count() == 2 + 5


def test_two_that_find_it_in_different_minutes_open_one() -> None:
    """The rule's slot changes at the hour; the alert goes on."""
    of = rule("user", 1, scope_kind="user")
    moments = [NOW - timedelta(seconds=1), NOW, NOW + timedelta(seconds=1), NOW]
    threads(
        WORKERS, lambda n: alerts_put(of, [Finding("user:7", 5)], now=moments[n])
    )
    assert Alert.objects.count() == 1


def test_the_constraint_holds_without_the_lock() -> None:
    of = rule()

    def insert(_: int) -> bool:
        return Alert.objects.get_or_create(
            rule=of, period="p", threshold=80, subject="platform:/day",
            defaults={"value": 80, "opened_at": NOW, "changed_at": NOW},
        )[1]

    assert sum(threads(WORKERS, insert)) == Alert.objects.count() == 1


def test_each_message_is_sent_by_one(receiver: Receiver) -> None:
    of: AlertRule = rule(channels=[channel("webhook", f"{receiver.url}/{n}") for n in range(5)])
    spend(85)
    evaluate(now=NOW)
    sent = threads(WORKERS, lambda _: deliveries.deliver_due(now=NOW))
    assert sum(sent) == len(receiver.got) == 5
    assert {path for path, _, _ in receiver.got} == {f"/{n}" for n in range(5)}
    assert of.alerts.get().deliveries.filter(state="sent", tries=1).count() == 5


def test_an_alert_that_was_put_off_wakes_once() -> None:
    rule(channels=[channel()])
    spend(85)
    evaluate(now=NOW)
    states.snooze(Alert.objects.get().pk, states.HOUR, actor=ALICE, now=NOW)
    later = NOW + timedelta(hours=1)
    assert sum(threads(WORKERS, lambda _: states.wake(now=later))) == 1
    assert AlertDelivery.objects.filter(event="again").count() == 1

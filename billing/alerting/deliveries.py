"""Messages to channels: rows that wait, are tried again and again, and are given up in the end.

A worker claims a row by moving its next try ahead, so two workers do not send it at once; one that
dies while it sends leaves the row to the next. So a message may come twice, never not at all
without being shown as undelivered: receivers know it again by its id.
"""

import logging
from datetime import datetime, timedelta

from django.db.models import F, QuerySet

from billing.alerting import sending
from billing.alerting.outbound import NotSent
from billing.models_operator import Alert, AlertChannel, AlertDelivery, AlertRule
from costcontrol.lib.sentences import Sentence as _

State = AlertDelivery.State
WAITS_S = (60, 300, 900, 1800, 3600)  # after the first try, the second, ...
MAX_TRIES = len(WAITS_S) + 1
NO_WAIT = timedelta()
LEASE = timedelta(seconds=120)
AT_ONCE = 20  # of one task: a channel that hangs holds up what comes after it
OFF = _("The channel was switched off.")
BROKEN = _("The message could not be made; the log of the worker says why.")
MAX_ERROR = 300
log = logging.getLogger(__name__)


def announce(
    alert: Alert, rule: AlertRule, *, event: str, now: datetime, wait: timedelta = NO_WAIT
) -> int:
    """One message for each channel of the rule, to be sent soon, or after `wait`. How many."""
    channels = rule.channels.filter(is_on=True).exclude(pk__in=_told_more(alert, rule))
    rows = [
        AlertDelivery(
            alert=alert, channel=channel, event=event, made_at=now, next_try_at=now + wait
        )
        for channel in channels.order_by("pk")
    ]
    return len(AlertDelivery.objects.bulk_create(rows))


def _told_more(alert: Alert, rule: AlertRule) -> QuerySet[AlertDelivery, int]:
    """Channels that are told of a higher part of the same budget: a jump past three of them is one
    message."""
    higher = AlertDelivery.objects.filter(
        alert__rule__kind=AlertRule.Kind.BUDGET, alert__subject=alert.subject,
        alert__period=alert.period, alert__threshold__gt=alert.threshold,
    ).exclude(alert__state=Alert.State.RESOLVED)  # over: it says nothing any more
    if rule.kind != AlertRule.Kind.BUDGET:
        higher = higher.none()
    return higher.values_list("channel_id", flat=True)


def deliver_due(*, now: datetime, most: int = AT_ONCE) -> int:
    """How many arrived. Each is claimed from `now` on: who sends many that may hang gives each a
    moment of its own."""
    rows = _due(now).select_related("channel", "alert__rule").order_by("next_try_at", "pk")
    return sum(_tried(row, now=now) for row in rows[:most])


def is_any_due(*, now: datetime) -> bool:
    return _due(now).exists()


def _due(now: datetime) -> QuerySet[AlertDelivery]:
    return AlertDelivery.objects.filter(state=State.WAITING, next_try_at__lte=now)


def _tried(row: AlertDelivery, *, now: datetime) -> bool:
    if not _claimed(row, now=now):
        return False
    if not row.channel.is_on:
        _end(row, State.FAILED, last_error=OFF)
        return False
    return attempt(row, now=now)


def _claimed(row: AlertDelivery, *, now: datetime) -> bool:
    same = AlertDelivery.objects.filter(
        pk=row.pk, state=State.WAITING, tries=row.tries, next_try_at=row.next_try_at
    )
    is_mine = bool(same.update(tries=F("tries") + 1, next_try_at=now + LEASE))
    row.tries += is_mine
    return is_mine


def attempt(row: AlertDelivery, *, now: datetime) -> bool:
    """Send a claimed message. Whatever goes wrong is written down in a sentence."""
    try:
        sending.send(row, now=now)
    except NotSent as error:
        _failed(row, str(error)[:MAX_ERROR], now=now)
        return False
    except Exception:
        log.exception("alerts: message %s could not be made", row.pk)
        _failed(row, BROKEN, now=now)
        return False
    _end(row, State.SENT, sent_at=now, last_error="")
    AlertChannel.objects.filter(pk=row.channel_id).update(last_ok_at=now, last_error="")
    return True


def _failed(row: AlertDelivery, error: str, *, now: datetime) -> None:
    AlertChannel.objects.filter(pk=row.channel_id).update(last_error=error)
    if row.tries >= MAX_TRIES or row.alert_id is None:  # a test is one try
        _end(row, State.FAILED, last_error=error)
        return
    wait = timedelta(seconds=WAITS_S[row.tries - 1])
    AlertDelivery.objects.filter(pk=row.pk).update(next_try_at=now + wait, last_error=error)


def _end(row: AlertDelivery, state: AlertDelivery.State, **facts: object) -> None:
    AlertDelivery.objects.filter(pk=row.pk).update(state=state, next_try_at=None, **facts)


def send_test(channel: AlertChannel, *, now: datetime) -> AlertDelivery:
    """At once, and once: whoever asks waits for what came of it."""
    row = AlertDelivery.objects.create(
        channel=channel, event="test", made_at=now, tries=1, next_try_at=now + LEASE
    )
    attempt(row, now=now)
    row.refresh_from_db()
    return row

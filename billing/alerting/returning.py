"""What was over and holds again: the same alert is open again, at once, and told again only after
it was quiet for a while.

    comes back soon        as it was before: open, in somebody's hand, or put off; nothing is told,
                           and that it was over is not told either
    comes back later       open, and told again; what was put off until a moment stays so till then

So a condition that comes and goes every minute is one message, and the last that a channel heard
is true again within the time of quiet.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q

from billing.alerting.deliveries import announce
from billing.models_operator import Alert, AlertDelivery, AlertRule

State = Alert.State


def quiet() -> timedelta:
    return timedelta(minutes=settings.ALERTS_QUIET_MINUTES)


def going(rule: AlertRule, *, now: datetime) -> Mapping[tuple[str, int], Alert]:
    """By subject and threshold: what is not over, or not for long. A rule that looks back has no
    period of its own that would find its alert again."""
    recent = Q(changed_at__gt=now - quiet()) | ~Q(state=State.RESOLVED)
    rows = sorted(rule.alerts.filter(recent), key=lambda row: (row.state != State.RESOLVED, row.pk))
    return {(row.subject, row.threshold): row for row in rows}


def reopen(alert: Alert, rule: AlertRule, *, now: datetime) -> bool:
    """Whether it was over and is not any more. Called with the rule's row locked."""
    if alert.state != State.RESOLVED:
        return False
    is_soon = now - alert.changed_at < quiet()
    facts = {"state": _state(alert, is_soon=is_soon, now=now), "changed_at": now}
    if not is_soon:
        facts["opened_at"] = now
    if facts["state"] != State.SNOOZED:
        facts["snoozed_until"] = None
    if not Alert.objects.filter(pk=alert.pk, state=State.RESOLVED).update(**facts):
        return False
    alert.deliveries.filter(event="resolved", state=AlertDelivery.State.WAITING).delete()
    if facts["state"] == State.OPEN and not is_soon:
        announce(alert, rule, event="back", now=now)
    return True


def _state(alert: Alert, *, is_soon: bool, now: datetime) -> str:
    if alert.ended_state == State.SNOOZED:
        until = alert.snoozed_until
        return State.SNOOZED if (until > now if until else is_soon) else State.OPEN
    return alert.ended_state if is_soon and alert.ended_state else State.OPEN

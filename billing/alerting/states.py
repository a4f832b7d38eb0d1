"""What people do with an alert, and what time does with one that was put off.

    open -> acknowledged                     somebody has it in hand
    open, acknowledged -> snoozed -> open    put off, and told again if it still holds
    any of them -> resolved                  it does not hold any more (`opening.py`)
    resolved -> any of them                  it holds again in its period (`returning.py`)

The same trouble in a new period is a new alert.
"""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from accounts.services import audit
from billing.alerting.deliveries import announce
from billing.models_operator import Alert
from costcontrol.lib.errors import BadRequest, NotFound
from costcontrol.lib.sentences import Sentence as _

State = Alert.State
HOUR, TOMORROW, PERIOD = "hour", "tomorrow", "period"
SNOOZES = (HOUR, TOMORROW, PERIOD)
MORNING = time(9)


def acknowledge(alert_id: int, *, actor: str, now: datetime, request_id: str = "") -> Alert:
    """Raises NotFound; BadRequest if it is over."""
    return _moved(alert_id, State.ACKNOWLEDGED, None, actor=actor, now=now, request_id=request_id)


def snooze(
    alert_id: int, until: str, *, actor: str, now: datetime, request_id: str = ""
) -> Alert:
    """`until`: one of SNOOZES. Raises NotFound; BadRequest if it is over, or for another word."""
    if until not in SNOOZES:
        raise BadRequest(_("Choose how long it is put off."))
    alert = _get(alert_id)
    return _moved(
        alert_id, State.SNOOZED, snoozed_until(alert, until, now=now), actor=actor, now=now,
        request_id=request_id,
    )


def snoozed_until(alert: Alert, until: str, *, now: datetime) -> datetime | None:
    """None: until it is over."""
    if until == HOUR:
        return now + timedelta(hours=1)
    if until == TOMORROW:
        zone = ZoneInfo(settings.DEFAULT_ZONE)
        return datetime.combine(
            now.astimezone(zone).date() + timedelta(days=1), MORNING, zone
        ).astimezone(now.tzinfo)
    ends_at = alert.details.get("ends_at")
    return datetime.fromisoformat(ends_at) if ends_at else None


@transaction.atomic
def _moved(
    alert_id: int, state: Alert.State, until: datetime | None, *, actor: str, now: datetime,
    request_id: str,
) -> Alert:
    alert = Alert.objects.select_for_update().filter(pk=alert_id).first()
    if alert is None:
        raise _unknown()
    if alert.state == State.RESOLVED:
        raise BadRequest(_("This alert is over, so there is nothing to do about it any more."))
    before = {"state": alert.state}
    alert.state, alert.snoozed_until, alert.changed_at, alert.changed_by = state, until, now, actor
    alert.save(update_fields=["state", "snoozed_until", "changed_at", "changed_by"])
    after = {"state": str(state)} | ({"until": until.isoformat()} if until else {})
    audit(actor, f"alert_{state}", _name(alert), before, after, request_id=request_id)
    return alert


def wake(*, now: datetime) -> int:
    """Alerts whose time has come are open again, and told again. How many. One whose period is
    over is none of them: its rule resolves it when it is asked next."""
    due = Alert.objects.filter(state=State.SNOOZED, snoozed_until__lte=now).select_related("rule")
    return sum(
        _woken(alert, now=now) for alert in due.order_by("pk")[:500] if not _is_past(alert, now)
    )


def _is_past(alert: Alert, now: datetime) -> bool:
    ends_at = alert.details.get("ends_at")
    return bool(ends_at) and datetime.fromisoformat(ends_at) <= now


@transaction.atomic
def _woken(alert: Alert, *, now: datetime) -> bool:
    is_mine = Alert.objects.filter(
        Q(snoozed_until__lte=now), pk=alert.pk, state=State.SNOOZED
    ).update(state=State.OPEN, snoozed_until=None, changed_at=now, changed_by="")
    if is_mine:
        announce(alert, alert.rule, event="again", now=now)
    return bool(is_mine)


def _get(alert_id: int) -> Alert:
    alert = Alert.objects.filter(pk=alert_id).first()
    if alert is None:
        raise _unknown()
    return alert


def _unknown() -> NotFound:
    return NotFound(_("There is no such alert."))


def _name(alert: Alert) -> str:
    return f"{alert.rule.kind} {alert.subject} {alert.period}"[:200]

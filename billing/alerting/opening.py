"""From what a rule finds to rows: one alert for a rule, a period, a threshold and a subject.

Workers may do this at the same time. The rule's row is locked while its alerts are compared with
what was found, and whatever happens, the unique constraint lets one of them open the alert. What
was over and holds again is the same alert again (`returning.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from billing.alerting import returning
from billing.alerting.deliveries import announce
from billing.alerting.types import Finding
from billing.models_operator import Alert, AlertRule

State, Kind = Alert.State, AlertRule.Kind
LOOKS_BACK = frozenset((Kind.ERROR_RATE, Kind.UNPRICED, Kind.USER_WINDOW))


@dataclass(frozen=True, slots=True)
class Changes:
    """What one look at one rule, or at all of them, did."""

    opened: int = 0
    resolved: int = 0
    reopened: int = 0


@dataclass(slots=True)
class _Count:
    opened: int = 0
    reopened: int = 0
    kept: set[int] = field(default_factory=set)


@transaction.atomic
def alerts_put(rule: AlertRule, findings: Sequence[Finding], *, now: datetime) -> Changes:
    """Opens what is new, keeps what goes on, reopens what is back, resolves what is over. A rule
    that was changed or switched off since it was asked is left for the next look."""
    locked = AlertRule.objects.select_for_update().filter(pk=rule.pk).first()
    if locked is None or not locked.is_on or _asked(locked) != _asked(rule):
        return Changes()
    going = returning.going(rule, now=now) if _looks_back(rule) else {}
    count = _Count()
    for finding in findings:
        known = going.get((finding.subject, rule.threshold))
        _put(rule, finding, known, count, now)
    over = [alert for alert in unresolved(rule) if alert.pk not in count.kept]
    for alert in over:
        resolve(alert, rule, now=now)
    return Changes(count.opened, len(over), count.reopened)


def unresolved(rule: AlertRule) -> QuerySet[Alert]:
    return rule.alerts.exclude(state=State.RESOLVED).order_by("pk")


def _asked(rule: AlertRule) -> tuple[Any, ...]:
    return (
        rule.kind, rule.scope_kind, rule.scope_id, rule.threshold, rule.window_minutes, rule.is_on
    )


def _looks_back(rule: AlertRule) -> bool:
    return rule.kind in LOOKS_BACK


def _put(
    rule: AlertRule, finding: Finding, known: Alert | None, count: _Count, now: datetime
) -> None:
    facts = {"value": finding.value, "details": dict(finding.details)}
    is_new = False
    if known is None:
        known, is_new = Alert.objects.get_or_create(
            rule=rule, period=finding.period or _slot(rule, now), threshold=rule.threshold,
            subject=finding.subject,
            defaults=facts | {"state": State.OPEN, "opened_at": now, "changed_at": now},
        )
    count.kept.add(known.pk)
    if is_new:
        count.opened += 1
        announce(known, rule, event="opened", now=now)
        return
    Alert.objects.filter(pk=known.pk).update(**facts)
    count.reopened += returning.reopen(known, rule, now=now)


def _slot(rule: AlertRule, now: datetime) -> str:
    """The span of the rule's length that `now` is in."""
    length = rule.window_minutes * 60
    start = datetime.fromtimestamp(now.timestamp() // length * length, UTC)
    return f"{start:%Y-%m-%dT%H:%M}Z +{rule.window_minutes}"


def resolve(alert: Alert, rule: AlertRule, *, now: datetime, is_told: bool = True) -> None:
    """Told where it is news (that a day's budget begins anew at midnight is none), and once it has
    been quiet for a while: what comes back before is not told as over."""
    was = alert.state
    changed = Alert.objects.filter(pk=alert.pk).exclude(state=State.RESOLVED).update(
        state=State.RESOLVED, ended_state=was, changed_at=now
    )
    if changed and is_told and _looks_back(rule) and was != State.SNOOZED:
        announce(alert, rule, event="resolved", now=now, wait=returning.quiet())

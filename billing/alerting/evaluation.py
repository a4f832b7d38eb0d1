"""Every rule that is on, asked once a minute. One that fails is logged, and the others go on."""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.conf import settings

from billing.alerting import budget_rules, day_rules, failure_rules, states, user_rules
from billing.alerting.opening import Changes, alerts_put
from billing.alerting.types import Finding, Look, Moment, NotKnown
from billing.models_operator import AlertRule

Kind = AlertRule.Kind
LOOKS: Mapping[str, Look] = {
    Kind.BUDGET: budget_rules.used,
    Kind.FORECAST: budget_rules.will_not_last,
    Kind.ANOMALY: day_rules.out_of_the_ordinary,
    Kind.ERROR_RATE: failure_rules.error_rate,
    Kind.UNPRICED: failure_rules.unpriced,
    Kind.RECONCILE: day_rules.providers_differ,
    Kind.USER_WINDOW: user_rules.spends_much,
}
EVERY_MINUTES: Mapping[str, int] = {Kind.FORECAST: 5, Kind.ANOMALY: 10, Kind.RECONCILE: 10}
log = logging.getLogger(__name__)


def evaluate(*, now: datetime) -> Changes:
    """What was opened, resolved, reopened. What was put off is told again if it still holds."""
    rules = AlertRule.objects.filter(is_on=True).order_by("kind", "-threshold", "pk")
    done = [_evaluated(rule, now) for rule in rules if is_due(rule, now)]
    states.wake(now=now)
    return Changes(
        sum(one.opened for one in done), sum(one.resolved for one in done),
        sum(one.reopened for one in done),
    )


def is_due(rule: AlertRule, now: datetime) -> bool:
    """What reads much and changes slowly is asked seldom; not all rules in the same minute."""
    every = EVERY_MINUTES.get(rule.kind, 1)
    return (int(now.timestamp()) // 60 + rule.pk) % every == 0


def _evaluated(rule: AlertRule, now: datetime) -> Changes:
    try:
        return alerts_put(rule, look(rule, now=now), now=now)
    except NotKnown as error:
        log.warning("alerts: the rule %s was not asked: %s", rule, error)
        return Changes()
    except Exception:
        log.exception("alerts: the rule %s could not be evaluated", rule)
        return Changes()


def look(rule: AlertRule, *, now: datetime) -> Sequence[Finding]:
    """What it finds now; writes nothing."""
    return LOOKS[rule.kind](rule, Moment(now, settings.DEFAULT_ZONE))

"""Rules about calls: too many fail, or some have no price."""

from collections.abc import Sequence

from django.db.models import Count, Q, QuerySet

from billing.alerting.types import Finding, Moment, since
from billing.models import ScopeKind, UsageRecord
from billing.models_operator import AlertRule
from billing.reports.errors import REFUSALS

Outcome = UsageRecord.Outcome
MIN_CALLS = 20  # of fewer, one that failed would be an alert
BASIS_POINTS = 10_000
FAILED = (Q(outcome=Outcome.REFUSED) & ~Q(error_code__in=REFUSALS)) | (
    Q(outcome=Outcome.INCOMPLETE) & ~Q(error_code="")
)
FAILED_THERE = Q(outcome=Outcome.FAILED) | (Q(outcome=Outcome.INCOMPLETE) & ~Q(error_code=""))
ANSWERED = (Outcome.COMPLETE, Outcome.INCOMPLETE, Outcome.CANCELLED)
UNPRICED = Q(error_code="unpriced_model") | (
    Q(outcome__in=ANSWERED, price_fresh_input=None, cost_nanos=0) & ~Q(provider="")
)


def error_rate(rule: AlertRule, moment: Moment) -> Sequence[Finding]:
    """As on the overview: calls that ended in an error, of all calls. Of a provider: attempts that
    failed there, of all attempts there."""
    rows = _rows(rule, moment).exclude(outcome=Outcome.CORRECTED)
    if rule.scope_kind == ScopeKind.PROVIDER:
        counts = rows.aggregate(calls=Count("pk"), failed=Count("pk", filter=FAILED_THERE))
    else:
        is_call = ~Q(outcome=Outcome.FAILED)
        counts = rows.aggregate(
            calls=Count("pk", filter=is_call), failed=Count("pk", filter=FAILED)
        )
    rate = counts["failed"] * BASIS_POINTS // max(1, counts["calls"])
    if counts["calls"] < MIN_CALLS or not counts["failed"] or rate < rule.threshold:
        return ()
    return [Finding(_subject(rule), rate, details=_details(rule) | counts)]


def unpriced(rule: AlertRule, moment: Moment) -> Sequence[Finding]:
    """Refused for the lack of a price, or answered without one."""
    rows = _rows(rule, moment).filter(UNPRICED)
    number = rows.count()
    if number < max(1, rule.threshold):
        return ()
    models = rows.values_list("deployment", "requested_model").order_by().distinct()[:5]
    names = sorted({deployment or asked for deployment, asked in models})
    details = _details(rule) | {"calls": number, "models": names}
    return [Finding(_subject(rule), number, details=details)]


def _rows(rule: AlertRule, moment: Moment) -> QuerySet[UsageRecord]:
    rows = UsageRecord.objects.filter(at__gt=since(rule, moment), at__lte=moment.now)
    if rule.scope_kind == ScopeKind.TIER and rule.scope_id:
        rows = rows.filter(tier=rule.scope_id)
    if rule.scope_kind == ScopeKind.PROVIDER and rule.scope_id:
        rows = rows.filter(provider=rule.scope_id)
    return rows


def _subject(rule: AlertRule) -> str:
    return f"{rule.scope_kind}:{rule.scope_id}"


def _details(rule: AlertRule) -> dict[str, object]:
    return {
        "scope_kind": rule.scope_kind, "scope_id": rule.scope_id,
        "window_minutes": rule.window_minutes,
    }

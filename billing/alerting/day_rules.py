"""Rules about days: one out of the ordinary, or one that a provider counts otherwise."""

from collections.abc import Sequence

from django.db.models import Max

from billing import rollups
from billing.alerting.types import Finding, Moment, NotKnown
from billing.anomalies import Anomaly
from billing.models import ScopeKind
from billing.models_operator import AlertRule, UsageImport
from billing.reports import anomaly_days
from billing.reports.day_history import history
from billing.reports.reconciliation import compare
from billing.reports.slices import SliceFilters
from billing.reports.spans import MAX_LIVE_HOURS
from billing.usage_imports.served import served

BASIS_POINTS = 10_000
MOST_POINTS = 100 * BASIS_POINTS  # where they count next to nothing, it is no share any more
MISSING = "the hourly sums are days behind"  # such days look cheap


def out_of_the_ordinary(rule: AlertRule, moment: Moment) -> Sequence[Finding]:
    """Yesterday, and today against the same hours of the days before. Raises NotKnown."""
    if rollups.lag_hours(now=moment.now) > MAX_LIVE_HOURS:
        raise NotKnown(MISSING)
    past = history(zone=moment.zone, now=moment.now, filters=(filters := _filters(rule)))
    if past.missing:
        raise NotKnown(MISSING)
    found = anomaly_days.find(past, now=moment.now, filters=filters, days=1, explained=1)
    return [
        _finding(rule, odd) for odd in found.all
        if odd.is_high and odd.value >= rule.threshold * max(1, odd.expected)
    ]


def _filters(rule: AlertRule) -> SliceFilters:
    match rule.scope_kind:
        case ScopeKind.TIER:
            return SliceFilters(tier=rule.scope_id)
        case ScopeKind.PROVIDER:
            return SliceFilters(provider=rule.scope_id)
        case ScopeKind.USER:
            return SliceFilters(user_id=int(rule.scope_id))
    return SliceFilters()


def _finding(rule: AlertRule, odd: Anomaly) -> Finding:
    return Finding(
        subject=f"{rule.scope_kind}:{rule.scope_id}", value=odd.value // max(1, odd.expected),
        period=odd.day.isoformat(),
        details={
            "scope_kind": rule.scope_kind, "scope_id": rule.scope_id,
            "day": odd.day.isoformat(), "cost_nanos": odd.value, "usual_nanos": odd.expected,
            "usual_high_nanos": odd.expected_high,
            "contributors": [
                {"dimension": each.dimension, "key": each.key, "delta_nanos": each.delta_nanos}
                for each in odd.contributors if each.delta_nanos > 0
            ],
        },
    )


def providers_differ(rule: AlertRule, moment: Moment) -> Sequence[Finding]:
    """The newest import of each provider that is about dollars, as the page compares its days.
    (Vendors give tokens and dollars in two files.)"""
    imports = UsageImport.objects.filter(lines__cost_nanos__isnull=False)
    if rule.scope_kind == ScopeKind.PROVIDER and rule.scope_id:
        imports = imports.filter(provider=rule.scope_id)
    newest = imports.values("provider").order_by("provider").annotate(newest=Max("pk"))
    rows = UsageImport.objects.filter(pk__in=[each["newest"] for each in newest])
    found = [_difference(row, moment) for row in rows.order_by("provider")]
    return [each for each in found if each and each.value >= max(1, rule.threshold)]


def _difference(row: UsageImport, moment: Moment) -> Finding | None:
    """None: it says nothing about money. Raises NotKnown."""
    days = (row.last_day - row.first_day).days + 1
    found = compare(
        row.provider, until=row.last_day, served=served(), now=moment.now, days=days
    )
    if found.missing:
        raise NotKnown(MISSING)
    total = found.total
    if not total.says_cost:
        return None
    ours, theirs = total.ours.cost_nanos or 0, total.theirs.cost_nanos or 0
    part = min(MOST_POINTS, abs(ours - theirs) * BASIS_POINTS // max(1, theirs))
    return Finding(
        subject=f"provider:{row.provider}", value=part, period=f"import {row.pk}",
        details={
            "scope_kind": "provider", "scope_id": row.provider, "ours_nanos": ours,
            "theirs_nanos": theirs, "first_day": row.first_day.isoformat(),
            "last_day": row.last_day.isoformat(),
        },
    )

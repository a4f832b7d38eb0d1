"""Rules about days: one out of the ordinary, or one that a provider counts otherwise."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Max, Sum

from billing import rollups
from billing.alerting.types import Finding, Moment, NotKnown
from billing.anomalies import Anomaly, anomalies, is_known
from billing.models import ScopeKind
from billing.models_operator import AlertRule, UsageImport
from billing.reports.slices import SliceFilters, day_costs
from billing.reports.spans import MAX_LIVE_HOURS

HISTORY_DAYS = 70
LEAST_NANOS = 10_000_000  # a day that differs by less than a cent wakes nobody
BASIS_POINTS = 10_000
PARTS = ("deployment", "tier", "call_kind")


def out_of_the_ordinary(rule: AlertRule, moment: Moment) -> Sequence[Finding]:
    """Yesterday, or today so far where it already cost more than a whole day usually does."""
    _check_rolled_up(moment)
    today = moment.now.astimezone(ZoneInfo(moment.zone)).date()
    found = [_odd(rule, moment, last) for last in (today - timedelta(days=1), today)]
    return [
        _finding(rule, odd) for odd in found
        if odd and odd.is_high and odd.value >= rule.threshold * max(1, odd.expected)
    ]


def _check_rolled_up(moment: Moment) -> None:
    """Days with hours missing look cheap. Raises NotKnown."""
    if (behind := rollups.lag_hours(now=moment.now)) >= MAX_LIVE_HOURS:
        raise NotKnown(f"the hourly sums are {behind} hours behind")


def _odd(rule: AlertRule, moment: Moment, last: date) -> Anomaly | None:
    first = last - timedelta(days=HISTORY_DAYS - 1)
    history = _nanos(rule, moment, first, last)
    began = next((place for place, nanos in enumerate(history) if nanos), len(history))
    history, first = history[began:], first + timedelta(days=began)
    if not is_known(history):
        return None
    scope = f"{rule.scope_kind}:{rule.scope_id}"
    found = anomalies(history, first_day=first, days=1, scope=scope, least_nanos=LEAST_NANOS)
    if not found:
        return None
    parts = {group: _parts(rule, moment, first, last, group) for group in PARTS}
    [with_parts] = anomalies(
        history, first_day=first, days=1, scope=scope, least_nanos=LEAST_NANOS, parts=parts
    )
    return with_parts


def _nanos(rule: AlertRule, moment: Moment, first: date, last: date) -> list[int]:
    rows = day_costs(
        zone=moment.zone, first=first, last=last, now=moment.now, filters=_filters(rule)
    )
    return [rows[day, ""].cost_nanos if (day, "") in rows else 0 for day in _days(first, last)]


def _parts(
    rule: AlertRule, moment: Moment, first: date, last: date, group: str
) -> dict[str, list[int]]:
    rows = day_costs(
        zone=moment.zone, first=first, last=last, now=moment.now, filters=_filters(rule),
        group_by=group,
    )
    days = list(_days(first, last))
    places = {day: place for place, day in enumerate(days)}
    found: dict[str, list[int]] = {}
    for (day, key), row in rows.items():
        found.setdefault(key, [0] * len(days))[places[day]] = row.cost_nanos
    return found


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=n) for n in range((last - first).days + 1))


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
        subject=odd.scope, value=odd.value // max(1, odd.expected), period=odd.day.isoformat(),
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
    """The newest import of each provider against our own sums of the same days, in its zone."""
    _check_rolled_up(moment)
    imports = UsageImport.objects.all()
    if rule.scope_kind == ScopeKind.PROVIDER and rule.scope_id:
        imports = imports.filter(provider=rule.scope_id)
    newest = imports.values("provider").order_by("provider").annotate(newest=Max("pk"))
    rows = UsageImport.objects.filter(pk__in=[each["newest"] for each in newest])
    found = [_difference(row, moment) for row in rows.order_by("provider")]
    return [each for each in found if each and each.value >= max(1, rule.threshold)]


def _difference(row: UsageImport, moment: Moment) -> Finding | None:
    """None: it says nothing about money."""
    theirs = row.lines.aggregate(cost=Sum("cost_nanos"))["cost"]
    if theirs is None:
        return None
    ours = sum(
        each.cost_nanos for each in day_costs(
            zone=row.zone, first=row.first_day, last=row.last_day, now=moment.now,
            filters=SliceFilters(provider=row.provider),
        ).values()
    )
    part = abs(ours - theirs) * BASIS_POINTS // max(1, theirs)
    return Finding(
        subject=f"provider:{row.provider}", value=part, period=f"import {row.pk}",
        details={
            "scope_kind": "provider", "scope_id": row.provider, "ours_nanos": ours,
            "theirs_nanos": theirs, "first_day": row.first_day.isoformat(),
            "last_day": row.last_day.isoformat(),
        },
    )

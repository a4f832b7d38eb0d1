"""Rules about budgets: a part of one is used, or it will not last.

A rule is about every budget of its scope: of a day, a month, ever. Without a name of the scope it
is about all budgets of that kind. A cap that was changed or raised begins a new period: whoever was
told of 95% wants to hear of 95% of the new one.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Q, QuerySet

from billing.alerting.types import Finding, Moment
from billing.alerts import FULL, FULL_OF_MONEY
from billing.budgets import current_windows
from billing.models import Budget, Metric, ScopeKind, Window
from billing.models_operator import AlertRule
from billing.reports import budget_today
from billing.reports.budget_today import BudgetToday

MOST = 200  # of one rule: more would be a storm


def used(rule: AlertRule, moment: Moment) -> Sequence[Finding]:
    """At 100 percent a budget counts as used up a little before: the last percent of money rarely
    pays for another call."""
    percent = FULL_OF_MONEY if rule.threshold == FULL else rule.threshold
    found = [
        window for window in _windows(rule, moment.now)
        if window.cap > 0 and window.spent * 100 >= window.cap * percent
    ]
    return [_used(window) for window in found[:MOST]]


def _windows(rule: AlertRule, now: datetime) -> QuerySet[Window]:
    """Of budgets that exist: a window outlives its budget."""
    rows = current_windows(now).filter(scope_kind=rule.scope_kind, metric=Metric.USD)
    periods = _budgets(rule).values_list("scope_id", "period")
    known = Q(pk__in=())
    for scope_id, period in periods[: MOST * 5]:
        known |= Q(scope_id=scope_id, period=period)
    return rows.filter(known).order_by("rank", "pk")


def _budgets(rule: AlertRule) -> QuerySet[Budget]:
    rows = Budget.objects.filter(scope_kind=rule.scope_kind).order_by("pk")
    if rule.scope_id or rule.scope_kind == ScopeKind.PLATFORM:
        return rows.filter(scope_id=rule.scope_id)
    return rows


def _used(window: Window) -> Finding:
    return Finding(
        subject=subject_of(window.scope_kind, window.scope_id, window.period),
        value=window.spent * 100 // window.cap,
        period=period_of(window.start, window.cap),
        details=_details(window.scope_kind, window.scope_id, window.period, window.end) | {
            "spent_nanos": window.spent, "held_nanos": window.held, "cap_nanos": window.cap,
        },
    )


def will_not_last(rule: AlertRule, moment: Moment) -> Sequence[Finding]:
    """Where a budget will be when its period ends, in percent of its cap: the same figure as on
    the pages."""
    found = [
        (budget, budget.projected)
        for budget in budget_today.budgets_of(list(_budgets(rule)[:MOST]), now=moment.now)
    ]
    return [
        _projected(budget, nanos) for budget, nanos in found
        if nanos is not None and budget.cap > 0 and nanos * 100 >= budget.cap * rule.threshold
    ]


def _projected(budget: BudgetToday, nanos: int) -> Finding:
    likely = budget.reached_on
    return Finding(
        subject=subject_of(budget.scope_kind, budget.scope_id, budget.period),
        value=nanos * 100 // budget.cap,
        period=period_of(budget.since, budget.cap),
        details=_details(
            budget.scope_kind, budget.scope_id, budget.period, budget.resets_at
        ) | {
            "spent_nanos": budget.spent, "projected_nanos": nanos, "cap_nanos": budget.cap,
            "reached_on": likely.isoformat() if likely else None,
        },
    )


def subject_of(scope_kind: str, scope_id: str, period: str) -> str:
    return f"{scope_kind}:{scope_id}/{period}"


def period_of(start: datetime, cap: int) -> str:
    return f"{start:%Y-%m-%dT%H:%M}Z {cap}"


def _details(
    scope_kind: str, scope_id: str, period: str, end: datetime | None
) -> dict[str, str | int | None]:
    return {
        "scope_kind": scope_kind, "scope_id": scope_id, "budget_period": period,
        "ends_at": end.isoformat() if end else None,
    }

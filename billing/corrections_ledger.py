"""A correction in the ledger: every window of money that counted the attempt counts what is right.

Open windows and those that are over: a window's `spent` stays the sum of its entries, and of the
rows behind them. What customers bought is left alone: credit, use beyond the plan, and what a plan
includes are not charged or refunded for a mistake in our book.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db.models import Sum

from billing import ledger_sql as sql
from billing.budgets import locked
from billing.models import Budget, LedgerEntry, Metric, Reservation, ScopeKind, Window

BOUGHT = (ScopeKind.CREDIT, ScopeKind.OVERAGE)
OF_PLANS = (ScopeKind.USER, ScopeKind.ORGANISATION)


def charge(right: Mapping[UUID, int]) -> None:
    """What each of these reservations should have been charged. In the caller's transaction;
    windows are locked in the ledger's order, and reservations are only read."""
    holds = _money_windows(right)
    ids = {window_id for windows in holds.values() for window_id in windows}
    windows = locked(Window.objects.filter(pk__in=ids, metric=Metric.USD))
    budgets = _budgets(windows)
    counted = {each.pk: each for each in windows if _counts(each, budgets)}
    charged = _charged(right, counted)
    now_ms = sql.now_ms()
    entries = [
        LedgerEntry(
            window=counted[window_id], reservation_id=key, kind=LedgerEntry.Kind.CORRECTION,
            delta=right[key] - charged.get((window_id, key), 0), at_ms=now_ms,
        )
        for key, its in holds.items()
        for window_id in its
        if window_id in counted and right[key] != charged.get((window_id, key), 0)
    ]
    _post(entries)


def _post(entries: Iterable[LedgerEntry]) -> None:
    moved: dict[int, Window] = {}
    made = list(entries)
    for entry in made:
        entry.window.spent += entry.delta
        moved[entry.window.pk] = entry.window
    LedgerEntry.objects.bulk_create(made)
    Window.objects.bulk_update(moved.values(), ["spent"])


def _money_windows(right: Mapping[UUID, int]) -> dict[UUID, list[int]]:
    """Of holds whose charge was decided when they settled: those are money."""
    rows = Reservation.objects.filter(pk__in=list(right)).values_list("pk", "holds")
    return {
        key: [window_id for window_id, _amount, fixed in holds if fixed is None]
        for key, holds in rows
    }


def _budgets(windows: Iterable[Window]) -> set[tuple[str, str, str]]:
    """Budgets that staff gave to users and organisations; without one, the plan is the cap."""
    ids = {each.scope_id for each in windows if each.scope_kind in OF_PLANS}
    if not ids:
        return set()
    rows = Budget.objects.filter(scope_kind__in=OF_PLANS, scope_id__in=ids)
    return set(rows.values_list("scope_kind", "scope_id", "period"))


def _counts(window: Window, budgets: set[tuple[str, str, str]]) -> bool:
    if window.scope_kind in BOUGHT:
        return False
    place = (window.scope_kind, window.scope_id, window.period)
    return window.scope_kind not in OF_PLANS or place in budgets


def _charged(right: Mapping[UUID, int], windows: Mapping[int, Any]) -> dict[tuple[int, UUID], int]:
    """What their entries say until now."""
    found: dict[tuple[int, UUID], int] = defaultdict(int)
    rows = LedgerEntry.objects.filter(reservation_id__in=list(right), window_id__in=list(windows))
    sums = rows.order_by().values_list("window_id", "reservation_id").annotate(Sum("delta"))
    for window_id, key, nanos in sums:
        found[window_id, key] = nanos
    return found

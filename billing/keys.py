"""A budget of a key outlives its secret: the key that takes its place has the same one.

In the running period the new key may spend what the old one had left, so that who rotates spends no
budget twice. While both work, each has that much; the limits of the plan hold over both.
"""

from datetime import datetime
from typing import Any

from accounts.models import ApiKey
from accounts.services import audit, snapshot
from billing.budgets import book_changed, current_windows, locked
from billing.models import Budget, ScopeKind, Window


def budgets_follow(*, old: ApiKey, new: ApiKey, at: datetime, **_facts: Any) -> None:
    """Receiver of `key_rotated`."""
    budgets = list(Budget.objects.filter(scope_kind=ScopeKind.KEY, scope_id=old.prefix))
    if not budgets:
        return
    book_changed()
    for budget in budgets:
        budget.pk, budget._state.adding = None, True
        budget.scope_id = new.prefix
        budget.save()
        audit(str(new.user), "budget_follow", str(budget), None, snapshot(budget))
    running = current_windows(at).filter(scope_kind=ScopeKind.KEY, scope_id=old.prefix)
    Window.objects.bulk_create(_with_what_is_left(window, new) for window in locked(running))


def _with_what_is_left(window: Window, new: ApiKey) -> Window:
    """Calls in flight are counted as if they cost all that they hold."""
    return Window(
        scope_kind=ScopeKind.KEY, scope_id=new.prefix, metric=window.metric, period=window.period,
        start=window.start, end=window.end, zone=window.zone, rank=window.rank,
        soft_percent=window.soft_percent,
        cap=max(0, window.cap - window.spent - window.held),
    )

"""A budget of a key outlives its secret: the key that takes its place has the same one.

The new key's windows are new: within the running period it may spend its cap beside what the old
one still may. The limits of the plan hold over both.
"""

from typing import Any

from accounts.models import ApiKey
from accounts.services import audit, snapshot
from billing.budgets import book_changed
from billing.models import Budget, ScopeKind


def budgets_follow(*, old: ApiKey, new: ApiKey, **_facts: Any) -> None:
    """Receiver of `key_rotated`."""
    for budget in Budget.objects.filter(scope_kind=ScopeKind.KEY, scope_id=old.prefix):
        budget.pk, budget._state.adding = None, True
        budget.scope_id = new.prefix
        budget.save()
        audit(str(new.user), "budget_follow", str(budget), None, snapshot(budget))
        book_changed()

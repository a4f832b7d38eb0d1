"""What staff do to budgets: make, change, delete, and raise the running window once. All audited.

A raise is on the window, not on the budget: the next window begins with the budget's cap again, and
a changed budget ends it (`budgets.cap_put`). Admission reads `Window.cap` under its lock, so both
hold for the next call. Lock order as everywhere: the book, the budget, then windows.
"""

from collections.abc import Mapping
from datetime import datetime

from django.conf import settings
from django.db import transaction

from accounts.models import Organisation, User
from accounts.services import audit, snapshot
from accounts.types import Payer
from billing.budgets import (
    book_changed,
    caps_apply,
    current_windows,
    locked,
    plan_caps_apply,
    rule_of_budget,
    user_caps_apply,
    window_get,
)
from billing.models import Budget, Metric, ScopeKind, Window
from costcontrol.lib.errors import BadRequest, NotFound
from costcontrol.lib.sentences import Sentence as _


@transaction.atomic
def budget_set(
    kind: str, scope_id: str, period: str, values: Mapping[str, int | str], *, actor: str,
    now: datetime, reason: str = "", request_id: str = "",
) -> Budget:
    """Made, or changed: of a new one, what is not in `values` is as usual. Holds at once for the
    window that is open."""
    book_changed()
    key = {"scope_kind": kind, "scope_id": scope_id, "period": period}
    old = Budget.objects.select_for_update().filter(**key).first()
    before = snapshot(old) if old else None
    budget, _is_new = Budget.objects.update_or_create(
        **key, defaults=values, create_defaults={"zone": settings.DEFAULT_ZONE, **values}
    )
    audit(
        actor, "budget_set", str(budget), before, snapshot(budget), reason=reason,
        request_id=request_id,
    )
    caps_apply(scope_kind=kind, scope_id=scope_id, at=now)
    return budget


@transaction.atomic
def budget_delete(
    budget_id: int, *, actor: str, now: datetime, reason: str = "", request_id: str = ""
) -> str:
    """Its name. Without a budget of their own, payers fall back to the ceiling of their plan; other
    scopes have no limit any more. Raises NotFound."""
    book_changed()
    budget = _budget(budget_id)
    name, before = str(budget), snapshot(budget)
    of_it = current_windows(now).filter(
        scope_kind=budget.scope_kind, scope_id=budget.scope_id, metric=Metric.USD,
        period=budget.period,
    )
    for window in locked(of_it):
        window.cap, window.raised_from = budget.cap_nanos, None
        window.save(update_fields=["cap", "raised_from"])
    budget.delete()
    _fall_back(budget, now)
    audit(actor, "budget_delete", name, before, None, reason=reason, request_id=request_id)
    return name


def _fall_back(budget: Budget, now: datetime) -> None:
    if budget.scope_kind == ScopeKind.USER:
        for user in User.objects.filter(pk=budget.scope_id).select_related("tier"):
            user_caps_apply(user=user, at=now)
    if budget.scope_kind == ScopeKind.ORGANISATION:
        for row in Organisation.objects.filter(pk=budget.scope_id).select_related("tier"):
            payer = Payer(budget.scope_kind, budget.scope_id)
            plan_caps_apply(payer=payer, tier=row.tier, at=now)


@transaction.atomic
def cap_raise(
    budget_id: int, *, cap_nanos: int, reason: str, actor: str, now: datetime,
    request_id: str = "",
) -> Window:
    """A higher cap for the running window only. Raises NotFound, BadRequest: not higher, no reason,
    or a budget without an end."""
    if not reason:
        raise BadRequest(_("Write down why. The reason is kept in the audit log."))
    book_changed()
    budget = _budget(budget_id)
    if budget.period == Budget.Period.TOTAL:
        raise BadRequest(_("This budget never begins anew, so change it instead of raising it."))
    window = _running(budget, now)
    if cap_nanos <= window.cap:
        raise BadRequest(_("This is not more than it may spend now. Write a higher amount."))
    _put(window, cap_nanos, raised_from=budget.cap_nanos, action="budget_raise", actor=actor,
         reason=reason, request_id=request_id)
    return window


@transaction.atomic
def raise_end(
    budget_id: int, *, actor: str, now: datetime, reason: str = "", request_id: str = ""
) -> bool:
    """Back to the budget's cap before the window ends. False: it was not raised."""
    book_changed()
    budget = _budget(budget_id)
    window = _running(budget, now)
    if window.raised_from is None:
        return False
    _put(window, budget.cap_nanos, raised_from=None, action="budget_raise_end", actor=actor,
         reason=reason, request_id=request_id)
    return True


def _put(
    window: Window, cap: int, *, raised_from: int | None, action: str, actor: str, reason: str,
    request_id: str,
) -> None:
    before, window.cap, window.raised_from = window.cap, cap, raised_from
    window.save(update_fields=["cap", "raised_from"])
    audit(
        actor, action, str(window), {"cap": before}, {"cap": cap, "until": str(window.end or "")},
        reason=reason, request_id=request_id,
    )


def _budget(budget_id: int) -> Budget:
    budget = Budget.objects.select_for_update().filter(pk=budget_id).first()
    if budget is None:
        raise NotFound(_("There is no such budget. It may have been deleted."))
    return budget


def _running(budget: Budget, now: datetime) -> Window:
    """Locked; made if nobody has called in it yet."""
    ref = window_get(rule_of_budget(budget), now=now)
    [window] = locked(Window.objects.filter(pk=ref.id))
    return window

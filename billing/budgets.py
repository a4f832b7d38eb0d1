"""Windows and their caps: made on first use, moved when a budget or a plan changes.

A window is made in a transaction of its own that locks the row it takes its cap from: a cap that
changes at the same moment is either read here or applied to the new row. Lock order of changes:
the user or organisation, their customer, the book, then windows in the ledger's order.
"""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet

from accounts.models import Organisation, Tier, User
from accounts.services import audit
from accounts.types import Payer, TierRules
from billing.models import BookVersion, Budget, Customer, Metric, ScopeKind, Window
from billing.rules import ALWAYS as ALWAYS
from billing.rules import EPOCH as EPOCH
from billing.rules import ORGANISATION, RANKS, USER
from billing.rules import Book as Book
from billing.rules import Rule as Rule
from billing.rules import WindowRef as WindowRef
from billing.rules import book_version as book_version
from billing.rules import debates_rule as debates_rule
from billing.rules import own_rules as own_rules
from billing.rules import plan_caps as plan_caps
from billing.rules import rule_of_budget as rule_of_budget
from billing.rules import rules_of_call as rules_of_call
from billing.rules import span as span

BOOK = 1


def book_changed() -> None:
    """In the transaction that changes a budget, a plan, a membership or what credit there is:
    every process reloads before it holds."""
    BookVersion.objects.get_or_create(pk=BOOK)
    BookVersion.objects.filter(pk=BOOK).update(version=F("version") + 1)


def window_get(rule: Rule, *, now: datetime) -> WindowRef:
    """The window of this rule at this time, made if it is the first call in it.

    A window that is already open in another zone is kept until it ends: changing the zone never
    reopens a day that is spent.
    """
    window = _open_window(rule, now) or _window_make(rule, now=now)
    return WindowRef(window.pk, rule, window.start, window.end)


def _open_window(rule: Rule, now: datetime) -> Window | None:
    same = current_windows(now).filter(
        scope_kind=rule.scope_kind, scope_id=rule.scope_id, metric=rule.metric, period=rule.period
    )
    return same.order_by("start").first()


@transaction.atomic
def _window_make(rule: Rule, *, now: datetime) -> Window:
    cap = _locked_cap(rule)
    if made := _open_window(rule, now):  # by somebody else, while we waited for the lock
        return made
    start, end = span(rule.period, zone=rule.zone, now=now)
    window, _ = Window.objects.get_or_create(
        scope_kind=rule.scope_kind, scope_id=rule.scope_id, metric=rule.metric,
        period=rule.period, start=start, zone=rule.zone,
        defaults={"end": end, "cap": cap, "soft_percent": rule.soft_percent,
                  "rank": RANKS[ScopeKind(rule.scope_kind)]},
    )
    return window


def _locked_cap(rule: Rule) -> int:
    """The cap as it is now, which may be newer than the caller's view of it. The row it comes
    from is locked, so that no change of a budget or a plan can pass the new window by."""
    budget = (
        Budget.objects.select_for_update()
        .filter(scope_kind=rule.scope_kind, scope_id=rule.scope_id, period=rule.period)
        .first()
    )
    if rule.metric == Metric.USD and budget is not None:
        return budget.cap_nanos
    match rule.scope_kind:
        case ScopeKind.USER | ScopeKind.ORGANISATION:
            cap = _locked_plan_cap(rule)
        case ScopeKind.OVERAGE:
            cap = locked_ceiling(rule.scope_id)
        case _:
            cap = None
    return rule.cap if cap is None else cap


def _locked_plan_cap(rule: Rule) -> int | None:
    """Owner first, then plan: a join would lose the row if the plan changed while we waited."""
    owner = _owners(rule.scope_kind).select_for_update(no_key=True).filter(pk=int(rule.scope_id))
    found = owner.first()
    if found is None:
        return None
    tier = Tier.objects.select_for_update(no_key=True).get(pk=found.tier_id)
    return plan_caps(TierRules.of(tier)).get((rule.metric, rule.period))


def locked_ceiling(payer: str) -> int:
    """What the customer allows beyond the plan a month; 0 if they never allowed it."""
    customers = Customer.objects.select_for_update(no_key=True)
    customer = customers.filter(customer_filter(Payer(*payer.split(":")))).first()
    return (customer and customer.overage_ceiling_nanos) or 0


def customer_filter(payer: Payer) -> Q:
    if payer.kind == ORGANISATION:
        return Q(organisation_id=int(payer.id))
    return Q(user_id=int(payer.id))


def _owners(kind: str) -> QuerySet[Any]:
    return Organisation.objects.all() if kind == ORGANISATION else User.objects.all()


@transaction.atomic
def caps_apply(*, scope_kind: str, scope_id: str, at: datetime) -> int:
    """Give the current windows of a scope the caps of its budgets. Returns how many changed."""
    book_changed()
    rows = Budget.objects.select_for_update().filter(scope_kind=scope_kind, scope_id=scope_id)
    budgets = {row.period: row for row in rows}
    windows = locked(
        current_windows(at).filter(
            scope_kind=scope_kind, scope_id=scope_id, metric=Metric.USD, period__in=budgets
        )
    )
    for window in windows:
        budget = budgets[window.period]
        cap_put(window, budget.cap_nanos)
        window.soft_percent = budget.soft_percent
    return Window.objects.bulk_update(windows, ["cap", "raised_from", "soft_percent"])


def cap_put(window: Window, cap: int) -> None:
    """What the rule says now. A window that was raised once stays so while that is what it said
    when it was raised."""
    if window.raised_from is None or window.raised_from != cap:
        window.cap, window.raised_from = cap, None


@transaction.atomic
def plan_change(
    *, payer: Payer, tier: Tier, actor: str, at: datetime, because: dict[str, Any] | None = None
) -> bool:
    """Move a user or an organisation to another plan: tier, caps of the current windows and audit
    row in one go. What is spent stays spent. False: it had this plan already, or is gone."""
    owner = _owners(payer.kind).select_for_update(no_key=True).filter(pk=int(payer.id)).first()
    if owner is None or owner.tier_id == tier.pk:
        return False
    before, owner.tier = owner.tier_id, tier
    owner.save(update_fields=["tier"])
    plan_caps_apply(payer=payer, tier=tier, at=at)
    after = {"tier": tier.pk} | ({"because": because} if because else {})
    audit(actor=actor, action="tier_change", target=_name(payer, owner), before={"tier": before},
          after=after)
    return True


def _name(payer: Payer, owner: User | Organisation) -> str:
    return str(owner) if payer.kind == USER else f"{payer} {owner}"


@transaction.atomic
def tier_change(*, user: User, tier: Tier, actor: str, at: datetime) -> bool:
    """By hand: the plan now, and the one they fall back to when a subscription ends."""
    User.objects.select_for_update(no_key=True).filter(pk=user.pk).first()
    Customer.objects.filter(user=user).update(base_tier=tier)
    is_changed = plan_change(payer=Payer(USER, str(user.pk)), tier=tier, actor=actor, at=at)
    user.tier = tier
    return is_changed


def user_caps_apply(*, user: User, at: datetime) -> None:
    """Set the caps of a user's open windows to what the plan says now."""
    plan_caps_apply(payer=Payer(USER, str(user.pk)), tier=user.tier, at=at)


@transaction.atomic
def plan_caps_apply(*, payer: Payer, tier: Tier, at: datetime) -> None:
    """Set the caps of a payer's open windows to what the plan says now."""
    book_changed()
    caps = plan_caps(TierRules.of(tier))
    own = {"scope_kind": payer.kind, "scope_id": payer.id}
    if Budget.objects.filter(period=Budget.Period.DAY, **own).exists():
        del caps[Metric.USD, Budget.Period.DAY]
    changed = []
    for window in locked(current_windows(at).filter(**own)):
        cap = caps.get((window.metric, window.period))
        if cap is not None:
            cap_put(window, cap)
            changed.append(window)
    Window.objects.bulk_update(changed, ["cap", "raised_from"])


@transaction.atomic
def tier_caps_apply(*, tier: Tier, at: datetime) -> int:
    """After a plan was edited: the open windows of all who are on it. How many those are."""
    book_changed()
    return sum(_caps_of_kind(kind, tier=tier, at=at) for kind in (USER, ORGANISATION))


def _caps_of_kind(kind: str, *, tier: Tier, at: datetime) -> int:
    open_ids = current_windows(at).filter(scope_kind=kind).values_list("scope_id", flat=True)
    owners = _owners(kind).filter(tier=tier, pk__in=[int(pk) for pk in set(open_ids)])
    for pk in (pks := list(owners.order_by("pk").values_list("pk", flat=True))):
        plan_caps_apply(payer=Payer(kind, str(pk)), tier=tier, at=at)
    return len(pks)


def locked(windows: QuerySet[Window]) -> list[Window]:
    """Locked in the ledger's order, so that a change of caps and a call never deadlock."""
    return list(windows.select_for_update().order_by("rank", "pk"))


def current_windows(at: datetime) -> QuerySet[Window]:
    return Window.objects.filter(Q(end__isnull=True) | Q(end__gt=at), start__lte=at)

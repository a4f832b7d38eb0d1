"""Whose money answers are made ahead with: a budget of its own, inside the platform's.

`PRECOMPUTE_MONTHLY_USD` is kept as the month's budget of the "tier" `precompute`: one window for
all that is made ahead, in batches, one by one and anew. 0: precompute is off. Each run has a
budget beside it (`PrecomputeRun.budget_nanos`).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from accounts.services import MODEL_CLASSES, audit
from accounts.types import Caller, TierRules
from billing import gauge
from billing.budgets import Rule, WindowRef, caps_apply, rules_of_call
from billing.models import Budget, Metric, ScopeKind, Window
from billing.rules import Book, rule_of_budget
from billing.savings import PRECOMPUTE_TIER
from costcontrol.lib.money import Nanos, from_usd

TIER = PRECOMPUTE_TIER
ACTOR = "precompute"
PLATFORM_ITSELF = 0  # no user has this id
RULES = TierRules(
    name=TIER, title="Precompute", route_mode="cloud", debates_per_day=None,
    requests_per_day=None, calls_per_debate=None, usd_per_day_nanos=None,
    requests_per_minute=None, concurrent_calls=None, allowed_classes=MODEL_CLASSES,
    is_economy_exempt=True,
)
CALLER = Caller(PLATFORM_ITSELF, TIER, "", RULES)


@dataclass(frozen=True, slots=True)
class Month:
    """What may be made ahead this month, and what was."""

    cap: int
    spent: int
    held: int

    @property
    def is_on(self) -> bool:
        return self.cap > 0

    @property
    def left(self) -> int:
        return max(0, self.cap - self.spent - self.held)


def monthly_cap() -> Nanos:
    return from_usd(settings.PRECOMPUTE_MONTHLY_USD)


def is_on() -> bool:
    return monthly_cap() > 0


def month(*, now: datetime) -> Month:
    """Read only."""
    window = _window(now)
    cap = monthly_cap()
    return Month(cap, window.spent, window.held) if window else Month(cap, 0, 0)


def _window(now: datetime) -> Window | None:
    windows = Window.objects.filter(
        scope_kind=ScopeKind.TIER, scope_id=TIER, metric=Metric.USD,
        period=Budget.Period.MONTH, start__lte=now, end__gt=now,
    )
    return windows.first()


@transaction.atomic
def month_sync(*, now: datetime) -> None:
    """The setting as a budget, which the ledger knows. Changes nothing where it is the same."""
    cap = monthly_cap()
    row = Budget.objects.select_for_update().filter(**_budget()).first()
    if (row.cap_nanos if row else 0) == cap:
        return
    before = None if row is None else {"cap_nanos": row.cap_nanos}
    facts = {"cap_nanos": cap, "soft_percent": 100, "zone": settings.DEFAULT_ZONE}
    Budget.objects.update_or_create(**_budget(), defaults=facts)
    caps_apply(scope_kind=ScopeKind.TIER, scope_id=TIER, at=now)
    audit(ACTOR, "budget_change", f"{ScopeKind.TIER}:{TIER}", before, {"cap_nanos": cap})


def _budget() -> dict[str, Any]:
    return {"scope_kind": ScopeKind.TIER, "scope_id": TIER, "period": Budget.Period.MONTH}


def windows_of(provider: str, *, book: Book, now: datetime) -> tuple[WindowRef, ...]:
    """Every window that a call of precompute must fit in. Also in a transaction."""
    rules = rules_of_call(
        book, tier=RULES, payer=CALLER.payer, user_id=PLATFORM_ITSELF, key_prefix="",
        provider=provider, debate_id="",
    )
    return gauge.windows([*rules, *_month_rules(rules)], now=now, is_kept=False)


def _month_rules(known: list[Rule]) -> list[Rule]:
    """The book may be some seconds older than the budget."""
    rows = Budget.objects.filter(**_budget())
    return [rule for row in rows if (rule := rule_of_budget(row)) not in known]

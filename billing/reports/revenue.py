"""Monthly recurring revenue: what running subscriptions bring in a month, by plan and currency.

Trials bring nothing yet and open invoices may never be paid, so both stand apart.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from billing.reports.rates import Rates, Total
from billing.reports.subscriptions import Sub

ACTIVE, TRIAL, PAST_DUE = "active", "trialing", "past_due"


@dataclass(frozen=True, slots=True)
class Slice:
    """So many subscriptions, and what they bring a month."""

    number: int = 0
    minor: int = 0

    def __add__(self, other: "Slice") -> "Slice":
        return Slice(self.number + other.number, self.minor + other.minor)


@dataclass(frozen=True, slots=True)
class PlanRevenue:
    """One plan in one currency. `ending`: those of `paid` that end with their period."""

    tier: str
    currency: str
    paid: Slice = Slice()
    trial: Slice = Slice()
    past_due: Slice = Slice()
    ending: Slice = Slice()


@dataclass(frozen=True, slots=True)
class Recurring:
    """`by_currency`: what is paid a month, in minor units; `total`: the same in one figure."""

    plans: tuple[PlanRevenue, ...]
    by_currency: Mapping[str, int]
    total: Total
    trial: Total
    past_due: Total


def recurring(subs: Iterable[Sub], rates: Rates) -> Recurring:
    groups: dict[tuple[str, str], list[Sub]] = defaultdict(list)
    for sub in subs:
        if sub.has_access:
            groups[sub.tier, sub.currency].append(sub)
    plans = tuple(_plan(*key, found) for key, found in sorted(groups.items()))
    return Recurring(
        plans,
        by_currency=_by_currency(plans, ACTIVE),
        total=rates.total(_by_currency(plans, ACTIVE)),
        trial=rates.total(_by_currency(plans, TRIAL)),
        past_due=rates.total(_by_currency(plans, PAST_DUE)),
    )


def _plan(tier: str, currency: str, subs: list[Sub]) -> PlanRevenue:
    return PlanRevenue(
        tier, currency,
        paid=_slice(sub for sub in subs if sub.status == ACTIVE),
        trial=_slice(sub for sub in subs if sub.status == TRIAL),
        past_due=_slice(sub for sub in subs if sub.status == PAST_DUE),
        ending=_slice(sub for sub in subs if sub.status == ACTIVE and sub.is_ending),
    )


def _slice(subs: Iterable[Sub]) -> Slice:
    return sum((Slice(1, sub.monthly_minor) for sub in subs), Slice())


def _by_currency(plans: Iterable[PlanRevenue], status: str) -> Mapping[str, int]:
    sums: dict[str, int] = defaultdict(int)
    for plan in plans:
        part = {ACTIVE: plan.paid, TRIAL: plan.trial, PAST_DUE: plan.past_due}[status]
        sums[plan.currency] += part.minor
    return dict(sums)

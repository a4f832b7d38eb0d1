"""What another price, quota or mix of users would have made of the last 30 days: an estimate.

Arithmetic on the calls that were made, nothing is predicted. Leavers go to the plan that costs
nothing, joiners come from it; both are taken to be average. A day above a lower quota is cut to it
in proportion; a day that used up the old quota is taken to use up a higher one too. Without a
quota nobody does more than they did.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import BigIntegerField, Case, F, Sum, Value, When
from django.db.models.expressions import Combinable

from billing.models import DailyPayer
from billing.reports.margin import (
    MONTH,
    P95,
    PlanMargin,
    Spread,
    Use,
    margins,
    paid_time,
    percentile,
)
from billing.reports.ranges import Bucket, Range
from billing.reports.rates import Rates
from billing.reports.subscriptions import Sub

MAX_QUOTA = 10_000


@dataclass(frozen=True, slots=True)
class WhatIf:
    """`prices` a month, in minor units by currency. `quota` None: no limit. Shares in percent."""

    tier: str
    prices: Mapping[str, int]
    quota: int | None
    leave: int = 0
    join: int = 0


@dataclass(frozen=True, slots=True)
class Side:
    """One plan, as it was or as it would have been."""

    users: int
    earned_nanos: int
    cost_nanos: int

    @property
    def nanos(self) -> int:
        return self.earned_nanos - self.cost_nanos

    @property
    def share_bp(self) -> int | None:
        return round(10_000 * self.nanos / self.earned_nanos) if self.earned_nanos else None

    def __add__(self, other: "Side") -> "Side":
        return Side(
            self.users + other.users, self.earned_nanos + other.earned_nanos,
            self.cost_nanos + other.cost_nanos,
        )


@dataclass(frozen=True, slots=True)
class Estimate:
    """`p95_…`: margin of a user whose cost 95 of 100 stay below, at the average price."""

    plan_before: Side
    plan_after: Side
    free_before: Side
    free_after: Side
    p95_before_nanos: int
    p95_after_nanos: int
    joined: int
    left: int

    @property
    def before(self) -> Side:
        return self.plan_before + self.free_before

    @property
    def after(self) -> Side:
        return self.plan_after + self.free_after


def simulate(
    what_if: WhatIf, *, uses: Sequence[Use], limited: Sequence[Use], free: Sequence[Use],
    subs: Iterable[Sub], span: Bucket, rates: Rates,
) -> Estimate:
    """`uses` of the plan as they were, `limited` as the other quota would have made them."""
    mine = [sub for sub in subs if sub.tier == what_if.tier]
    now = _plan(uses, mine, span, rates)
    free_side = Side(len(free), 0, sum(use.plan_nanos for use in free))
    costs = sorted(_costs(limited, users=now.users))
    earned = sum(_earned(sub, what_if.prices, span, rates) for sub in mine)
    left, joined = _part(now.users, what_if.leave), _part(free_side.users, what_if.join)
    stay = _shrunk(Side(now.users, earned, sum(costs)), left)
    come = _average(Side(now.users, 0, sum(costs)), joined)
    paid = joined * _price(what_if, mine, span, rates)
    after = stay + come + Side(0, paid, 0)
    return Estimate(
        Side(now.users, now.earned_nanos, now.cost_nanos), after,
        free_side, _shrunk(free_side, joined) + _average(free_side, left),
        p95_before_nanos=now.margin_at(now.cost.p95_nanos),
        p95_after_nanos=_each(after.earned_nanos, after.users) - percentile(costs, P95),
        joined=joined, left=left,
    )


def _plan(uses: Sequence[Use], subs: Sequence[Sub], span: Bucket, rates: Rates) -> PlanMargin:
    plans = margins(uses, subs, span, rates).plans
    if not plans:
        return PlanMargin("", 0, 0, 0, 0, Spread(0, 0, 0))
    return plans[0]


def _costs(uses: Sequence[Use], *, users: int) -> list[int]:
    """Whoever has a subscription and made no call cost nothing."""
    costs = [use.plan_nanos for use in uses]
    return costs + [0] * max(users - len(costs), 0) or [0]


def _earned(sub: Sub, prices: Mapping[str, int], span: Bucket, rates: Rates) -> int:
    monthly = rates.nanos(prices.get(sub.currency, sub.monthly_minor), sub.currency) or 0
    paid = paid_time(sub, span) // timedelta.resolution
    return monthly * paid // (MONTH // timedelta.resolution)


def _price(what_if: WhatIf, subs: Sequence[Sub], span: Bucket, rates: Rates) -> int:
    """What a joiner pays for all 30 days: the average of who pays now, else of the new prices."""
    running = [sub for sub in subs if sub.has_access]
    prices = [
        rates.nanos(what_if.prices.get(sub.currency, sub.monthly_minor), sub.currency) or 0
        for sub in running
    ] or [rates.nanos(minor, currency) or 0 for currency, minor in what_if.prices.items()]
    whole = sum(prices) // len(prices) if prices else 0
    return whole * ((span.end - span.start) // timedelta.resolution) // (
        MONTH // timedelta.resolution
    )


def _part(users: int, percent: int) -> int:
    return (users * percent + 50) // 100


def _each(nanos: int, users: int) -> int:
    return nanos // users if users else 0


def _average(side: Side, users: int) -> Side:
    """So many average users of it."""
    earned, cost = (side.earned_nanos * users, side.cost_nanos * users)
    return Side(users, _each(earned, side.users), _each(cost, side.users))


def _shrunk(side: Side, users: int) -> Side:
    gone = _average(side, users)
    return Side(
        side.users - users, side.earned_nanos - gone.earned_nanos,
        side.cost_nanos - gone.cost_nanos,
    )


def read_limited(
    days: Range, *, tier: str, quota_now: int | None, quota: int | None
) -> tuple[Use, ...]:
    """What the calls of a plan would have cost with another number of debates a day."""
    debates = _debates(quota_now, quota)
    rows = (
        DailyPayer.objects.filter(day__gte=days.first, day__lte=days.last, tier=tier)
        .values_list("payer")
        .annotate(Sum("calls"), _cost=Sum(F("plan_nanos") - F("debate_nanos") + debates))
    )
    return tuple(Use(payer, tier, int(calls), int(cost)) for payer, calls, cost in rows)


def _debates(quota_now: int | None, quota: int | None) -> Combinable:
    """The cost of one payer's debates on one day, cut or stretched."""
    if quota is None or quota == quota_now:
        return F("debate_nanos")
    changed = F("debate_nanos") * Value(quota, BigIntegerField()) / F("debates")
    cases = [When(debates__gt=quota, then=changed)]
    if quota_now is not None and quota > quota_now:
        cases.append(When(debates__gte=max(quota_now, 1), then=changed))
    return Case(*cases, default=F("debate_nanos"), output_field=BigIntegerField())

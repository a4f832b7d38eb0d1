"""What each plan and each payer brings in, less what their calls cost, over the last 30 days.

Both sides are of the same days: cost from `DailyPayer`, and of each subscription's price the part
that these days are of a month. A trial brings nothing until it ends, an open invoice nothing from
the day on which it could not be collected. What credit or overage paid for is not in it.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Sum

from billing import payer_days
from billing.models import DailyPayer
from billing.reports.ranges import Bucket, Range, last_days
from billing.reports.rates import Rates
from billing.reports.subscriptions import Sub

DAYS = 30
MONTH = timedelta(days=DAYS)
MOST = 20
P95 = 95


class Use(NamedTuple):
    """What one payer's calls on one plan cost. `beyond_nanos` was paid from credit or overage.
    A tuple, for there are thousands."""

    payer: str
    tier: str
    calls: int
    plan_nanos: int
    beyond_nanos: int = 0


class PayerMargin(NamedTuple):
    payer: str
    tier: str
    calls: int
    earned_nanos: int
    cost_nanos: int

    @property
    def nanos(self) -> int:
        return self.earned_nanos - self.cost_nanos


@dataclass(frozen=True, slots=True)
class Spread:
    """Cost of one user of a plan: in the middle, on average, and what 95 of 100 stay below."""

    median_nanos: int
    mean_nanos: int
    p95_nanos: int


@dataclass(frozen=True, slots=True)
class PlanMargin:
    """`users` had calls or a subscription, `paying` brought something in. None: nobody."""

    tier: str
    users: int
    paying: int
    earned_nanos: int
    cost_nanos: int
    cost: Spread

    @property
    def nanos(self) -> int:
        return self.earned_nanos - self.cost_nanos

    @property
    def share_bp(self) -> int | None:
        return round(10_000 * self.nanos / self.earned_nanos) if self.earned_nanos else None

    @property
    def mean_earned_nanos(self) -> int:
        return self.earned_nanos // self.users if self.users else 0

    def margin_at(self, cost_nanos: int) -> int:
        """Of a user with this cost, who pays what users of the plan pay on average."""
        return self.mean_earned_nanos - cost_nanos


@dataclass(frozen=True, slots=True)
class Margins:
    """`losing`: who costs more than they pay, worst first, at most MOST of `losing_number`."""

    plans: tuple[PlanMargin, ...]
    losing: tuple[PayerMargin, ...]
    losing_number: int
    beyond_nanos: int
    left_out: tuple[str, ...] = ()

    @property
    def earned_nanos(self) -> int:
        return sum(plan.earned_nanos for plan in self.plans)

    @property
    def cost_nanos(self) -> int:
        return sum(plan.cost_nanos for plan in self.plans)

    @property
    def nanos(self) -> int:
        return self.earned_nanos - self.cost_nanos


def read_uses(days: Range, *, until: datetime) -> tuple[Use, ...]:
    """With the calls of the running hour, which no day has yet."""
    sums: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    rolled = read_whole_hours(days)
    live = payer_days.live(start=days.start, end=min(until, days.end))
    if not live:
        return rolled
    for payer, tier, *values in (*rolled, *live):
        mine = sums[payer, tier]
        mine[:] = [have + value for have, value in zip(mine, values, strict=True)]
    return tuple(Use(*key, *values) for key, values in sums.items())


def read_whole_hours(days: Range) -> tuple[Use, ...]:
    rows = (
        DailyPayer.objects.filter(day__gte=days.first, day__lte=days.last)
        .values_list("payer", "tier")
        .annotate(Sum("calls"), Sum("plan_nanos"), Sum("beyond_nanos"))
    )
    return tuple(
        Use(payer, tier, int(calls), int(plan), int(beyond))
        for payer, tier, calls, plan, beyond in rows
    )


def margins(
    uses: Iterable[Use], subs: Iterable[Sub], span: Bucket, rates: Rates
) -> Margins:
    found = list(uses)
    earned, left_out = earned_by(subs, span, rates)
    payers = [
        *(PayerMargin(use.payer, use.tier, use.calls, earned.pop((use.payer, use.tier), 0),
                      use.plan_nanos) for use in found),
        *(PayerMargin(*key, 0, nanos, 0) for key, nanos in earned.items()),
    ]
    losing = sorted(
        (each for each in by_payer(payers) if each.nanos < 0), key=lambda each: each.nanos
    )
    return Margins(
        plans_of(payers), tuple(losing[:MOST]), len(losing),
        beyond_nanos=sum(use.beyond_nanos for use in found), left_out=left_out,
    )


def plans_of(payers: Iterable[PayerMargin]) -> tuple[PlanMargin, ...]:
    by_tier: dict[str, list[PayerMargin]] = defaultdict(list)
    for each in payers:
        by_tier[each.tier].append(each)
    return tuple(plan_of(tier, rows) for tier, rows in sorted(by_tier.items()))


def plan_of(tier: str, rows: Sequence[PayerMargin]) -> PlanMargin:
    costs = sorted(each.cost_nanos for each in rows)
    return PlanMargin(
        tier, users=len(rows), paying=sum(each.earned_nanos > 0 for each in rows),
        earned_nanos=sum(each.earned_nanos for each in rows), cost_nanos=sum(costs),
        cost=Spread(
            percentile(costs, 50), sum(costs) // len(costs), percentile(costs, P95)
        ),
    )


def percentile(ordered: Sequence[int], percent: int) -> int:
    """By the nearest rank: a value that somebody has."""
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def earned_by(
    subs: Iterable[Sub], span: Bucket, rates: Rates
) -> tuple[dict[tuple[str, str], int], tuple[str, ...]]:
    """By payer and plan, and the currencies that have no rate."""
    earned: dict[tuple[str, str], int] = defaultdict(int)
    left_out: set[str] = set()
    for sub in subs:
        length = paid_time(sub, span)
        monthly = rates.nanos(sub.monthly_minor, sub.currency)
        if length and monthly is None:
            left_out.add(sub.currency)
        elif length and monthly:
            earned[sub.payer, sub.tier] += (
                monthly * (length // timedelta.resolution) // (MONTH // timedelta.resolution)
            )
    return earned, tuple(sorted(left_out))


def paid_time(sub: Sub, span: Bucket) -> timedelta:
    """How much of the span somebody paid for."""
    if sub.started_at is None or not (sub.has_access or sub.ended_at):
        return timedelta(0)
    begin = max(filter(None, (sub.started_at, sub.trial_end, span.start)))
    end = min(filter(None, (sub.ended_at, sub.past_due_since, span.end)))
    return max(end - begin, timedelta(0))


def days_of(now: datetime, *, zone: str) -> tuple[Range, Bucket]:
    """The last 30 local days, today so far included."""
    days = last_days(DAYS, zone=zone, now=now)
    return days, Bucket(days.start, now)


def by_payer(rows: Iterable[PayerMargin]) -> tuple[PayerMargin, ...]:
    """One row a payer, over all the plans that they had; named by the one that cost most."""
    found: dict[str, list[PayerMargin]] = defaultdict(list)
    for row in rows:
        found[row.payer].append(row)
    return tuple(
        mine[0] if len(mine) == 1 else _together(payer, mine) for payer, mine in found.items()
    )


def _together(payer: str, mine: Sequence[PayerMargin]) -> PayerMargin:
    return PayerMargin(
        payer, max(mine, key=lambda row: row.cost_nanos).tier,
        calls=sum(row.calls for row in mine),
        earned_nanos=sum(row.earned_nanos for row in mine),
        cost_nanos=sum(row.cost_nanos for row in mine),
    )

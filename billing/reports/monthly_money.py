"""What came in during a month: paid invoices, and what plans brought in less their cost."""

from dataclasses import dataclass
from datetime import datetime

from billing.reports import collected, margin, subscriptions
from billing.reports.margin import PlanMargin
from billing.reports.ranges import Bucket, Range
from billing.reports.rates import Rates


@dataclass(frozen=True, slots=True)
class Income:
    """`collected_nanos`: paid less refunded. `earned_nanos`: what plans brought in for the days of
    the month; the margin is that, less what their calls cost. `left_out`: currencies without a
    rate."""

    collected_nanos: int
    earned_nanos: int
    plan_cost_nanos: int
    beyond_nanos: int
    plans: tuple[PlanMargin, ...]
    left_out: tuple[str, ...]

    @property
    def margin_nanos(self) -> int:
        return self.earned_nanos - self.plan_cost_nanos

    @property
    def is_empty(self) -> bool:
        return not (self.collected_nanos or self.earned_nanos or self.left_out)


def income(days: Range, *, until: datetime) -> Income:
    rates, month = Rates.of_settings(), Bucket(days.start, days.end)
    total = collected.total(collected.collected([month]), month, rates)
    found = margin.margins(
        margin.read_uses(days, until=until), subscriptions.read(), Bucket(days.start, until), rates
    )
    return Income(
        total.nanos, found.earned_nanos, found.cost_nanos, found.beyond_nanos, found.plans,
        tuple(sorted({*total.left_out, *found.left_out})),
    )

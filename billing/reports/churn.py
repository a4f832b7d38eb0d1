"""Who came, went up, went down and left, month by month.

New and lost are counted by customers, from their subscriptions: somebody whose new subscription
begins while another one runs is not new, and somebody who keeps one is not lost. Upgrades and
downgrades are changes between two paid plans, from the audit trail: there is no other record of
what a subscription was before.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts.models import AuditEvent, Tier
from billing.reports.ranges import Bucket
from billing.reports.shapes import Line, Series, Unit
from billing.reports.subscriptions import NEVER_BEGAN, Sub

TIER_CHANGE = "tier_change"


@dataclass(frozen=True, slots=True)
class TierChange:
    """From one plan to another, by their ranks; 0 is the plan that nobody pays for."""

    at: datetime
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Movement:
    """What became of the customers in one month. `at_start`: who paid or tried when it began."""

    month: Bucket
    at_start: int
    new: int
    upgraded: int
    downgraded: int
    lost: int

    @property
    def churn_bp(self) -> int | None:
        """Of those who were there when the month began. None: nobody was."""
        return round(10_000 * self.lost / self.at_start) if self.at_start else None


def movements(
    subs: Sequence[Sub], changes: Iterable[TierChange], months: Sequence[Bucket]
) -> tuple[Movement, ...]:
    by_customer: dict[int, list[Sub]] = {}
    for sub in subs:
        if sub.status not in NEVER_BEGAN and sub.started_at is not None:
            by_customer.setdefault(sub.customer_id, []).append(sub)
    known, begun = list(changes), [*by_customer.values()]
    return tuple(_movement(month, begun, known) for month in months)


def _movement(month: Bucket, customers: list[list[Sub]], changes: list[TierChange]) -> Movement:
    there = {True: 0, False: 0}
    new = lost = 0
    for subs in customers:
        there[any(sub.runs_at(month.start) for sub in subs)] += 1
        new += any(_is_new(sub, subs, month) for sub in subs)
        lost += any(_is_lost(sub, subs, month) for sub in subs)
    paid = [each for each in changes if _within(each.at, month) and each.before and each.after]
    return Movement(
        month, there[True], new,
        upgraded=sum(each.after > each.before for each in paid),
        downgraded=sum(each.after < each.before for each in paid),
        lost=lost,
    )


def _is_new(sub: Sub, subs: list[Sub], month: Bucket) -> bool:
    began = sub.started_at
    if began is None or not _within(began, month):
        return False
    return not any(
        other is not sub and other.runs_at(began) and other.started_at != began for other in subs
    )


def _is_lost(sub: Sub, subs: list[Sub], month: Bucket) -> bool:
    ended = sub.ended_at
    if ended is None or not _within(ended, month):
        return False
    return not any(other is not sub and other.runs_at(ended) for other in subs)


def _within(at: datetime, month: Bucket) -> bool:
    return month.start <= at < month.end


def series(found: Sequence[Movement]) -> Series:
    """`lost` hangs below the axis in a chart, so it is drawn there with a minus."""
    names = ("new", "upgraded", "downgraded", "lost")
    lines = (Line(name, tuple(getattr(each, name) for each in found)) for name in names)
    return Series(tuple(each.month for each in found), tuple(lines), Unit.CALLS)


def read_changes(months: Sequence[Bucket]) -> tuple[TierChange, ...]:
    ranks = dict(Tier.objects.values_list("name", "rank"))
    rows = AuditEvent.objects.filter(
        action=TIER_CHANGE, at__gte=months[0].start, at__lt=months[-1].end
    ).values_list("at", "before", "after")
    return tuple(
        TierChange(at, _rank(before, ranks), _rank(after, ranks)) for at, before, after in rows
    )


def _rank(said: object, ranks: Mapping[str, int]) -> int:
    """0 for a plan that is gone: nothing is known of it."""
    tier = said.get("tier") if isinstance(said, dict) else None
    return ranks.get(str(tier), 0)

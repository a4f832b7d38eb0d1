"""Who came, went up, went down and left, month by month.

New and lost are counted by spells: the time in which a customer has a subscription without a gap,
however many it were. So the customers at the end of a month are those at its start, plus the new,
less the lost. Upgrades and downgrades are changes between two paid plans, from the audit trail:
there is no other record of what a subscription was before.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts.models import AuditEvent, Tier
from billing.reports.ranges import Bucket
from billing.reports.shapes import Line, Series, Unit
from billing.reports.subscriptions import Sub

TIER_CHANGE = "tier_change"  # of a payer; edits of a plan have the same name and are left out
Spell = tuple[datetime, datetime | None]


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
    subs: Iterable[Sub], changes: Iterable[TierChange], months: Sequence[Bucket]
) -> tuple[Movement, ...]:
    begun, ended = _edges(subs)
    known = sorted((each for each in changes if each.before and each.after), key=lambda c: c.at)
    return tuple(_movement(month, begun, ended, known) for month in months)


def _edges(subs: Iterable[Sub]) -> tuple[list[datetime], list[datetime]]:
    """When spells began, and when they ended; both in order."""
    by_customer: dict[int, list[Sub]] = defaultdict(list)
    for sub in subs:
        if sub.has_begun:
            by_customer[sub.customer_id].append(sub)
    found = [spell for mine in by_customer.values() for spell in spells(mine)]
    return sorted(begin for begin, _end in found), sorted(end for _begin, end in found if end)


def spells(subs: Iterable[Sub]) -> list[Spell]:
    """Of one customer. A subscription that begins when another ends goes on with it."""
    spans = [(sub.started_at, sub.ended_at) for sub in subs if sub.started_at]
    merged: list[Spell] = []
    for begin, end in sorted(spans, key=lambda span: span[0]):
        last = merged[-1] if merged else None
        if last is None or (last[1] is not None and begin > last[1]):
            merged.append((begin, end))
        elif last[1] is not None:
            merged[-1] = (last[0], end and max(end, last[1]))
    return merged


def _movement(
    month: Bucket, begun: Sequence[datetime], ended: Sequence[datetime],
    changes: Sequence[TierChange],
) -> Movement:
    of_month = [each for each in changes if month.start <= each.at < month.end]
    return Movement(
        month,
        at_start=bisect_left(begun, month.start) - bisect_left(ended, month.start),
        new=_number(begun, month),
        upgraded=sum(each.after > each.before for each in of_month),
        downgraded=sum(each.after < each.before for each in of_month),
        lost=_number(ended, month),
    )


def _number(edges: Sequence[datetime], month: Bucket) -> int:
    """Of [start, end)."""
    return bisect_left(edges, month.end) - bisect_left(edges, month.start)


def series(found: Sequence[Movement]) -> Series:
    """One line a kind of movement."""
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

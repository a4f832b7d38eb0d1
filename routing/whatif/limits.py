"""Budgets of a day, as they fill up: what was spent then, and what is spent under other rules.

Nobody knows which calls were in flight together, so nothing is decided from how full a window was,
only from how much fuller or emptier it is than then. Where nothing differs, nothing changes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from accounts.types import Payer, TierRules
from billing.budgets import Book, Rule, rules_of_call
from billing.models import Budget, Metric
from routing.whatif.rows import Row

PLAN = "plan"
CALLS_HELD = 10  # a window was full if no more was left: each call holds its worst case
Key = tuple[str, str, date]


@dataclass(frozen=True, slots=True)
class Limit:
    """One budget of a day that a call must fit in: its rule now, and then (None: none then)."""

    key: Key
    now: Rule
    then: Rule | None


def day_rules(book: Book, tier: TierRules, row: Row, *, provider: str = "") -> list[Rule]:
    """Those of the product that are about money and a day. Who pays beyond the plan is not held
    by the plan's."""
    kind, _, name = row.payer.partition(":")
    payer = Payer(kind, name) if name else Payer("user", str(row.user_id))
    rules = rules_of_call(
        book, tier=tier, payer=payer, user_id=row.user_id, key_prefix=row.key_prefix,
        provider=provider, debate_id=row.debate_id,
    )
    is_beyond = row.paid_from != PLAN
    return [
        rule for rule in rules
        if rule.metric == Metric.USD and rule.period == Budget.Period.DAY
        and not (is_beyond and rule.is_quota)
    ]


class Days:
    """Counters by scope and local day, for one set of rules. `before` forgets what is over."""

    def __init__(self) -> None:
        self._then: dict[Key, int] = {}
        self._now: dict[Key, int] = {}
        self._dates: dict[tuple[str, datetime], date] = {}

    def limits(self, now: Iterable[Rule], then: Iterable[Rule], at: datetime) -> list[Limit]:
        old = {(rule.scope_kind, rule.scope_id): rule for rule in then}
        return [
            Limit(self._key(rule, at), rule, old.get((rule.scope_kind, rule.scope_id)))
            for rule in now
        ]

    def _key(self, rule: Rule, at: datetime) -> Key:
        hour = at.replace(minute=at.minute // 15 * 15, second=0, microsecond=0)
        day = self._dates.get((rule.zone, hour))
        if day is None:
            day = self._dates[rule.zone, hour] = at.astimezone(ZoneInfo(rule.zone)).date()
        return (rule.scope_kind, rule.scope_id, day)

    def is_economy(self, limits: Iterable[Limit], row: Row, tier: TierRules) -> bool:
        """As it was, unless a soft limit is reached now that was not then, or the other way."""
        now = then = False
        for limit in limits:
            now |= _is_soft(limit.now, self._now.get(limit.key, 0))
            then |= limit.then is not None and _is_soft(limit.then, self._then.get(limit.key, 0))
        if now == then:
            return row.is_economy
        return now and not tier.is_economy_exempt

    def fits(self, limits: Iterable[Limit], nanos: int) -> bool:
        return not nanos or all(self._fits(limit, nanos) for limit in limits)

    def _fits(self, limit: Limit, nanos: int) -> bool:
        left = self._left_now(limit)
        if nanos <= left:
            return True
        return limit.then is not None and left >= self._left_then(limit, limit.then)

    def has_more_room(self, limits: Iterable[Limit], nanos: int) -> bool:
        """A call that was refused then would be let in: money that was short then is less so."""
        limits = list(limits)
        return any(self._was_short(limit, nanos) for limit in limits) and all(
            nanos <= self._left_now(limit) for limit in limits
        )

    def _was_short(self, limit: Limit, nanos: int) -> bool:
        if limit.then is None:
            return False
        left = self._left_then(limit, limit.then)
        return left < CALLS_HELD * nanos and left < self._left_now(limit)

    def _left_now(self, limit: Limit) -> int:
        return limit.now.cap - self._now.get(limit.key, 0)

    def _left_then(self, limit: Limit, rule: Rule) -> int:
        return rule.cap - self._then.get(limit.key, 0)

    def spend(self, limits: Iterable[Limit], *, now: int, then: int) -> None:
        for limit in limits:
            self._now[limit.key] = self._now.get(limit.key, 0) + now
            self._then[limit.key] = self._then.get(limit.key, 0) + then

    def forget_before(self, day: date) -> None:
        for counters in (self._then, self._now):
            for key in [key for key in counters if key[2] < day]:
                del counters[key]
        self._dates.clear()

    def as_json(self) -> list[list[str | int]]:
        return [
            [kind, name, day.isoformat(), self._then.get((kind, name, day), 0), now]
            for (kind, name, day), now in self._now.items()
        ]

    @classmethod
    def of_json(cls, said: Iterable[Iterable[str | int]]) -> "Days":
        days = cls()
        for kind, name, day, then, now in said:
            key = (str(kind), str(name), date.fromisoformat(str(day)))
            days._then[key], days._now[key] = int(then), int(now)
        return days


def _is_soft(rule: Rule, spent: int) -> bool:
    return spent * 100 >= rule.cap * rule.soft_percent

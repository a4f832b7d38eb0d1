"""Which limits a call must fit in: what plans and budgets say, before any window.

Plan quotas are counted for the payer, a user or an organisation whose members share them. Days are
local days of the rule's zone, converted to UTC.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings

from accounts.types import Payer, TierRules
from billing.models import BookVersion, Budget, Metric, ScopeKind

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ALWAYS = "always"
USER, ORGANISATION = ScopeKind.USER, ScopeKind.ORGANISATION

# Lock order: cold rows first, the row that everybody shares last. Credit comes before all: what
# has lapsed is taken from it in the transaction that reserves, so it is locked already then.
RANKS = {
    ScopeKind.CREDIT: 5,
    ScopeKind.DEBATE: 10,
    ScopeKind.KEY: 20,
    ScopeKind.USER: 30,
    ScopeKind.ORGANISATION: 40,
    ScopeKind.OVERAGE: 50,
    ScopeKind.TIER: 60,
    ScopeKind.PROVIDER: 70,
    ScopeKind.PLATFORM: 90,
}


@dataclass(frozen=True, slots=True)
class Rule:
    """A limit: how much of a metric one scope may use in one period."""

    scope_kind: str
    scope_id: str
    metric: str
    period: str
    cap: int
    soft_percent: int = 80
    zone: str = "Asia/Seoul"
    is_quota: bool = False  # of the plan: when it is full, credit or overage may stand in for it


@dataclass(frozen=True, slots=True)
class WindowRef:
    """A window that exists, and the rule behind it."""

    id: int
    rule: Rule
    start: datetime
    end: datetime | None


class Book:
    """An immutable snapshot of all budget rows, by scope, and which version of them it is."""

    def __init__(self, rules: Iterable[Rule], version: int = 0) -> None:
        self.version = version
        self._by_scope: dict[tuple[str, str], list[Rule]] = {}
        for rule in rules:
            self._by_scope.setdefault((rule.scope_kind, rule.scope_id), []).append(rule)

    @classmethod
    def load(cls) -> "Book":
        version = book_version()  # first: a change in between only means another reload
        return cls((rule_of_budget(row) for row in Budget.objects.all()), version)

    def of(self, scope_kind: str, scope_id: str) -> list[Rule]:
        return self._by_scope.get((scope_kind, scope_id), [])

    def every(self) -> list[Rule]:
        return [rule for rules in self._by_scope.values() for rule in rules]


def book_version() -> int:
    return BookVersion.objects.values_list("version", flat=True).first() or 0


def rule_of_budget(row: Budget) -> Rule:
    return Rule(
        row.scope_kind, row.scope_id, Metric.USD, row.period, row.cap_nanos, row.soft_percent,
        row.zone,
    )


def span(period: str, *, zone: str, now: datetime) -> tuple[datetime, datetime | None]:
    """[start, end) in UTC of the period that contains `now`. End None: never ends."""
    if period in (Budget.Period.TOTAL, ALWAYS):
        return EPOCH, None
    tz = ZoneInfo(zone)
    day = now.astimezone(tz).date()
    if period == Budget.Period.MONTH:
        day = day.replace(day=1)
        return _midnight(day, tz), _midnight((day + timedelta(days=32)).replace(day=1), tz)
    return _midnight(day, tz), _midnight(day + timedelta(days=1), tz)


def _midnight(day: date, tz: ZoneInfo) -> datetime:
    """The first instant of a local day, in UTC (`fold=0`; right where midnight does not exist)."""
    return datetime.combine(day, time(0), tz).astimezone(UTC)


def rules_of_call(
    book: Book, *, tier: TierRules, payer: Payer, user_id: int, key_prefix: str, provider: str,
    debate_id: str,
) -> list[Rule]:
    """Every limit that one call must fit in."""
    rules = [
        *book.of(ScopeKind.PLATFORM, ""),
        *book.of(ScopeKind.PROVIDER, provider),
        *book.of(ScopeKind.TIER, tier.name),
        *book.of(ScopeKind.KEY, key_prefix),
        *money_rules(book, tier=tier, payer=payer, user_id=user_id),
        *tier_counts(tier, payer, user_id, debate_id),
    ]
    if debate_id:
        rules += book.of(ScopeKind.DEBATE, debate_id)
    return rules


def money_rules(book: Book, *, tier: TierRules, payer: Payer, user_id: int) -> list[Rule]:
    """A budget of the payer's own replaces the plan's ceiling; a member's own comes on top."""
    rules = list(book.of(payer.kind, payer.id) or tier_money(tier, payer))
    if payer.kind != USER:
        rules += book.of(USER, str(user_id))
    return rules


def tier_money(tier: TierRules, payer: Payer) -> list[Rule]:
    if tier.usd_per_day_nanos is None:
        return []
    return [_quota(payer, Metric.USD, Budget.Period.DAY, tier.usd_per_day_nanos)]


def tier_counts(tier: TierRules, payer: Payer, user_id: int, debate_id: str) -> list[Rule]:
    """Calls at once; and calls of this debate, which is one person's, or calls outside debates."""
    rules = []
    if tier.concurrent_calls is not None:
        rules.append(
            Rule(payer.kind, payer.id, Metric.CONCURRENT, ALWAYS, tier.concurrent_calls,
                 zone=settings.DEFAULT_ZONE)
        )
    if debate_id and tier.calls_per_debate is not None:
        rules.append(
            Rule(ScopeKind.DEBATE, f"{user_id}:{debate_id}", Metric.REQUESTS, Budget.Period.TOTAL,
                 tier.calls_per_debate)
        )
    if not debate_id and tier.requests_per_day is not None:
        rules.append(_quota(payer, Metric.REQUESTS, Budget.Period.DAY, tier.requests_per_day))
    return rules


def debates_rule(tier: TierRules, payer: Payer) -> Rule | None:
    if tier.debates_per_day is None:
        return None
    return _quota(payer, Metric.DEBATES, Budget.Period.DAY, tier.debates_per_day)


def _quota(payer: Payer, metric: str, period: str, cap: int) -> Rule:
    return Rule(
        payer.kind, payer.id, metric, period, cap, zone=settings.DEFAULT_ZONE, is_quota=True
    )


def own_rules(book: Book, *, tier: TierRules, payer: Payer, user_id: int) -> list[Rule]:
    """What a page shows: debates, calls, calls at once, money. The platform's are not theirs."""
    debates = debates_rule(tier, payer)
    return [
        *([debates] if debates else []),
        *tier_counts(tier, payer, user_id, debate_id=""),
        *money_rules(book, tier=tier, payer=payer, user_id=user_id),
    ]


def plan_caps(tier: TierRules) -> dict[tuple[str, str], int | None]:
    """What a plan gives each payer, by metric and period. None: unlimited."""
    return {
        (Metric.USD, Budget.Period.DAY): tier.usd_per_day_nanos,
        (Metric.DEBATES, Budget.Period.DAY): tier.debates_per_day,
        (Metric.REQUESTS, Budget.Period.DAY): tier.requests_per_day,
        (Metric.CONCURRENT, ALWAYS): tier.concurrent_calls,
    }

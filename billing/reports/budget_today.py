"""How full each budget is now, and where it will end: by the forecast, and where there is too
little history for one, if the rest of the period is like that of the days before."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from billing.budgets import rule_of_budget
from billing.models import Budget, ScopeKind, UsageRecord
from billing.reports import reading
from billing.reports.facts import located
from billing.reports.forecast_limits import LimitOutlook, outlooks_of
from billing.reports.ranges import Bucket
from billing.reports.reading import CostSum
from billing.reports.usage import Limit, limits_of
from costcontrol.lib.money import share_nanos

FORECAST = (Budget.Period.DAY, Budget.Period.MONTH)
MOST = 20
HISTORY_DAYS = 7
DAY = timedelta(days=1)
FIRST = (ScopeKind.PLATFORM, ScopeKind.PROVIDER, ScopeKind.TIER)  # shown before others


@dataclass(frozen=True, slots=True)
class BudgetToday:
    """One budget's current window. `projected`: spent when it ends; None where it is not known."""

    scope_kind: str
    scope_id: str
    period: str
    cap: int
    spent: int
    held: int
    left: int
    projected: int | None
    resets_at: datetime | None
    soft_percent: int
    since: datetime
    budget_id: int
    reached_on: date | None = None  # a month's budget, by the forecast


@dataclass(frozen=True, slots=True)
class History:
    """Costs of the last days: bucket 2n is the n-th day's part like the one that is left of today,
    2n + 1 the rest of it. `days`: since the first call, at most seven."""

    costs: tuple[CostSum, ...]
    days: int

    def of_part(self, scope_kind: str, scope_id: str) -> int:
        return sum(c.cost_nanos for c in self._of(scope_kind, scope_id) if c.bucket % 2 == 0)

    def of_days(self, scope_kind: str, scope_id: str) -> int:
        return sum(c.cost_nanos for c in self._of(scope_kind, scope_id))

    def _of(self, scope_kind: str, scope_id: str) -> Iterable[CostSum]:
        if scope_kind == ScopeKind.TIER:
            return (cost for cost in self.costs if cost.tier == scope_id)
        if scope_kind == ScopeKind.PROVIDER:
            return (cost for cost in self.costs if cost.deployment.startswith(f"{scope_id}/"))
        return self.costs


def budgets(*, now: datetime) -> tuple[BudgetToday, ...]:
    """The platform's first, then providers, tiers, and the fullest of all others."""
    rows = list(Budget.objects.all())
    found = sorted(_with_limits(rows, now), key=lambda pair: _rank(*pair))[:MOST]
    return _all_today(found, now)


def budgets_of(rows: Sequence[Budget], *, now: datetime) -> tuple[BudgetToday, ...]:
    """These, in this order."""
    return _all_today(_with_limits(rows, now), now)


def _with_limits(rows: Sequence[Budget], now: datetime) -> list[tuple[Budget, Limit]]:
    limits = limits_of([rule_of_budget(row) for row in rows], now=now)
    return list(zip(rows, limits, strict=True))


def _all_today(found: list[tuple[Budget, Limit]], now: datetime) -> tuple[BudgetToday, ...]:
    histories: dict[timedelta, History] = {}
    rows = [row for row, _limit in found if row.period in FORECAST and row.scope_kind in FIRST]
    outlooks = {
        row.pk: outlook for row, outlook in zip(rows, outlooks_of(rows, now=now), strict=True)
    }
    return tuple(
        _today(row, limit, now, histories, outlooks.get(row.pk)) for row, limit in found
    )


def _rank(row: Budget, limit: Limit) -> tuple[int, float, str]:
    kind = ScopeKind(row.scope_kind)
    place = FIRST.index(kind) if kind in FIRST else len(FIRST)
    return place, -(limit.used / max(1, limit.limit)), f"{row.scope_id} {row.period}"


def _today(
    row: Budget, limit: Limit, now: datetime, histories: dict[timedelta, History],
    outlook: LimitOutlook | None,
) -> BudgetToday:
    forecast = outlook.at_end if outlook else None
    return BudgetToday(
        scope_kind=row.scope_kind, scope_id=row.scope_id, period=row.period, cap=limit.limit,
        spent=limit.used, held=limit.held, left=limit.remaining,
        projected=(
            max(forecast.middle, limit.used) if forecast
            else _projected(row, limit, now, histories)
        ),
        reached_on=_reached_on(limit, outlook), resets_at=limit.resets_at,
        soft_percent=row.soft_percent, since=limit.since, budget_id=row.pk,
    )


def _reached_on(limit: Limit, outlook: LimitOutlook | None) -> date | None:
    """Of a month. None: not in it, not known, or of another cap than the window's."""
    if outlook is None or outlook.reach is None or outlook.period == Budget.Period.DAY:
        return None
    if limit.limit != outlook.cap_nanos:
        return None
    return outlook.reach.likely


def _projected(
    row: Budget, limit: Limit, now: datetime, histories: dict[timedelta, History]
) -> int | None:
    """What is spent, and for what is left of the period the average of the days before."""
    if limit.resets_at is None or row.scope_kind not in FIRST:
        return None
    days, part = divmod(limit.resets_at - now, DAY)
    if part not in histories:
        histories[part] = history(part, now=now)
    past = histories[part]
    if not past.days:
        return None
    scope = (row.scope_kind, row.scope_id)
    ahead = past.of_part(*scope) + days * past.of_days(*scope)
    return limit.used + share_nanos(ahead, past.days)


def history(part: timedelta, *, now: datetime) -> History:
    first = UsageRecord.objects.order_by("at").values_list("at", flat=True).first()
    days = 0 if first is None else min(HISTORY_DAYS, (now - first) // DAY)
    buckets = []
    for day in range(days, 0, -1):
        start = now - day * DAY
        buckets += [Bucket(start, start + part), Bucket(start + part, start + DAY)]
    if not buckets:
        return History((), 0)
    return History(reading.costs(located(tuple(buckets), until=now, now=now).spans), days)

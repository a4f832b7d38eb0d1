"""On which day each budget is used up, if spend goes on as forecast."""

from calendar import monthrange
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from billing.budgets import current_windows
from billing.forecast import Forecast, Reach, days_to_limit, forecast
from billing.models import Budget, Metric, ScopeKind
from billing.reports.day_history import History, histories, history, nothing
from billing.reports.slices import SliceFilters

MOST = 20
DAYS_AHEAD = 31
GROUPS: Mapping[str, str] = {
    ScopeKind.PLATFORM: "", ScopeKind.PROVIDER: "provider", ScopeKind.TIER: "tier",
}
FIRST = (*GROUPS, ScopeKind.USER)


@dataclass(frozen=True, slots=True)
class PeriodEnd:
    """What a day or month will have cost: spent before today, and the forecast from today on."""

    last: date
    before_nanos: int
    low: int
    middle: int
    high: int


@dataclass(frozen=True, slots=True)
class LimitOutlook:
    """One budget. `reach` None: too little history to say; then `at_end` is not known either."""

    scope_kind: str
    scope_id: str
    period: str
    cap_nanos: int
    spent_nanos: int
    today: date
    reach: Reach | None
    at_end: PeriodEnd | None = None

    @property
    def days_left(self) -> int | None:
        """Until it is used up, most likely. None: not in its period, or not known."""
        return self.days_to(self.reach.likely) if self.reach else None

    def days_to(self, day: date | None) -> int | None:
        return None if day is None else (day - self.today).days


def month_end(past: History, found: Forecast) -> PeriodEnd | None:
    """Of the running month. None: too little history."""
    today = past.today
    last = today.replace(day=monthrange(today.year, today.month)[1])
    ahead = (last - today).days
    if not found.is_known or ahead >= len(found.totals):
        return None
    before = spent_this_month(past)
    total = found.totals[ahead]
    return PeriodEnd(last, before, before + total.low, before + total.middle, before + total.high)


def today_end(past: History, found: Forecast) -> PeriodEnd | None:
    if not found.is_known:
        return None
    today = found.days[0]
    return PeriodEnd(past.today, 0, today.low, today.middle, today.high)


def spent_this_month(past: History) -> int:
    """On its whole days, before today."""
    first = past.today.replace(day=1)
    return sum(
        cost for day, cost in zip(past.days, past.costs, strict=True) if day >= first
    )


def outlooks(*, now: datetime) -> tuple[LimitOutlook, ...]:
    """Budgets of a day or a month on the platform, providers, tiers and users; at most MOST."""
    rows = Budget.objects.filter(
        scope_kind__in=FIRST, period__in=(Budget.Period.DAY, Budget.Period.MONTH)
    )
    ranked = sorted(rows, key=lambda row: (FIRST.index(row.scope_kind), row.scope_id, row.period))
    return outlooks_of(ranked[:MOST], now=now)


def outlooks_of(rows: Sequence[Budget], *, now: datetime) -> tuple[LimitOutlook, ...]:
    """These, in this order; of scopes in FIRST."""
    read, raised = _reader(now), raised_caps(now)
    made: dict[tuple[str, str, str], tuple[History, Forecast]] = {}
    found = []
    for row in rows:
        key = (row.zone, row.scope_kind, row.scope_id)
        if key not in made:
            past = read(*key)
            made[key] = past, ahead(past)
        cap = raised.get((row.scope_kind, row.scope_id, row.period), row.cap_nanos)
        found.append(_outlook(row, cap, *made[key]))
    return tuple(found)


def raised_caps(now: datetime) -> Mapping[tuple[str, str, str], int]:
    """Caps of this month that were raised. One that was raised for a day says nothing of the next.
    """
    rows = current_windows(now).filter(
        metric=Metric.USD, period=Budget.Period.MONTH, raised_from__isnull=False
    )
    return {(kind, name, period): cap for kind, name, period, cap in rows.values_list(
        "scope_kind", "scope_id", "period", "cap"
    )}


def ahead(past: History, *, days: int = DAYS_AHEAD) -> Forecast:
    """From today on; the history has to know its `rests`."""
    return forecast(
        past.costs, first_day=past.first_day, days=days, so_far=past.so_far, rests=past.rests
    )


def _reader(now: datetime) -> Callable[[str, str, str], History]:
    """Histories of scopes; providers and tiers are read once for all of a kind."""
    groups: dict[tuple[str, str], Mapping[str, History]] = {}

    def read(zone: str, kind: str, name: str) -> History:
        if kind == ScopeKind.USER:
            number = int(name) if name.isdecimal() else 0
            one = SliceFilters(user_id=number)
            return history(zone=zone, now=now, filters=one, has_rests=True)
        if (zone, kind) not in groups:
            groups[zone, kind] = histories(
                zone=zone, now=now, group_by=GROUPS[kind], has_rests=True
            )
        return groups[zone, kind].get(name) or nothing(zone=zone, now=now)

    return read


def _outlook(row: Budget, cap: int, past: History, found: Forecast) -> LimitOutlook:
    is_daily = row.period == Budget.Period.DAY
    before = 0 if is_daily else spent_this_month(past)
    last = None if is_daily else past.today.replace(
        day=monthrange(past.today.year, past.today.month)[1]
    )
    return LimitOutlook(
        row.scope_kind, row.scope_id, row.period, cap, before + past.so_far, past.today,
        days_to_limit(
            found, cap_nanos=cap, spent_nanos=before, is_daily=is_daily, until=last
        ) if found.is_known else None,
        today_end(past, found) if is_daily else month_end(past, found),
    )

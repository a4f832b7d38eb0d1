"""Daily sums without a gap, for forecasts: from the first day that had a call, whole days only."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from billing.reports.day_rest import DAYS, rests
from billing.reports.slices import NO_FILTERS, SliceFilters, day_costs

MAX_DAYS = 224


@dataclass(frozen=True, slots=True)
class History:
    """`costs`: nanos of whole days, oldest first; `so_far`: of the day after them, today.
    `missing`: days that the hourly sums are too far behind for, which count as nothing. `rests`:
    what came later than this time of day on the newest of `costs`, where it was asked for."""

    first_day: date
    costs: tuple[int, ...]
    so_far: int
    zone: str
    missing: int = 0
    rests: tuple[int, ...] = ()

    @property
    def today(self) -> date:
        return self.first_day + timedelta(days=len(self.costs))

    @property
    def days(self) -> tuple[date, ...]:
        return tuple(self.first_day + timedelta(days=n) for n in range(len(self.costs)))


def history(
    *, zone: str, now: datetime, filters: SliceFilters = NO_FILTERS, days: int = MAX_DAYS,
    has_rests: bool = False,
) -> History:
    found = histories(zone=zone, now=now, filters=filters, days=days, has_rests=has_rests)
    return found.get("", nothing(zone=zone, now=now))


def histories(
    *, zone: str, now: datetime, filters: SliceFilters = NO_FILTERS, days: int = MAX_DAYS,
    group_by: str = "", has_rests: bool = False,
) -> Mapping[str, History]:
    """By key; each begins with the first day that had a call of it. `has_rests`: for forecasts of
    today's end."""
    today = now.astimezone(ZoneInfo(zone)).date()
    rows = day_costs(
        zone=zone, first=today - timedelta(days=days), last=today, now=now, filters=filters,
        group_by=group_by,
    )
    by_key: dict[str, dict[date, int]] = defaultdict(dict)
    for (day, key), row in rows.items():
        by_key[key][day] = row.cost_nanos
    missing = len(rows.missing)
    found = {key: _of(costs, today, zone, missing) for key, costs in by_key.items()}
    if not has_rests:
        return found
    later = rests(zone=zone, now=now, filters=filters, group_by=group_by)
    return {key: _with_rests(past, later.get(key, ())) for key, past in found.items()}


def _with_rests(past: History, later: tuple[int, ...]) -> History:
    """Of days that the history knows; where nothing ever came later, of as many zeros."""
    known = min(len(past.costs), DAYS)
    return replace(past, rests=(later or (0,) * DAYS)[DAYS - known:])


def _of(costs: Mapping[date, int], today: date, zone: str, missing: int) -> History:
    first = min(costs)
    whole = tuple(
        costs.get(first + timedelta(days=n), 0) for n in range((today - first).days)
    )
    return History(first, whole, costs.get(today, 0), zone, missing)


def nothing(*, zone: str, now: datetime) -> History:
    return History(now.astimezone(ZoneInfo(zone)).date(), (), 0, zone)

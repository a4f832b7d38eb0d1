"""Days out of the ordinary, with who or what made the difference; today against the same hours.

Sums by dimension are read only for the weeks around a day that stands out: on most mornings there
is none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from billing import measures
from billing.anomalies import WEEKS, Anomaly, Contributor, anomalies, contributors, is_known
from billing.hours import HOUR
from billing.reports import reading
from billing.reports.day_history import History
from billing.reports.facts import located
from billing.reports.ranges import Bucket, day_span
from billing.reports.shapes import Filters
from billing.reports.slices import NO_FILTERS, NONE, SliceFilters, day_costs
from costcontrol.lib.money import NANOS_PER_USD

DIMENSIONS = ("deployment", "tier", "call_kind", "cache_layer", "user")
BOTH = "deployment of tier"  # keys: "anthropic/claude-opus-5-5 premium"
LOOKED_AT = 28  # days
EXPLAINED = 5  # the newest
SAME_HOURS = 42  # days that today so far is held against
WEEKS_BEFORE = timedelta(weeks=WEEKS)
LEAST_NANOS = NANOS_PER_USD // 100  # a cent: less is not worth anybody's morning


@dataclass(frozen=True, slots=True)
class Outcome:
    """`is_known` False: under two weeks of history, so nothing can be out of the ordinary.
    `today`: of the day so far, None where it is as usual."""

    is_known: bool
    days: tuple[Anomaly, ...] = ()
    today: Anomaly | None = None
    days_needed: int = 0

    @property
    def all(self) -> tuple[Anomaly, ...]:
        return (*([self.today] if self.today else ()), *self.days)


def find(
    past: History, *, now: datetime, filters: SliceFilters = NO_FILTERS, days: int = LOOKED_AT,
    explained: int = EXPLAINED, with_today: bool = True,
) -> Outcome:
    if not is_known(past.costs):
        return Outcome(False, days_needed=max(1, 15 - len(past.costs)))
    found = anomalies(
        past.costs, first_day=past.first_day, days=days, least_nanos=LEAST_NANOS
    )
    named = _explained(found[:explained], past, now, filters)
    today = _today(past, now, filters) if with_today else None
    return Outcome(True, (*named, *found[explained:]), today)


def _explained(
    found: Sequence[Anomaly], past: History, now: datetime, filters: SliceFilters
) -> list[Anomaly]:
    """One query a dimension for all of them, and one more for each."""
    if not found:
        return []
    first = min(each.day for each in found) - WEEKS_BEFORE
    last = max(each.day for each in found)
    days = Days(first, last, past.zone, now)
    read = {
        dimension: days.keys(dimension, filters)
        for dimension in DIMENSIONS
        if not (filters.user_id if dimension == "user" else getattr(filters, dimension))
    }
    return [_named(each, read, days, filters) for each in found]


def _named(
    found: Anomaly, read: Mapping[str, Mapping[str, list[int]]], days: "Days",
    filters: SliceFilters,
) -> Anomaly:
    place = (found.day - days.first).days
    names = [
        each
        for dimension, keys in read.items()
        for each in contributors(
            keys, dimension=dimension, place=place, expected=found.expected
        )
    ]
    model = next((each for each in names if each.dimension == "deployment"), None)
    if model is None or model.key in ("", NONE) or filters.tier:
        return replace(found, contributors=tuple(names))
    return replace(found, contributors=(*_both(found, model, days, filters), *names))


def _both(
    found: Anomaly, model: Contributor, days: "Days", filters: SliceFilters
) -> tuple[Contributor, ...]:
    """The tier that made most of what this model is above or below its usual."""
    around = replace(days, first=found.day - WEEKS_BEFORE, last=found.day)
    keys = around.keys("tier", replace(filters, deployment=model.key))
    expected = sum(values[-1] for values in keys.values()) - model.delta_nanos
    tiers = contributors(keys, dimension=BOTH, place=WEEKS_BEFORE.days, expected=expected)
    return tuple(replace(each, key=f"{model.key} {each.key}") for each in tiers[:1])


@dataclass(frozen=True, slots=True)
class Days:
    """Days that are read together."""

    first: date
    last: date
    zone: str
    now: datetime

    def keys(self, dimension: str, filters: SliceFilters) -> Mapping[str, list[int]]:
        """Nanos by key and day."""
        rows = day_costs(
            zone=self.zone, first=self.first, last=self.last, now=self.now, filters=filters,
            group_by=dimension,
        )
        found: dict[str, list[int]] = {}
        for (day, key), row in rows.items():
            values = found.setdefault(key, [0] * ((self.last - self.first).days + 1))
            values[(day - self.first).days] = row.cost_nanos
        return found


def _today(past: History, now: datetime, filters: SliceFilters) -> Anomaly | None:
    """The whole hours of today, against the same hours of the days before. Only of what the hourly
    sums know by themselves: other filters have no figure."""
    known = SliceFilters(
        tier=filters.tier, language=filters.language, deployment=filters.deployment
    )
    if known != filters or len(past.costs) < SAME_HOURS // 2:
        return None
    costs = same_hours(past, now=now, filters=filters)
    if not is_known(costs) or not any(costs[:-1]):
        return None
    first = past.today - timedelta(days=len(costs) - 1)
    found = anomalies(costs, first_day=first, days=1, least_nanos=LEAST_NANOS)
    return found[0] if found else None


def same_hours(past: History, *, now: datetime, filters: SliceFilters) -> list[int]:
    """Nanos of the first hours of each day, as many as are over today, today last. Empty in its
    first hour. Cut at whole hours of UTC, so that nothing is read from single calls but today."""
    length = min(SAME_HOURS, len(past.costs))
    days = [past.today - timedelta(days=n) for n in range(length, -1, -1)]
    reached = (now - _first_hour(past.today, past.zone)) // HOUR  # the clock may have skipped one
    if reached <= 0:
        return []
    buckets = tuple(_first_hours(day, past.zone, reached) for day in days)
    rows = reading.rows_of(
        measures.USAGE.only(["cost_nanos"]), ("model_class",),
        located(buckets, until=now, now=now).spans,
        Filters(filters.tier, filters.language, filters.deployment),
    )
    costs = [0] * len(days)
    for bucket, _class, nanos in rows:
        costs[bucket] += nanos
    return costs


def _first_hours(day: date, zone: str, hours: int) -> Bucket:
    first = _first_hour(day, zone)
    return Bucket(first, min(first + hours * HOUR, day_span(day, zone).end))


def _first_hour(day: date, zone: str) -> datetime:
    """The first whole one."""
    start = day_span(day, zone).start
    whole = start.replace(minute=0, second=0, microsecond=0)
    return whole if whole == start else whole + HOUR

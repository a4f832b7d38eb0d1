"""What each deployment did: calls, attempts that failed, cost, and how long its answers took."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from billing import histograms
from billing.histograms import Histogram
from billing.measures import IS_MEASURED, LATENCY_SOURCE, PROVIDER
from billing.models_rollup import Grain
from billing.reports import day_reading, facts, reading, slices
from billing.reports.ranges import Bucket, Range
from billing.reports.slices import Ask, SliceFilters
from billing.reports.spans import Source, Span

LATENCY_DAYS = 31  # of a longer range, the last ones: there is a histogram for each hour


@dataclass(frozen=True, slots=True)
class Deployed:
    """`attempts`: with those that failed. Times of whole answers, in ms; None: none measured."""

    name: str
    attempts: int = 0
    failed: int = 0
    answered: int = 0
    cost_nanos: int = 0
    p50: int | None = None
    p95: int | None = None


@dataclass(frozen=True, slots=True)
class Deployments:
    """By name. `shortened`: the days that it is about, where the range was too long; `timed`: the
    days of the times."""

    by_name: Mapping[str, Deployed]
    lag_s: int
    missing_hours: int
    timed: Range
    shortened: Range | None = None


def load(days: Range, *, now: datetime, filters: SliceFilters) -> Deployments:
    """Answers out of a cache are nobody's work: they are not in it."""
    answered = replace(filters, cache_layer=slices.NONE)
    every = slices.load(Ask(days, now, answered, "deployment"))
    timed = _last(days)
    times = latencies(timed, now=now, filters=filters)
    sums: dict[str, Deployed] = {}
    for row in every.rows:
        before = sums.get(row.key) or Deployed(row.key)
        sums[row.key] = replace(
            before, attempts=before.attempts + row.attempts,
            failed=before.failed + row.attempts - row.calls,  # a call is what did not fail
            answered=before.answered + row.answered,
            cost_nanos=before.cost_nanos + row.cost_nanos,
        )
    return Deployments(
        {name: _timed(each, times.get(name, 0)) for name, each in sums.items()
         if name != slices.NONE},
        every.lag_s, every.missing_hours, timed, every.shortened,
    )


def _last(days: Range) -> Range:
    if days.days <= LATENCY_DAYS:
        return days
    return replace(days, first=days.last - timedelta(days=LATENCY_DAYS - 1))


def _timed(each: Deployed, histogram: Histogram) -> Deployed:
    p50, p95 = (histograms.percentile(histogram, percent) for percent in (50, 95))
    return replace(each, p50=p50, p95=p95)


def latencies(
    days: Range, *, now: datetime, filters: SliceFilters
) -> Mapping[str, Histogram]:
    """Of answers by models, by deployment."""
    whole = (Bucket(days.start, days.end),)
    found = facts.located(whole, until=now + timedelta.resolution, now=now)
    merged: dict[str, Histogram] = defaultdict(int)
    for name, packed in _rolled(found.spans, filters):
        merged[name] += histograms.unpack(packed)
    for name, ms, count in _live(found.spans, filters):
        merged[name] += histograms.of_one(ms, count)
    return merged


def _rolled(spans: Sequence[Span], filters: SliceFilters) -> list[Any]:
    """Of whole days, and of the hours around them."""
    days, hours = day_reading.split(reading.runs(spans))
    where, more = _where(filters)
    where += f" AND grain = {Grain.FINE.value} AND source = '{PROVIDER}'"
    adapt = connection.ops.adapt_datefield_value
    found: list[Any] = []
    for _bucket, first, after in days:
        found += _fetch(
            "SELECT deployment, histogram FROM billing_dailylatency"
            f" WHERE day >= %s AND day < %s{where}", [adapt(first), adapt(after), *more],
        )
    within = reading.either(_from(hours, Source.ROLLED))
    if within is None:
        return found
    return found + _fetch(
        f"SELECT deployment, histogram FROM billing_hourlylatency WHERE ({within[0]}){where}",
        [*within[1], *more],
    )


def _live(spans: Sequence[Span], filters: SliceFilters) -> list[Any]:
    within = reading.either(_from(spans, Source.LIVE))
    if within is None:
        return []
    where, more = _where(filters)
    return _fetch(
        f"SELECT deployment, latency_ms, COUNT(*) FROM billing_usagerecord WHERE ({within[0]})"
        f" AND {IS_MEASURED} AND {LATENCY_SOURCE} = '{PROVIDER}'{where}"
        " GROUP BY deployment, latency_ms",
        [*within[1], *more],
    )


def _from(spans: Sequence[Span], source: Source) -> list[Span]:
    return [span for span in spans if reading.READ_FROM[span.source] == source]


def _where(filters: SliceFilters) -> tuple[str, list[Any]]:
    chosen = {
        name: value for name in reading.FILTERS if (value := getattr(filters, name))
    }
    return "".join(f" AND {name} = %s" for name in chosen), list(chosen.values())


def _fetch(statement: str, params: list[Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return list(cursor.fetchall())

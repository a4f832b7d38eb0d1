"""One query a cube: whole hours out of its table, everything else out of the usage rows.

The spans go along as a table of values, so however many there are, it is one query each.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from billing import histograms, measures
from billing.histograms import Histogram
from billing.measures import Cube
from billing.reports.shapes import Filters
from billing.reports.spans import Source, Span, hour_of

PROVIDER, CACHE = "provider", "cache"
IS_MEASURED = "outcome IN ('complete', 'cached')"
LATENCY_SOURCE = f"CASE WHEN outcome = 'cached' THEN '{CACHE}' ELSE '{PROVIDER}' END"
Params = list[Any]


@dataclass(frozen=True, slots=True)
class UsageSum:
    """Sums of one bucket and route. The fields after `cache_layer` are the cube's measures."""

    bucket: int
    deployment: str
    model_class: str
    cache_layer: str
    attempts: int
    calls: int
    answered: int
    cost_nanos: int
    estimated_nanos: int
    compared: int
    baseline_nanos: int
    saved_cache_nanos: int
    saved_prompt_cache_nanos: int
    saved_route_nanos: int
    saved_failed_nanos: int
    fresh_input_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    output_tokens: int
    first_baseline: str
    last_baseline: str


@dataclass(frozen=True, slots=True)
class OutcomeSum:
    """How many usage rows of one bucket ended in one way."""

    bucket: int
    outcome: str
    error_code: str
    attempts: int


@dataclass(frozen=True, slots=True)
class CostSum:
    bucket: int
    tier: str
    deployment: str
    cost_nanos: int


@dataclass(frozen=True, slots=True)
class DebateSum:
    """Debates that had a call in the range, and what these calls cost."""

    debates: int
    calls: int
    cost_nanos: int


def usage(spans: Sequence[Span], filters: Filters) -> tuple[UsageSum, ...]:
    rows = _rows(measures.USAGE, ("deployment", "model_class", "cache_layer"), spans, filters)
    return tuple(UsageSum(*row) for row in rows)


def costs(spans: Sequence[Span]) -> tuple[CostSum, ...]:
    """By tier and deployment, for whoever asks about scopes."""
    rows = _rows(measures.COST, ("tier", "deployment"), spans, Filters())
    return tuple(CostSum(*row) for row in rows)


def outcomes(spans: Sequence[Span], filters: Filters) -> tuple[OutcomeSum, ...]:
    rows = _rows(measures.OUTCOME, ("outcome", "error_code"), spans, filters)
    return tuple(OutcomeSum(*row) for row in rows)


def debates(spans: Sequence[Span], filters: Filters) -> DebateSum | None:
    """None where it is asked about one deployment: a debate is not had on one."""
    if filters.deployment:
        return None
    parts = [
        part
        for source in (Source.ROLLED, Source.LIVE)
        if (part := _select(measures.DEBATE, ("user_id", "debate_id"), source, spans, filters))
    ]
    if not parts:
        return DebateSum(0, 0, 0)
    union = " UNION ALL ".join(f"SELECT * FROM ({sql}) AS part" for sql, _ in parts)
    sums = (
        "SELECT COUNT(*), CAST(COALESCE(SUM(calls), 0) AS BIGINT),"
        " CAST(COALESCE(SUM(cost_nanos), 0) AS BIGINT) FROM ("
        " SELECT SUM(calls) AS calls, SUM(cost_nanos) AS cost_nanos"
        f" FROM ({union}) AS parts GROUP BY user_id, debate_id) AS debates"
    )
    (row,) = _fetch(sums, [param for _, params in parts for param in params])
    return DebateSum(*row)


def latencies(
    spans: Sequence[Span], filters: Filters
) -> Mapping[tuple[int, str], Histogram]:
    """By bucket and source: answers of providers, and of the cache."""
    merged: dict[tuple[int, str], Histogram] = defaultdict(int)
    table, params = _values(spans, Source.LIVE)
    if not params:
        return merged
    where, more = _where(filters)
    rows = _fetch(
        f"WITH {table} SELECT span.bucket, {LATENCY_SOURCE} AS source, latency_ms, COUNT(*)"
        " FROM span CROSS JOIN billing_usagerecord AS usage"
        f" WHERE at >= low AND at < high AND {IS_MEASURED}{where}"
        " GROUP BY span.bucket, source, latency_ms",
        [*params, *more],
    )
    for bucket, source, ms, count in rows:
        merged[bucket, source] += histograms.of_one(ms, count)
    return merged


def _rows(
    cube: Cube, dimensions: tuple[str, ...], spans: Sequence[Span], filters: Filters
) -> Iterable[tuple[Any, ...]]:
    for source in (Source.ROLLED, Source.LIVE):
        if selected := _select(cube, dimensions, source, spans, filters):
            yield from _fetch(*selected)


def _select(
    cube: Cube, dimensions: tuple[str, ...], source: Source, spans: Sequence[Span],
    filters: Filters,
) -> tuple[str, Params] | None:
    """Bucket, dimensions, measures. None: no span of this source."""
    table, params = _values(spans, source)
    if not params:
        return None
    where, more = _where(filters)
    if source == Source.ROLLED:
        sums = [f"{measure.of_hours} AS {measure.name}" for measure in cube.measures]
        rows, within = cube.table, "hour >= low AND hour < high"
    else:
        sums = [f"{measure.of_rows} AS {measure.name}" for measure in cube.measures]
        rows, within = "billing_usagerecord", f"at >= low AND at < high AND {cube.rows}"
    names = ", ".join(dimensions)
    return (
        f"WITH {table} SELECT span.bucket, {names}, {', '.join(sums)}"
        f" FROM span CROSS JOIN {rows} AS facts WHERE {within}{where}"
        f" GROUP BY span.bucket, {names}"
    ), [*params, *more]


def _values(spans: Sequence[Span], source: Source) -> tuple[str, Params]:
    chosen = [span for span in spans if span.source == source]
    params: Params = []
    for span in chosen:
        params += [span.bucket, *_edges(span)]
    rows = ", ".join(["(%s, %s, %s)"] * len(chosen))
    return f"span(bucket, low, high) AS (VALUES {rows})", params


def _edges(span: Span) -> tuple[Any, Any]:
    if span.source == Source.ROLLED:
        return hour_of(span.start), hour_of(span.end)
    adapt = connection.ops.adapt_datetimefield_value
    return adapt(span.start), adapt(span.end)


def _where(filters: Filters) -> tuple[str, Params]:
    chosen = {
        name: value
        for name in ("tier", "language", "deployment")
        if (value := getattr(filters, name))
    }
    return "".join(f" AND {name} = %s" for name in chosen), list(chosen.values())


def _fetch(sql: str, params: Params) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())

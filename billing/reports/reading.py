"""One query a cube: whole hours out of its table, everything else out of the usage rows.

The spans go along as a table of values, so however many there are, it is one query each.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from django.db import connection

from billing import histograms, measures
from billing.histograms import Histogram
from billing.hours import hour_of
from billing.measures import IS_MEASURED, LATENCY_SOURCE, Cube
from billing.models_rollup import Grain
from billing.reports import day_reading
from billing.reports.cube_sums import CostSum as CostSum
from billing.reports.cube_sums import DebateSum as DebateSum
from billing.reports.cube_sums import OutcomeSum as OutcomeSum
from billing.reports.cube_sums import UsageSum as UsageSum
from billing.reports.shapes import Filters
from billing.reports.spans import Source, Span

FILTERS = ("tier", "language", "deployment")
READ_FROM = {
    Source.ROLLED: Source.ROLLED, Source.OLD: Source.ROLLED, Source.LIVE: Source.LIVE,
    Source.MISSING: None,
}
Params = list[Any]


def usage(spans: Sequence[Span], filters: Filters) -> tuple[UsageSum, ...]:
    cube = measures.USAGE.only(field.name for field in fields(UsageSum))
    rows = rows_of(cube, ("deployment", "model_class", "cache_layer"), spans, filters)
    return tuple(UsageSum(*row) for row in rows)


def costs(spans: Sequence[Span]) -> tuple[CostSum, ...]:
    """By tier and deployment, for whoever asks about scopes."""
    rows = rows_of(measures.USAGE.only(["cost_nanos"]), ("tier", "deployment"), spans, Filters())
    return tuple(CostSum(*row) for row in rows)


def outcomes(spans: Sequence[Span], filters: Filters) -> tuple[OutcomeSum, ...]:
    rows = rows_of(measures.OUTCOME, ("outcome", "error_code"), spans, filters)
    return tuple(OutcomeSum(*row) for row in rows)


def debates(spans: Sequence[Span], filters: Filters) -> DebateSum | None:
    """Each debate once, however many hours it took. None where it is asked about one deployment:
    no debate is had on one."""
    if filters.deployment:
        return None
    parts = [
        part
        for source in (Source.ROLLED, Source.LIVE)
        if (part := debate_rows(source, spans, filters))
    ]
    if not parts:
        return DebateSum(0, 0, 0)
    union = " UNION ALL ".join(sql for sql, _ in parts)
    (row,) = fetch(
        "SELECT COUNT(*), CAST(COALESCE(SUM(calls), 0) AS BIGINT),"
        " CAST(COALESCE(SUM(cost_nanos), 0) AS BIGINT) FROM ("
        " SELECT SUM(calls) AS calls, SUM(cost_nanos) AS cost_nanos"
        f" FROM ({union}) AS parts GROUP BY user_id, debate_id) AS debates",
        [param for _, params in parts for param in params],
    )
    return DebateSum(*row)


def debate_rows(
    source: Source, spans: Sequence[Span], filters: Filters, *more_columns: str
) -> tuple[str, Params] | None:
    """A SELECT of user, debate, calls, cost, and columns that both sources have."""
    cube, within = measures.DEBATE, either([s for s in spans if READ_FROM[s.source] == source])
    if within is None:
        return None
    where, more = _where(filters, source)
    is_rolled = source == Source.ROLLED
    rows = cube.table if is_rolled else f"billing_usagerecord WHERE {cube.rows}"
    names = [m.name if is_rolled else f"{m.of_row} AS {m.name}" for m in cube.measures]
    names += more_columns
    sql, params = within
    joint = "WHERE" if is_rolled else "AND"
    return (
        f"SELECT user_id, debate_id, {', '.join(names)} FROM {rows} {joint} ({sql}){where}",
        [*params, *more],
    )


def either(spans: Sequence[Span]) -> tuple[str, Params] | None:
    """In one of these spans, whatever their buckets. Spans that touch are one condition."""
    column = "hour" if spans and READ_FROM[spans[0].source] == Source.ROLLED else "at"
    params: Params = []
    for span in spans:
        low, high = _edges(span)
        if params and params[-1] == low:
            params[-1] = high
        else:
            params += [low, high]
    if not params:
        return None
    return " OR ".join([f"{column} >= %s AND {column} < %s"] * (len(params) // 2)), params


def latencies(spans: Sequence[Span], filters: Filters) -> Mapping[tuple[int, str], Histogram]:
    """By bucket and source: answers of providers, and of the cache."""
    merged: dict[tuple[int, str], Histogram] = defaultdict(int)
    where, more = _where(filters, Source.ROLLED)
    table, params = _values(spans, Source.ROLLED)
    if params:
        grain = Grain.FINE if more else Grain.WHOLE
        within = f"hour >= low AND hour < high AND grain = {grain.value}"
        for bucket, source, packed in fetch(
            f"WITH {table} SELECT span.bucket, source, histogram"
            f" FROM {joined('billing_hourlylatency', within + where)}",
            [*params, *more],
        ):
            merged[bucket, source] += histograms.unpack(packed)
    where, more = _where(filters, Source.LIVE)
    within = f"at >= low AND at < high AND {IS_MEASURED}"
    table, params = _values(spans, Source.LIVE)
    if params:
        for bucket, source, ms, count in fetch(
            f"WITH {table} SELECT span.bucket, {LATENCY_SOURCE} AS source, latency_ms, COUNT(*)"
            f" FROM {joined('billing_usagerecord', within + where)}"
            " GROUP BY span.bucket, source, latency_ms",
            [*params, *more],
        ):
            merged[bucket, source] += histograms.of_one(ms, count)
    return merged


def rows_of(
    cube: Cube, dimensions: tuple[str, ...], spans: Sequence[Span], filters: Filters
) -> Iterable[tuple[Any, ...]]:
    days: list[day_reading.Days] = []
    if day_reading.knows(cube, _asked(dimensions, filters)):
        days, spans = day_reading.split(spans)
    if days:
        yield from fetch(*_select_days(cube, dimensions, days, filters))
    for source in (Source.ROLLED, Source.LIVE):
        if selected := _select(cube, dimensions, source, spans, filters):
            yield from fetch(*selected)


def _select_days(
    cube: Cube, dimensions: tuple[str, ...], days: Sequence[day_reading.Days], filters: Filters
) -> tuple[str, Params]:
    where, more = _where(filters, Source.ROLLED)
    within = f"day >= low AND day < high AND grain = {_grain(cube, dimensions, filters).value}"
    sums = [f"{measure.of_hours} AS {measure.name}" for measure in cube.measures]
    adapt, names = connection.ops.adapt_datefield_value, ", ".join(dimensions)
    table = f"span(bucket, low, high) AS (VALUES {', '.join(['(%s, %s, %s)'] * len(days))})"
    return (
        f"WITH {table} SELECT span.bucket, {names}, {', '.join(sums)}"
        f" FROM {joined(cube.daily, within + where)} GROUP BY span.bucket, {names}"
    ), [*(value for n, first, end in days for value in (n, adapt(first), adapt(end))), *more]


def _select(
    cube: Cube, dimensions: tuple[str, ...], source: Source, spans: Sequence[Span],
    filters: Filters,
) -> tuple[str, Params] | None:
    """Bucket, dimensions, measures. None: no span of this source."""
    table, params = _values(spans, source)
    if not params:
        return None
    where, more = _where(filters, source)
    if source == Source.ROLLED:
        sums = [f"{measure.of_hours} AS {measure.name}" for measure in cube.measures]
        rows, within = cube.table, "hour >= low AND hour < high"
        if cube.has_grains:
            within += f" AND grain = {_grain(cube, dimensions, filters).value}"
    else:
        sums = [f"{measure.of_rows} AS {measure.name}" for measure in cube.measures]
        rows, within = "billing_usagerecord", f"at >= low AND at < high AND {cube.rows}"
    names = ", ".join(dimensions)
    return (
        f"WITH {table} SELECT span.bucket, {names}, {', '.join(sums)}"
        f" FROM {joined(rows, within + where)}"
        f" GROUP BY span.bucket, {names}"
    ), [*params, *more]


def joined(rows: str, condition: str) -> str:
    """Span by span, each a look into an index: left to itself, PostgreSQL would read all rows and
    compare each with every span."""
    if connection.vendor == "postgresql":
        return f"span CROSS JOIN LATERAL (SELECT * FROM {rows} WHERE {condition} OFFSET 0) AS facts"
    return f"span CROSS JOIN {rows} AS facts WHERE {condition}"


def _grain(cube: Cube, dimensions: tuple[str, ...], filters: Filters) -> Grain:
    """The whole, unless somebody asks for what it leaves out."""
    is_fine = _asked(dimensions, filters) & set(cube.only_fine)
    return Grain.FINE if is_fine else Grain.WHOLE


def _asked(dimensions: tuple[str, ...], filters: Filters) -> set[str]:
    return {*dimensions, *(name for name in FILTERS if getattr(filters, name))}


def _values(spans: Sequence[Span], source: Source) -> tuple[str, Params]:
    chosen = [span for span in spans if READ_FROM[span.source] == source]
    params: Params = []
    for span in chosen:
        params += [span.bucket, *_edges(span)]
    rows = ", ".join(["(%s, %s, %s)"] * len(chosen))
    return f"span(bucket, low, high) AS (VALUES {rows})", params


def _edges(span: Span) -> tuple[Any, Any]:
    if READ_FROM[span.source] == Source.ROLLED:
        return hour_of(span.start), hour_of(span.end)
    adapt = connection.ops.adapt_datetimefield_value
    return adapt(span.start), adapt(span.end)


def _where(filters: Filters, source: Source) -> tuple[str, Params]:
    """On usage rows as an expression, so that no index but the one by time is taken."""
    as_column = "{0} = %s" if source == Source.ROLLED else "{0} || '' = %s"
    chosen = {
        name: value
        for name in FILTERS
        if (value := getattr(filters, name))
    }
    return "".join(f" AND {as_column.format(name)}" for name in chosen), list(chosen.values())


def fetch(sql: str, params: Params) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())

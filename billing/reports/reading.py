"""One query a cube: whole hours out of its table, everything else out of the usage rows.

The spans go along as a table of values, so however many there are, it is one query each.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.db import connection

from billing import histograms, measures
from billing.histograms import Histogram
from billing.hours import hour_of
from billing.measures import IS_MEASURED, LATENCY_SOURCE, Cube
from billing.models_rollup import Grain
from billing.reports import day_reading
from billing.reports.cube_sums import CostSum as CostSum
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
    cube = measures.USAGE.only(UsageSum._fields)
    rows = rows_of(cube, ("deployment", "model_class", "cache_layer"), spans, filters)
    return tuple(map(UsageSum._make, rows))


def costs(spans: Sequence[Span]) -> tuple[CostSum, ...]:
    """By tier and deployment, for whoever asks about scopes."""
    rows = rows_of(measures.USAGE.only(["cost_nanos"]), ("tier", "deployment"), spans, Filters())
    return tuple(map(CostSum._make, rows))


def outcomes(spans: Sequence[Span], filters: Filters) -> tuple[OutcomeSum, ...]:
    rows = rows_of(measures.OUTCOME, ("outcome", "error_code"), spans, filters)
    return tuple(map(OutcomeSum._make, rows))


def runs(spans: Sequence[Span]) -> list[Span]:
    """Spans that touch and are read from one place, as one: their buckets are nothing here."""
    found: list[Span] = []
    for span in spans:
        last = found[-1] if found else None
        if (
            last is not None and last.end == span.start and last.days_from == span.days_from
            and READ_FROM[last.source] == READ_FROM[span.source]
        ):
            found[-1] = replace(last, end=span.end)
        else:
            found.append(replace(span, bucket=0))
    return found


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
    for bucket, source, packed in _packed(spans, filters):
        merged[bucket, source] += histograms.unpack(packed)
    where, more = where_of(filters, Source.LIVE)
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


def _packed(spans: Sequence[Span], filters: Filters) -> Iterable[tuple[Any, ...]]:
    """Histograms of whole days, and of the hours around them."""
    days, hours = day_reading.split(spans)
    where, more = where_of(filters, Source.ROLLED)
    where += f" AND grain = {(Grain.FINE if more else Grain.WHOLE).value}"
    for rows, unit, (table, params) in (
        ("billing_dailylatency", "day", values_of_days(days)),
        ("billing_hourlylatency", "hour", _values(hours, Source.ROLLED)),
    ):
        if params:
            within = f"{unit} >= low AND {unit} < high"
            yield from fetch(
                f"WITH {table} SELECT span.bucket, source, histogram"
                f" FROM {joined(rows, within + where)}",
                [*params, *more],
            )


def rows_of(
    cube: Cube, dimensions: tuple[str, ...], spans: Sequence[Span], filters: Filters
) -> Iterable[tuple[Any, ...]]:
    """Whole months and days out of their tables, where they know what is asked."""
    days: list[day_reading.Days] = []
    if day_reading.knows(cube, _asked(dimensions, filters)):
        days, spans = day_reading.split(spans)
    if cube.monthly:
        months, days = day_reading.months(days)
        if months:
            yield from fetch(*_of_days(cube, dimensions, cube.monthly, "month", months, filters))
    if days:
        yield from fetch(*_of_days(cube, dimensions, cube.daily, "day", days, filters))
    for source in (Source.ROLLED, Source.LIVE):
        if selected := _select(cube, dimensions, source, spans, filters):
            yield from fetch(*selected)


def _of_days(
    cube: Cube, dimensions: tuple[str, ...], rows: str, unit: str,
    days: Sequence[day_reading.Days], filters: Filters,
) -> tuple[str, Params]:
    where, more = where_of(filters, Source.ROLLED)
    within = f"{unit} >= low AND {unit} < high"
    if cube.has_grains:
        within += f" AND grain = {_grain(cube, dimensions, filters).value}"
    sums = [f"{measure.of_hours} AS {measure.name}" for measure in cube.measures]
    names, (table, params) = ", ".join(dimensions), values_of_days(days)
    return (
        f"WITH {table} SELECT span.bucket, {names}, {', '.join(sums)}"
        f" FROM {joined(rows, within + where)} GROUP BY span.bucket, {names}"
    ), [*params, *more]


def values_of_days(days: Sequence[day_reading.Days]) -> tuple[str, Params]:
    adapt = connection.ops.adapt_datefield_value
    return (
        f"span(bucket, low, high) AS (VALUES {', '.join(['(%s, %s, %s)'] * len(days))})",
        [value for n, first, end in days for value in (n, adapt(first), adapt(end))],
    )


def _select(
    cube: Cube, dimensions: tuple[str, ...], source: Source, spans: Sequence[Span],
    filters: Filters,
) -> tuple[str, Params] | None:
    """Bucket, dimensions, measures. None: no span of this source."""
    table, params = _values(spans, source)
    if not params:
        return None
    where, more = where_of(filters, source)
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


def where_of(filters: Filters, source: Source) -> tuple[str, Params]:
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

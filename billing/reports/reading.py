"""What reports read of each cube: usage, costs, outcomes, latencies."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from billing import histograms, measures
from billing.histograms import Histogram
from billing.measures import IS_MEASURED, LATENCY_SOURCE
from billing.models_rollup import Grain
from billing.reports import day_reading
from billing.reports.cube_rows import rows_of as rows_of
from billing.reports.cube_sums import CostSum as CostSum
from billing.reports.cube_sums import OutcomeSum as OutcomeSum
from billing.reports.cube_sums import UsageSum as UsageSum
from billing.reports.reading_sql import FILTERS as FILTERS
from billing.reports.reading_sql import READ_FROM as READ_FROM
from billing.reports.reading_sql import Params as Params
from billing.reports.reading_sql import either as either
from billing.reports.reading_sql import fetch as fetch
from billing.reports.reading_sql import joined as joined
from billing.reports.reading_sql import runs as runs
from billing.reports.reading_sql import values_of_days as values_of_days
from billing.reports.reading_sql import values_of_spans
from billing.reports.reading_sql import where_of as where_of
from billing.reports.shapes import Filters
from billing.reports.spans import Source, Span


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


def latencies(spans: Sequence[Span], filters: Filters) -> Mapping[tuple[int, str], Histogram]:
    """By bucket and source: answers of providers, and of the cache."""
    merged: dict[tuple[int, str], Histogram] = defaultdict(int)
    for bucket, source, packed in _packed(spans, filters):
        merged[bucket, source] += histograms.unpack(packed)
    where, more = where_of(filters, Source.LIVE)
    within = f"at >= low AND at < high AND {IS_MEASURED}"
    table, params = values_of_spans(spans, Source.LIVE)
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
        ("billing_hourlylatency", "hour", values_of_spans(hours, Source.ROLLED)),
    ):
        if params:
            within = f"{unit} >= low AND {unit} < high"
            yield from fetch(
                f"WITH {table} SELECT span.bucket, source, histogram"
                f" FROM {joined(rows, within + where)}",
                [*params, *more],
            )

"""Spans, filters and tables in SQL: what every reader of sums and usage rows is made of."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.db import connection

from billing.hours import hour_of
from billing.reports.day_reading import Days
from billing.reports.shapes import Filters
from billing.reports.spans import Source, Span

FILTERS = ("tier", "language", "deployment")
READ_FROM = {
    Source.ROLLED: Source.ROLLED, Source.OLD: Source.ROLLED, Source.LIVE: Source.LIVE,
    Source.MISSING: None,
}
Params = list[Any]


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
        low, high = edges_of(span)
        if params and params[-1] == low:
            params[-1] = high
        else:
            params += [low, high]
    if not params:
        return None
    return " OR ".join([f"{column} >= %s AND {column} < %s"] * (len(params) // 2)), params


def values_of_days(days: Sequence[Days]) -> tuple[str, Params]:
    adapt = connection.ops.adapt_datefield_value
    return (
        f"span(bucket, low, high) AS (VALUES {', '.join(['(%s, %s, %s)'] * len(days))})",
        [value for n, first, end in days for value in (n, adapt(first), adapt(end))],
    )


def joined(rows: str, condition: str) -> str:
    """Span by span, each a look into an index: left to itself, PostgreSQL would read all rows and
    compare each with every span."""
    if connection.vendor == "postgresql":
        return f"span CROSS JOIN LATERAL (SELECT * FROM {rows} WHERE {condition} OFFSET 0) AS facts"
    return f"span CROSS JOIN {rows} AS facts WHERE {condition}"


def values_of_spans(spans: Sequence[Span], source: Source) -> tuple[str, Params]:
    chosen = [span for span in spans if READ_FROM[span.source] == source]
    params: Params = []
    for span in chosen:
        params += [span.bucket, *edges_of(span)]
    rows = ", ".join(["(%s, %s, %s)"] * len(chosen))
    return f"span(bucket, low, high) AS (VALUES {rows})", params


def edges_of(span: Span) -> tuple[Any, Any]:
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

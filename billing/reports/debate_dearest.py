"""The dearest debates of some spans, without adding up all of them.

Nearly every debate has one row of one day. Of these the dearest are found by an index, as many as
are wanted: a debate that so many others surpass is in no list, whatever else there is. All others
are added up: debates with several rows, and those with a call in the hours around the days.
"""

from collections.abc import Sequence
from datetime import date

from django.db import connection

from billing.debate_days import DAYS
from billing.reports import debate_reading
from billing.reports.reading_sql import Params, where_of
from billing.reports.shapes import Filters
from billing.reports.spans import Source, Span

KEY = "user_id, debate_id"
Part = tuple[str, Params]


def rows_of(spans: Sequence[Span], filters: Filters, *, most: int) -> Part | None:
    """A SELECT of user, debate and cost: the `most` dearest ones are among them."""
    parts = debate_reading.parts_of(spans)
    if parts.days is None:
        rest = debate_reading.rows_of(parts, filters)
        return None if rest is None else _summed([rest])
    rest = debate_reading.hour_rows(parts.rest, filters)
    return _union([_alone(parts.days, filters, rest, most), _others(parts.days, filters, rest)])


def _alone(days: tuple[date, date], filters: Filters, rest: Part | None, most: int) -> Part:
    within, params = _within(days, filters, rest, "NOT IN")
    return (
        f"SELECT * FROM (SELECT {KEY}, cost_nanos FROM {DAYS} WHERE is_alone{within}"
        f" ORDER BY cost_nanos DESC, {KEY} LIMIT %s) AS alone",
        [*params, most],
    )


def _others(days: tuple[date, date], filters: Filters, rest: Part | None) -> Part:
    within, params = _within(days, filters, None, "")
    rows = [(f"SELECT {KEY}, cost_nanos FROM {DAYS} WHERE NOT is_alone{within}", params)]
    if rest:
        within, params = _within(days, filters, rest, "IN")
        rows.append((f"SELECT {KEY}, cost_nanos FROM {DAYS} WHERE is_alone{within}", params))
        rows.append(rest)
    return _summed(rows)


def _within(
    days: tuple[date, date], filters: Filters, rest: Part | None, how: str
) -> Part:
    """`how`: whether they are among the debates of the rest, or not."""
    where, more = where_of(filters, Source.ROLLED)
    adapt = connection.ops.adapt_datefield_value
    sql, params = f" AND day >= %s AND day < %s{where}", [*map(adapt, days), *more]
    if rest is None:
        return sql, params
    return f"{sql} AND ({KEY}) {how} (SELECT {KEY} FROM ({rest[0]}) AS rest)", [*params, *rest[1]]


def _summed(rows: Sequence[Part]) -> Part:
    named = [
        (f"SELECT {KEY}, cost_nanos FROM ({sql}) AS rows{number}", params)
        for number, (sql, params) in enumerate(rows)
    ]
    sql, params = _union(named)
    return (
        f"SELECT {KEY}, CAST(SUM(cost_nanos) AS BIGINT) AS cost_nanos FROM ({sql}) AS parts"
        f" GROUP BY {KEY}"
    ), params


def _union(parts: Sequence[Part]) -> Part:
    return (
        " UNION ALL ".join(sql for sql, _ in parts),
        [value for _, params in parts for value in params],
    )

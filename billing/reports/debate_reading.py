"""Debates of some spans: how many there were, and their rows for lists.

Whole days are counted by `DailyDebateCount`: debates that had no call on an earlier one of these
days. What is left, the hours around them and the usage rows that are live, is few hours; their
debates are counted one by one, and only those that are none of the days'.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db import connection

from billing import measures
from billing.debate_days import ROWS as COUNTS
from billing.reports import day_reading
from billing.reports.cube_sums import DebateSum as DebateSum
from billing.reports.reading import READ_FROM, Params, either, fetch, runs, where_of
from billing.reports.shapes import Filters
from billing.reports.spans import Source, Span
from billing.slice_measures import facet_of

CUBE = measures.DEBATE


@dataclass(frozen=True, slots=True)
class Parts:
    """`days`: one run of whole days, [first, after). `rest`: everything else."""

    days: tuple[date, date] | None
    rest: tuple[Span, ...]


def debates(spans: Sequence[Span], filters: Filters) -> DebateSum | None:
    """Each debate once, however many hours it took. None where it is asked about one deployment:
    no debate is had on one."""
    if filters.deployment:
        return None
    parts = parts_of(spans)
    found = _of_days(parts.days, filters) if parts.days else DebateSum(0, 0, 0)
    others = _of_rest(parts, filters)
    return DebateSum(
        found.debates + others.debates, found.calls + others.calls,
        found.cost_nanos + others.cost_nanos,
    )


def parts_of(spans: Sequence[Span]) -> Parts:
    """The longest run of whole days: what a late row cuts off is read by the hour meanwhile."""
    joined = runs(spans)
    rolled = [run for run in joined if READ_FROM[run.source] == Source.ROLLED]
    if not rolled:
        return Parts(None, tuple(joined))
    longest = max(rolled, key=lambda run: run.hours)
    days, edges = day_reading.split([longest])
    rest = [run for run in joined if run is not longest] + edges
    return Parts(days[0][1:] if days else None, tuple(rest))


def _of_days(days: tuple[date, date], filters: Filters) -> DebateSum:
    names = tuple(name for name in ("tier", "language") if getattr(filters, name))
    where, more = where_of(filters, Source.ROLLED)
    first, after = _adapted(days)
    (row,) = fetch(
        "SELECT CAST(COALESCE(SUM(CASE WHEN before IS NULL OR before < %s THEN debates ELSE 0 END),"
        " 0) AS BIGINT), CAST(COALESCE(SUM(calls), 0) AS BIGINT),"
        f" CAST(COALESCE(SUM(cost_nanos), 0) AS BIGINT) FROM {COUNTS}"
        f" WHERE facet = '{facet_of(names)}' AND day >= %s AND day < %s{where}",
        [first, first, after, *more],
    )
    return DebateSum(*row)


def _of_rest(parts: Parts, filters: Filters) -> DebateSum:
    rows = hour_rows(parts.rest, filters)
    if rows is None:
        return DebateSum(0, 0, 0)
    is_new, params = "1", []
    if parts.days:
        where, more = where_of(filters, Source.ROLLED)
        is_new = (
            f"CASE WHEN EXISTS (SELECT 1 FROM {CUBE.daily} AS mine"
            " WHERE mine.debate_id = debates.debate_id AND mine.user_id = debates.user_id"
            f" AND day >= %s AND day < %s{where}) THEN 0 ELSE 1 END"
        )
        params = [*_adapted(parts.days), *more]
    (row,) = fetch(
        f"SELECT CAST(COALESCE(SUM({is_new}), 0) AS BIGINT),"
        " CAST(COALESCE(SUM(calls), 0) AS BIGINT),"
        " CAST(COALESCE(SUM(cost_nanos), 0) AS BIGINT) FROM ("
        " SELECT user_id, debate_id, SUM(calls) AS calls, SUM(cost_nanos) AS cost_nanos"
        f" FROM ({rows[0]}) AS parts GROUP BY user_id, debate_id) AS debates",
        [*params, *rows[1]],
    )
    return DebateSum(*row)


def rows_of(parts: Parts, filters: Filters, *columns: str) -> tuple[str, Params] | None:
    """A SELECT of user, debate, the measures, and columns that all tables have, of all parts."""
    found = [] if parts.days is None else [_day_rows(parts.days, filters, columns)]
    rest = hour_rows(parts.rest, filters, *columns)
    return _union([*found, *([] if rest is None else [rest])])


def hour_rows(
    spans: Sequence[Span], filters: Filters, *columns: str, hour: str = ""
) -> tuple[str, Params] | None:
    """`hour`: how the hour of a usage row is told, where it is asked for too."""
    parts = []
    for source in (Source.ROLLED, Source.LIVE):
        more = columns
        if hour:
            more = (*columns, "hour" if source == Source.ROLLED else f"{hour} AS hour")
        parts.append(_rows(source, spans, filters, more))
    return _union([part for part in parts if part])


def has_held_out(parts: Parts, filters: Filters) -> bool:
    """A look into an index of days that have one, then at the hours around them."""
    where, more = where_of(filters, Source.ROLLED)
    if parts.days and fetch(
        f"SELECT 1 FROM {CUBE.daily} WHERE held_out > 0 AND day >= %s AND day < %s{where} LIMIT 1",
        [*_adapted(parts.days), *more],
    ):
        return True
    rest = hour_rows(parts.rest, filters)
    return rest is not None and bool(
        fetch(f"SELECT 1 FROM ({rest[0]}) AS parts WHERE held_out > 0 LIMIT 1", rest[1])
    )


def _union(parts: Sequence[tuple[str, Params]]) -> tuple[str, Params] | None:
    if not parts:
        return None
    return (
        " UNION ALL ".join(sql for sql, _ in parts),
        [param for _, params in parts for param in params],
    )


def _day_rows(
    days: tuple[date, date], filters: Filters, columns: Sequence[str]
) -> tuple[str, Params]:
    where, more = where_of(filters, Source.ROLLED)
    names = ", ".join([*(measure.name for measure in CUBE.measures), *columns])
    return (
        f"SELECT user_id, debate_id, {names} FROM {CUBE.daily}"
        f" WHERE day >= %s AND day < %s{where}"
    ), [*_adapted(days), *more]


def _rows(
    source: Source, spans: Sequence[Span], filters: Filters, columns: Sequence[str]
) -> tuple[str, Params] | None:
    within = either([span for span in spans if READ_FROM[span.source] == source])
    if within is None:
        return None
    where, more = where_of(filters, source)
    is_rolled = source == Source.ROLLED
    rows = CUBE.table if is_rolled else f"billing_usagerecord WHERE {CUBE.rows}"
    names = [m.name if is_rolled else f"{m.of_row} AS {m.name}" for m in CUBE.measures]
    sql, params = within
    joint = "WHERE" if is_rolled else "AND"
    return (
        f"SELECT user_id, debate_id, {', '.join([*names, *columns])} FROM {rows}"
        f" {joint} ({sql}){where}",
        [*params, *more],
    )


def _adapted(days: tuple[date, date]) -> Params:
    adapt = connection.ops.adapt_datefield_value
    return [adapt(day) for day in days]

"""Sums of slices: one query for whole days, one for hours, one for usage rows that are live."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from operator import itemgetter
from typing import Any

from django.db import connection

from billing.reports import reading
from billing.reports.slice_shapes import NONE, USER, SliceFilters, SliceRow
from billing.reports.slice_spans import Days, Hours, Parts, count_days, count_hours
from billing.reports.slice_tables import Plan, Table
from billing.slice_measures import MEASURES, SLICED_BY

SAMPLE_HOURS = 48
LIVE = Table("billing_usagerecord", "at", {name: name for name in ("user_id", *SLICED_BY)})
NAMES = [measure.name for measure in MEASURES]
Selected = Sequence[tuple[Any, ...]]


def read(
    parts: Parts, plan: Plan, filters: SliceFilters, group_by: str, *,
    users: Sequence[str] = (), only: Collection[str] = NAMES,
) -> tuple[SliceRow, ...]:
    """By bucket. `users`: only these. `only`: measures that are wanted; the others are 0."""
    selects = [
        _select(table, selected, sums, filters, group_by, users)
        for table, selected, sums in _sources(parts, plan, only)
    ]
    if not selects:
        return ()
    wanted = [name for name in NAMES if name in only]
    rows = reading.fetch(_together([sql for sql, _ in selects], wanted),
                         [param for _, params in selects for param in params])
    rows.sort(key=itemgetter(0))
    keys = [key_of(group_by, row[1]) for row in rows]
    return tuple(map(SliceRow._make, zip(
        [row[0] for row in rows], keys, *_columns(rows, wanted), strict=True
    )))


def _columns(rows: Selected, wanted: Sequence[str]) -> Iterable[Iterable[int]]:
    """Of every measure; those that were not asked for are 0."""
    places = {name: place for place, name in enumerate(wanted, start=2)}
    nothing = [0] * len(rows)
    return [
        list(map(itemgetter(places[name]), rows)) if name in places else nothing for name in NAMES
    ]


def _together(selects: Sequence[str], wanted: Sequence[str]) -> str:
    """Months, days, hours and live rows are added up by the database: users are many."""
    if len(selects) == 1:
        return selects[0]
    every = " UNION ALL ".join(f"SELECT * FROM ({sql}) AS part" for sql in selects)
    sums = ", ".join(measure.of_hours for measure in MEASURES if measure.name in wanted)
    return (
        f"WITH parts(bucket, name, {', '.join(wanted)}) AS ({every})"
        f" SELECT bucket, name, {sums} FROM parts GROUP BY bucket, name"
    )


def _sources(
    parts: Parts, plan: Plan, only: Collection[str]
) -> Iterable[tuple[Table, Selected, str]]:
    adapt = connection.ops.adapt_datefield_value
    for table, days in ((plan.months, parts.months), (plan.days, parts.days)):
        if table is not None and days:
            yield table, [(b, adapt(day), adapt(end)) for b, day, end in days], table.sums(only)
    if parts.hours:
        yield plan.hours, parts.hours, plan.hours.sums(only)
    if parts.live:
        at = connection.ops.adapt_datetimefield_value
        spans = [(span.bucket, at(span.start), at(span.end)) for span in parts.live]
        yield LIVE, spans, ", ".join(
            measure.of_rows for measure in MEASURES if measure.name in only
        )


def _select(
    table: Table, selected: Selected, sums: str, filters: SliceFilters, group_by: str,
    users: Sequence[str],
) -> tuple[str, list[Any]]:
    where, more = _where(table, filters)
    if users:
        where += f" AND user_id IN ({', '.join(['%s'] * len(users))})"
        more += map(int, users)
    key = table.columns[_column(group_by)] if group_by else "''"
    rows = ", ".join(["(%s, %s, %s)"] * len(selected))
    within = f"{table.unit} >= low AND {table.unit} < high{table.where}{where}"
    return (
        f"WITH span(bucket, low, high) AS (VALUES {rows})"
        f" SELECT span.bucket, {key} AS name, {sums} FROM {reading.joined(table.name, within)}"
        f" GROUP BY span.bucket{f', {key}' if group_by else ''}"
    ), [*(value for each in selected for value in each), *more]


def _where(table: Table, filters: SliceFilters) -> tuple[str, list[Any]]:
    """On usage rows as expressions, so that no index but the one by time is taken; one user's rows
    have an index of their own everywhere."""
    parts, params = "", []
    for name, value in filters.columns.items():
        column = table.columns[name]
        is_plain = table is not LIVE or name == "user_id"
        parts += f" AND {column} = %s" if is_plain else f" AND {column} || '' = %s"
        params.append(value)
    return parts, params


def _column(group_by: str) -> str:
    return "user_id" if group_by == USER else group_by


def key_of(group_by: str, value: Any) -> str:
    if not group_by:
        return ""
    return NONE if value == "" else str(value)


def rows_to_read(parts: Parts, plan: Plan, filters: SliceFilters, *, most: int) -> int:
    """About how many rows the question would read, by its newest days and hours; counted where it
    is about one user. Tables that are narrow by nature count as nothing."""
    if filters.user_id is not None:
        return _rows_of_user(parts.hours, plan.hours, filters.user_id, most)
    rows = 0
    if plan.months is not None and parts.months:
        rows += _rows_of_months(plan.months, parts.months)
    if plan.days is not None and plan.days.is_wide and parts.days:
        rows += _rows_on(plan.days, max(day for _, _, day in parts.days)) * count_days(parts.days)
    if plan.hours.is_wide and parts.hours:
        last = max(end for _, _, end in parts.hours)
        rows += _rows_in(plan.hours, last) * count_hours(parts.hours) // SAMPLE_HOURS
    return rows


def _rows_of_months(table: Table, months: Sequence[Days]) -> int:
    adapt = connection.ops.adapt_datefield_value
    ((count,),) = reading.fetch(
        f"SELECT COUNT(*) FROM {table.name} WHERE month >= %s AND month < %s",
        [adapt(min(day for _, day, _ in months)), adapt(max(end for _, _, end in months))],
    )
    return int(count)


def _rows_on(table: Table, after: date) -> int:
    day = connection.ops.adapt_datefield_value(after)
    ((count,),) = reading.fetch(
        f"SELECT COUNT(*) FROM {table.name} WHERE day ="
        f" (SELECT MAX(day) FROM {table.name} WHERE day < %s)", [day],
    )
    return int(count)


def _rows_in(table: Table, end: int) -> int:
    ((count,),) = reading.fetch(
        f"SELECT COUNT(*) FROM {table.name} WHERE hour >= %s AND hour < %s{table.where}",
        [end - SAMPLE_HOURS, end],
    )
    return int(count)


def _rows_of_user(hours: Sequence[Hours], table: Table, user_id: int, most: int) -> int:
    """No more than `most` + 1 are counted."""
    if not hours:
        return 0
    first, last = min(low for _, low, _ in hours), max(high for _, _, high in hours)
    ((count,),) = reading.fetch(
        f"SELECT COUNT(*) FROM (SELECT 1 FROM {table.name}"
        f" WHERE user_id = %s AND hour >= %s AND hour < %s LIMIT {most + 1}) AS found",
        [user_id, first, last],
    )
    return int(count)


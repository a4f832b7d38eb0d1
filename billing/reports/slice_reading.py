"""Spans of time -> sums of slices: one query for what is live."""

from collections.abc import Sequence
from typing import Any

from billing.measures import SLICE
from billing.reports import reading
from billing.reports.slice_shapes import NONE, USER, SliceFilters, SliceRow
from billing.reports.spans import Span


def live(
    spans: Sequence[Span], filters: SliceFilters, group_by: str
) -> tuple[SliceRow, ...]:
    """Out of usage rows."""
    table, params = reading.values_of(spans)
    if not params:
        return ()
    key = column_of(group_by)
    where, more = _where(filters)
    sums = ", ".join(measure.of_rows for measure in SLICE.measures)
    rows = reading.fetch(
        f"WITH {table} SELECT span.bucket, {key}, {sums}"
        f" FROM {reading.joined('billing_usagerecord', 'at >= low AND at < high' + where)}"
        f" GROUP BY span.bucket, {key}" if group_by else
        f"WITH {table} SELECT span.bucket, '', {sums}"
        f" FROM {reading.joined('billing_usagerecord', 'at >= low AND at < high' + where)}"
        " GROUP BY span.bucket",
        [*params, *more],
    )
    return tuple(SliceRow(row[0], key_of(group_by, row[1]), *row[2:]) for row in rows)


def column_of(group_by: str) -> str:
    return "user_id" if group_by == USER else group_by


def key_of(group_by: str, value: Any) -> str:
    if not group_by:
        return ""
    return str(value) if value != "" else NONE


def _where(filters: SliceFilters) -> tuple[str, list[Any]]:
    """As expressions, so that no index but the one by time is taken."""
    parts, params = "", []
    for name, value in filters.columns.items():
        parts += f" AND {name} + 0 = %s" if name == "user_id" else f" AND {name} || '' = %s"
        params.append(value)
    return parts, params

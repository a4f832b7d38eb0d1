"""Slices of hours and days out of usage rows, each table out of a finer one. Safe to repeat.

Only `slice_rollups.py` calls these, in the transaction of the rollup.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from billing import rollup_sql as sql
from billing.measures import RULE
from billing.slice_measures import (
    BY_USER,
    EVERY_CALL,
    MEASURES,
    PAIRS,
    ROWS,
    SINGLES,
    SLICED_BY,
    facet_of,
)

NAMES = ", ".join(measure.name for measure in MEASURES)
SUMS = ", ".join(measure.of_hours for measure in MEASURES)
HOURLY = (ROWS.table, "billing_hourlyslice", "billing_hourlyuser", "billing_hourlyfacet")
DAILY = ("billing_dailyslice", "billing_dailyuser", "billing_dailyfacet")
ON_DAY = "day = %s"


def hours(first: int, end: int) -> None:
    within = [first, end]
    for table in HOURLY:
        sql.run(f"DELETE FROM {table} WHERE {sql.IN_HOURS}", within)
    sql.add_up(ROWS, first, end)
    _rules(first, end)
    for table, columns in (("billing_hourlyslice", SLICED_BY), ("billing_hourlyuser", BY_USER)):
        _merge(ROWS.table, table, ("hour", *columns), sql.IN_HOURS, within)
    _facets(
        "hour", (), [*SINGLES, ()], "billing_hourlyslice", "billing_hourlyfacet",
        sql.IN_HOURS, within,
    )


def _rules(first: int, end: int) -> None:
    sql.run(f"DELETE FROM {RULE.table} WHERE {sql.IN_HOURS}", [first, end])
    sql.add_up(RULE, first, end)


def day(which: date, first: int, end: int) -> None:
    """The local day that the hours [first, end) are."""
    for table in DAILY:
        sql.run(f"DELETE FROM {table} WHERE {ON_DAY}", [which])
    of_day = [which, first, end]
    if not sql.run(_of_day("billing_dailyslice", "billing_hourlyslice", SLICED_BY), of_day):
        return
    sql.run(_of_day("billing_dailyuser", "billing_hourlyuser", BY_USER), of_day)
    _facets(
        "day", ("other",), [*PAIRS, *SINGLES, ()], "billing_dailyslice", "billing_dailyfacet",
        ON_DAY, [which],
    )


def _of_day(table: str, source: str, columns: Sequence[str]) -> str:
    names = ", ".join(columns)
    return (
        f"INSERT INTO {table} (day, {names}, {NAMES}) SELECT %s, {names}, {SUMS}"
        f" FROM {source} WHERE {sql.IN_HOURS} GROUP BY {names}"
    )


def forget_days() -> None:
    for table in DAILY:
        sql.run(f"DELETE FROM {table}", [])


def _merge(
    source: str, table: str, columns: Sequence[str], where: str, params: Sequence[Any]
) -> None:
    names = ", ".join(columns)
    sql.run(
        f"INSERT INTO {table} ({names}, {NAMES}) SELECT {names}, {SUMS} FROM {source}"
        f" WHERE {where} GROUP BY {names} ORDER BY {columns[0]}",
        list(params),
    )


def _facets(
    when: str, other: tuple[str, ...], facets: Sequence[tuple[str, ...]], source: str, table: str,
    where: str, params: Sequence[Any],
) -> None:
    """All of them in one statement."""
    parts = []
    for columns in facets:
        keys = [*columns, "''", "''"][: 1 + len(other)]
        named = facet_of(columns) if columns else EVERY_CALL
        parts.append(
            f"SELECT {when}, '{named}', {', '.join(keys)}, {SUMS} FROM {source}"
            f" WHERE {where} GROUP BY {', '.join([when, *columns])}"
        )
    sql.run(
        f"INSERT INTO {table} ({', '.join([when, 'facet', 'value', *other])}, {NAMES}) "
        + " UNION ALL ".join(parts),
        list(params) * len(parts),
    )

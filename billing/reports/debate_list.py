"""Debates of some days, newest or dearest first, a page at a time.

Read as all figures are: whole days and hours from the rollup, the rest from the rows. "Newest" is
by the hour in which a debate last had a call of these days; within one hour, and for when it began,
the rows of the page's own debates are asked.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import Max, Min, Q

from billing.hours import hour_of, start_of
from billing.models import UsageRecord
from billing.reports import debate_dearest, debate_reading
from billing.reports.call_lines import user_names
from billing.reports.facts import located
from billing.reports.reading import fetch
from billing.reports.shapes import Filters, Question
from billing.reports.spans import Span
from billing.rollup_sql import hour_sql

PAGE = 50
EXPORT_PAGE = 1_000
FIRST_HOURS, MORE_HOURS = 12, 4  # the newest ones are read first, then four times as many


class Order(StrEnum):
    NEWEST = "newest"
    DEAREST = "dearest"


@dataclass(frozen=True, slots=True)
class DebateLine:
    """One debate of one user: its calls of these days, and when it had calls at all."""

    debate_id: str
    user_id: int
    user: str
    language: str
    calls: int
    cost_nanos: int
    first_at: datetime | None
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class DebatePage:
    lines: tuple[DebateLine, ...]
    has_more: bool


def page(question: Question, *, order: Order, number: int = 1, size: int = PAGE) -> DebatePage:
    found = _rows(question, order, limit=size + 1, offset=(number - 1) * size)
    lines = _lines(found[:size])
    if order == Order.NEWEST:
        lines.sort(key=_last_at, reverse=True)
    return DebatePage(tuple(lines), len(found) > size)


def every(question: Question, *, order: Order, limit: int) -> Iterator[DebateLine]:
    """All of them, for exports; at most so many."""
    for offset in range(0, limit, EXPORT_PAGE):
        size = min(EXPORT_PAGE, limit - offset)
        found = _rows(question, order, limit=size, offset=offset)
        yield from _lines(found)
        if len(found) < size:
            return


def _last_at(line: DebateLine) -> float:
    return line.last_at.timestamp() if line.last_at else 0.0


def _rows(
    question: Question, order: Order, *, limit: int, offset: int
) -> list[tuple[int, str, str, int, int]]:
    """User, debate, language, calls, cost."""
    until = question.now + timedelta.resolution  # what happens now is in it
    spans = located(question.range.buckets, until=until, now=question.now).spans
    if order == Order.DEAREST:
        wanted = _dearest(spans, question.filters, limit=limit, offset=offset)
    else:
        wanted = _newest(spans, question.filters, offset + limit)[offset:]
    if not wanted:
        return []
    places = {key: place for place, key in enumerate(wanted)}
    names = sorted({debate_id for _user, debate_id in wanted})
    where = f"WHERE debate_id IN ({', '.join(['%s'] * len(names))})"
    found = _sums(spans, question.filters, where, names)
    mine = [row for row in found if row[:2] in places]
    return sorted(mine, key=lambda row: places[row[:2]])


def _sums(
    spans: Sequence[Span], filters: Filters, where: str, params: Sequence[str]
) -> list[tuple[int, str, str, int, int]]:
    rows = debate_reading.rows_of(debate_reading.parts_of(spans), filters, "language")
    return [] if rows is None else fetch(
        "SELECT user_id, debate_id, MAX(language), CAST(SUM(calls) AS BIGINT),"
        f" CAST(SUM(cost_nanos) AS BIGINT) AS cost_nanos FROM ({rows[0]}) AS parts {where}"
        " GROUP BY user_id, debate_id",
        [*rows[1], *params],
    )


def _dearest(
    spans: Sequence[Span], filters: Filters, *, limit: int, offset: int
) -> list[tuple[int, str]]:
    found = debate_dearest.rows_of(spans, filters, most=offset + limit)
    return [] if found is None else fetch(
        f"SELECT user_id, debate_id FROM ({found[0]}) AS sums"
        " ORDER BY cost_nanos DESC, user_id, debate_id LIMIT %s OFFSET %s",
        [*found[1], limit, offset],
    )


def _newest(spans: Sequence[Span], filters: Filters, most: int) -> list[tuple[int, str]]:
    """So many users and debates. Only the newest hours are read, and more of them until they hold
    enough: what is older had its last call before."""
    if not spans:
        return []
    hours = FIRST_HOURS
    while True:
        edge = start_of(hour_of(spans[-1].end) - hours)
        newest = [replace(each, start=max(each.start, edge)) for each in spans if each.end > edge]
        rows = debate_reading.hour_rows(newest, filters, hour=hour_sql())
        found = [] if rows is None else fetch(
            f"SELECT user_id, debate_id, MAX(hour) AS last_hour FROM ({rows[0]}) AS parts"
            " GROUP BY user_id, debate_id ORDER BY last_hour DESC, user_id, debate_id LIMIT %s",
            [*rows[1], most],
        )
        if len(found) >= most or edge <= spans[0].start:
            return [row[:2] for row in found]
        hours *= MORE_HOURS


def _lines(rows: Sequence[tuple[int, str, str, int, int]]) -> list[DebateLine]:
    names = user_names(row[0] for row in rows)
    times = _times([(row[0], row[1]) for row in rows])
    return [
        DebateLine(
            debate_id, user_id, names.get(user_id, ""), language, calls, cost,
            *times.get((user_id, debate_id), (None, None)),
        )
        for user_id, debate_id, language, calls, cost in rows
    ]


def _times(
    debates: Sequence[tuple[int, str]]
) -> dict[tuple[int, str], tuple[datetime, datetime]]:
    """When each began and ended, by the index of debates."""
    if not debates:
        return {}
    ids = [debate_id for _user, debate_id in debates]
    rows = UsageRecord.objects.filter(~Q(debate_id=""), debate_id__in=ids)
    found = rows.values_list("user_id", "debate_id").annotate(Min("at"), Max("at"))
    return {(user_id, name): (first, last) for user_id, name, first, last in found}

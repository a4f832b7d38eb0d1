"""Debates of some days, newest or dearest first, a page at a time.

Read as all figures are: whole hours from the rollup, the rest from the rows. "Newest" is by the
hour in which a debate last had a call of these days; within one hour, and for when it began, the
rows of the page's own debates are asked.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db import connection
from django.db.models import Max, Min, Q

from billing.models import UsageRecord
from billing.reports.call_lines import user_names
from billing.reports.facts import located
from billing.reports.reading import debate_rows
from billing.reports.shapes import Question
from billing.reports.spans import Source
from billing.rollup_sql import hour_sql

PAGE = 50
EXPORT_PAGE = 1_000


class Order(StrEnum):
    NEWEST = "newest"
    DEAREST = "dearest"


ORDERS = {
    Order.NEWEST: "last_hour DESC, user_id, debate_id",
    Order.DEAREST: "cost_nanos DESC, user_id, debate_id",
}


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
    hours = {Source.ROLLED: "hour", Source.LIVE: f"{hour_sql()} AS hour"}
    parts = [
        part
        for source, hour in hours.items()
        if (part := debate_rows(source, spans, question.filters, "language", hour))
    ]
    if not parts:
        return []
    union = " UNION ALL ".join(sql for sql, _ in parts)
    params = [param for _, params in parts for param in params]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT user_id, debate_id, MAX(language), CAST(SUM(calls) AS BIGINT),"
            " CAST(SUM(cost_nanos) AS BIGINT) AS cost_nanos, MAX(hour) AS last_hour"
            f" FROM ({union}) AS parts GROUP BY user_id, debate_id"
            f" ORDER BY {ORDERS[order]} LIMIT %s OFFSET %s",
            [*params, limit, offset],
        )
        return [row[:5] for row in cursor.fetchall()]


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

"""The list of stored answers as a file: the same filters and order, without the texts."""

from collections.abc import Iterator
from datetime import datetime

from costcontrol.dashboard.caches_answers import AnswersState
from costcontrol.dashboard.csvs import Row
from costcontrol.lib.money import to_usd
from routing.reports import stored_list as report
from routing.reports.stored_list import AnswerLine

MAX_EXPORT = 10_000
AT_ONCE = 1_000
HEADER = (
    "answer_id", "variant", "kind", "topic", "side", "philosopher", "language", "route", "origin",
    "made_at", "fresh_until", "served_until", "ended_at", "ended_why", "served", "good", "bad",
    "cost_nanos", "cost_usd", "saved_nanos", "saved_usd",
)


def export(state: AnswersState, *, now: datetime) -> Iterator[Row]:
    yield HEADER
    place, left = None, MAX_EXPORT
    while left > 0:
        size = min(AT_ONCE, left)
        found = report.page(state.filters, now=now, order=state.order, after=place, size=size)
        yield from map(_row, found.lines)
        place, left = found.after, left - len(found.lines)
        if place is None:
            return


def _row(line: AnswerLine) -> Row:
    return (
        line.id, line.variant + 1, line.kind, line.topic_key, line.side, line.philosopher,
        line.language, line.route, line.origin, line.made_at.isoformat(),
        line.soft_until.isoformat(), line.hard_until.isoformat(),
        line.ended_at.isoformat() if line.ended_at else None, line.ended_why, line.served,
        line.ups, line.downs, line.cost_nanos, to_usd(line.cost_nanos), line.saved_nanos,
        to_usd(line.saved_nanos),
    )

"""The explorer's answer as files: every group, not only the biggest, with exact values.

They are sent in pieces, so that a long one is never held as one text, and a spreadsheet takes no
text of them for a formula.
"""

import csv
import json
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from itertools import islice
from zoneinfo import ZoneInfo

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder

from billing.reports.slices import SliceRow, Slices, load, load_previous
from costcontrol.dashboard.calls_csv import Echo
from costcontrol.dashboard.csvs import Row, Value, plain_row
from costcontrol.dashboard.explorer_parts import NAMES, summed, values_of
from costcontrol.dashboard.explorer_state import ExplorerState
from costcontrol.lib.money import to_usd

PIECE = 500  # rows
Record = dict[str, Value]


def over_time(state: ExplorerState, found: Slices) -> Iterator[Record]:
    """A row a bucket and key, in the order of time."""
    for row in found.rows:
        bucket = found.buckets[row.bucket]
        times = {"from": _local(bucket.start, state), "to": _local(bucket.end, state)}
        yield {**times, **_record(state, row)}


def groups(state: ExplorerState, now: Slices) -> Iterator[Record]:
    """A row a key, of the range and of the period before, with the days that each is of."""
    before = load_previous(now.answered) if state.shared.compares else None
    for period, slices in (("now", now), ("before", before)):
        if slices is None:
            continue
        for row in _by_key(slices):
            yield {"period": period, **_days(slices), **_record(state, row)}


FILES = {"over-time": over_time, "groups": groups}


def _days(found: Slices) -> dict[str, Value]:
    """The first and the last: fewer than were asked about, where those were too many to read."""
    days = found.answered.range
    return {"from": days.first.isoformat(), "to": days.last.isoformat()}


def _by_key(slices: Slices) -> list[SliceRow]:
    found: dict[str, list[SliceRow]] = {}
    for row in slices.rows:
        found.setdefault(row.key, []).append(row)
    sums = [summed(rows, key) for key, rows in found.items()]
    return sorted(sums, key=lambda row: (-row.cost_nanos, row.key))


def _record(state: ExplorerState, row: SliceRow) -> Record:
    """Money twice, in nanos and in dollars, both exact."""
    record: Record = {state.group or "calls_of": row.key or "all"}
    for name, value in zip(NAMES, values_of(row), strict=True):
        record[name] = value
        if name.endswith("_nanos"):
            record[name.replace("_nanos", "_usd")] = to_usd(value)
    return record | ({"data": "demo"} if settings.DEMO else {})


def csv_texts(state: ExplorerState, name: str) -> Iterator[str]:
    writer, records = csv.writer(Echo()), FILES[name](state, load(state.ask))
    yield str(writer.writerow(plain_row(_header(state, name))))
    while piece := list(islice(records, PIECE)):
        rows: list[Row] = [[*record.values()] for record in piece]
        yield "".join(str(writer.writerow(plain_row(row))) for row in rows)


def _header(state: ExplorerState, name: str) -> Row:
    first = ["from", "to"] if name == "over-time" else ["period", "from", "to"]
    return [*first, *_record(state, summed(()))]


def json_texts(state: ExplorerState, name: str) -> Iterator[str]:
    days, now = state.range, load(state.ask)
    records = FILES[name](state, now)
    question = {
        "from": days.first.isoformat(), "to": days.last.isoformat(), "zone": days.zone,
        "step": days.step, "group": state.group or None, "filters": state.shared.applied,
        "as_of": state.shared.question.now.isoformat(), "answered": _days(now),
    }
    yield json.dumps({"question": question})[:-1] + ', "rows": ['
    comma = ""
    while piece := list(islice(records, PIECE)):
        yield comma + ", ".join(json.dumps(record, cls=DjangoJSONEncoder) for record in piece)
        comma = ", "
    yield "]}\n"


async def stream(pieces: Iterator[str]) -> AsyncIterator[str]:
    """Each piece is made in a thread while the one before is sent."""
    while (piece := await sync_to_async(lambda: next(pieces, None))()) is not None:
        yield piece


def _local(moment: datetime, state: ExplorerState) -> str:
    return moment.astimezone(ZoneInfo(state.range.zone)).isoformat()

"""Exports: the exact values of a report, with machine names in the first row.

Money is there twice, as integer nano-USD and as dollars, both exact. A text that a spreadsheet
would take for a formula is disarmed by an apostrophe. The rows of a demo say so, each of them.
"""

import csv
import io
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import islice
from zoneinfo import ZoneInfo

from asgiref.sync import sync_to_async
from django.conf import settings
from django.http import HttpResponse, StreamingHttpResponse

from billing.reports.shapes import Part, Series, Unit
from costcontrol.lib.cells import guarded
from costcontrol.lib.money import to_usd

CONTENT_TYPE = "text/csv; charset=utf-8"
Value = str | int | Decimal | None
Row = Sequence[Value]
PIECE = 500  # rows


def csv_response(name: str, rows: Iterable[Row]) -> HttpResponse:
    """The first row is the header; `name` has no ending."""
    out = io.StringIO()
    csv.writer(out).writerows(plain_row(row) for row in _marked(rows))
    return HttpResponse(out.getvalue(), content_type=CONTENT_TYPE, headers=headers_of(name))


def csv_stream(name: str, rows: Iterable[Row]) -> StreamingHttpResponse:
    """The same for files that may be long: each piece is read in a thread while the one before is
    sent, so nobody waits for the whole and nothing holds it."""
    return StreamingHttpResponse(
        _pieces(iter(_marked(rows))), content_type=CONTENT_TYPE, headers=headers_of(name)
    )


async def _pieces(rows: Iterator[Row]) -> AsyncIterator[str]:
    while piece := await sync_to_async(_piece)(rows):
        yield piece


def _piece(rows: Iterator[Row]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows(plain_row(row) for row in islice(rows, PIECE))
    return out.getvalue()


def headers_of(name: str) -> dict[str, str]:
    """A file to keep, that says by its name if it is a demo's."""
    file_name = f"demo-{name}" if settings.DEMO else name
    return {"Content-Disposition": f'attachment; filename="{file_name}.csv"'}


def series_rows(series: Series, *, zone: str) -> Iterator[Row]:
    """One row a bucket, with the local times it is cut at; one column a line, or two for money."""
    is_money = series.unit == Unit.NANOS
    names = [f"{line.key}_{series.unit}" for line in series.lines]
    yield ["from", "to", *_doubled(names, is_money)]
    for place, bucket in enumerate(series.buckets):
        values = [line.values[place] for line in series.lines]
        times = (_local(bucket.start, zone), _local(bucket.end, zone))
        yield [*times, *(_with_usd(values) if is_money else values)]


def parts_rows(parts: Sequence[Part]) -> Iterator[Row]:
    yield ["route", "calls", "cost_nanos", "cost_usd"]
    for part in parts:
        yield [part.key, part.calls, part.cost_nanos, to_usd(part.cost_nanos)]


def plain_row(row: Row) -> list[str | int | None]:
    """As it is written to the file."""
    return [_plain(value) for value in row]


def _plain(value: Value) -> str | int | None:
    """Numbers stay numbers: only a text can be a formula."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    return guarded(value) if isinstance(value, str) else value


def _marked(rows: Iterable[Row]) -> Iterator[Row]:
    """With a last column that says of each row that it is a demo's."""
    for place, row in enumerate(rows):
        yield [*row, "demo" if place else "data"] if settings.DEMO else row


def _doubled(names: list[str], is_money: bool) -> list[str]:
    if not is_money:
        return names
    return [each for name in names for each in (name, name.replace("_nanos", "_usd"))]


def _with_usd(values: Sequence[int | None]) -> list[Value]:
    return [
        each for nanos in values for each in (nanos, None if nanos is None else to_usd(nanos))
    ]


def _local(moment: datetime, zone: str) -> str:
    return moment.astimezone(ZoneInfo(zone)).isoformat()

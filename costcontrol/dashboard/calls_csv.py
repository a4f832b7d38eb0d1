"""The calls of a list as a file: streamed, so that a long one takes no memory, and bounded."""

import csv
from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import islice
from zoneinfo import ZoneInfo

from asgiref.sync import sync_to_async
from django.conf import settings
from django.utils.translation import gettext as _

from billing.reports.call_lines import CallLine
from billing.reports.calls import CallFilters, every
from costcontrol.dashboard.csvs import Row, Value, plain_row
from costcontrol.lib.money import to_usd

MAX_CALLS = 100_000
HEADER = (
    "call_id", "at", "user_id", "user", "key_prefix", "tier", "debate_id", "call_kind",
    "complexity", "language", "deployment", "model_class", "cache_layer", "outcome", "error_code",
    "failed_attempts", "input_tokens", "output_tokens", "cost_nanos", "cost_usd", "saved_nanos",
    "saved_usd", "is_estimated", "latency_ms",
)


class Echo:
    """A file that gives back what is written to it."""

    def write(self, text: str) -> str:
        return text


def texts(filters: CallFilters, *, zone: str) -> Iterator[str]:
    """The file, in pieces of many lines."""
    writer = csv.writer(Echo())
    yield writer.writerow(plain_row(_marked(HEADER, "data")))
    count = 0
    for lines in every(filters, limit=MAX_CALLS + 1):
        shown = list(islice(lines, MAX_CALLS - count))
        rows = (_marked(row_of(line, ZoneInfo(zone)), "demo") for line in shown)
        yield "".join(str(writer.writerow(plain_row(row))) for row in rows)
        count += len(lines)
    if count > MAX_CALLS:
        cut = _("Cut after %(count)d calls: choose fewer days or a filter to see the others.")
        yield writer.writerow([cut % {"count": MAX_CALLS}])


async def stream(filters: CallFilters, *, zone: str) -> AsyncIterator[str]:
    """Each piece is read in a thread while the one before is sent."""
    pieces = texts(filters, zone=zone)
    while (piece := await sync_to_async(lambda: next(pieces, None))()) is not None:
        yield piece


def row_of(call: CallLine, zone: ZoneInfo) -> Row:
    return (
        str(call.call_id), call.at.astimezone(zone).isoformat(), call.user_id, call.user,
        call.key_prefix, call.tier, call.debate_id, call.call_kind, call.complexity, call.language,
        call.deployment, call.model_class, call.cache_layer, call.outcome, call.error_code,
        call.failed_attempts, call.input_tokens, call.output_tokens, call.cost_nanos,
        to_usd(call.cost_nanos), call.saved_nanos, _usd(call.saved_nanos),
        int(call.is_estimated), call.latency_ms,
    )


def _usd(nanos: int | None) -> Value:
    return None if nanos is None else to_usd(nanos)


def _marked(row: Sequence[Value], mark: str) -> Sequence[Value]:
    """In a demo each row says so."""
    return (*row, mark) if settings.DEMO else row

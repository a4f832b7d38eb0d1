"""One call that ended, in the words of whoever watches; and many of them as an event."""

import json
from dataclasses import asdict, dataclass

from django.utils import translation

from billing.reports.call_lines import CallLine
from billing.reports.tail import Batch
from costcontrol import formats
from costcontrol.dashboard.calls import line_of
from routing.reasons import complexity_label

PLACES = 6


@dataclass(frozen=True, slots=True)
class LiveRow:
    """All texts. `key` colours the route."""

    url: str
    at: str
    time: str
    user: str
    tier: str
    kind: str
    route: str
    key: str
    outcome: str
    tone: str
    why: str
    cost: str
    saved: str
    took: str


def row_of(call: CallLine, *, zone: str) -> LiveRow:
    line = line_of(call, zone=zone, variants={})
    reasons = line.notes or ((complexity_label(call.complexity),) if call.complexity else ())
    return LiveRow(
        url=line.url, at=call.at.isoformat(), time=line.time, user=line.user,
        tier=call.tier, kind=call.call_kind or formats.UNKNOWN,
        route=line.route or formats.UNKNOWN, key=line.route_key, outcome=line.badge.text,
        tone=line.badge.tone, why=", ".join(str(reason) for reason in reasons),
        cost=formats.money(call.cost_nanos, places=PLACES),
        saved=(
            formats.UNKNOWN if call.saved_nanos is None
            else formats.money(call.saved_nanos, places=PLACES)
        ),
        took=formats.UNKNOWN if call.latency_ms is None else formats.duration(call.latency_ms),
    )


def rows_of(batch: Batch, *, zone: str) -> list[LiveRow]:
    """Newest first."""
    return [row_of(call, zone=zone) for call in reversed(batch.lines)]


def told(batch: Batch, *, zone: str, missed: int = 0) -> dict[str, object]:
    """As JSON, for polls and events. Oldest first, as they come onto the page."""
    rows = [asdict(row_of(call, zone=zone)) for call in batch.lines]
    return {"calls": rows, "more": batch.more + missed, "last": batch.last}


def event_of(batch: Batch, *, zone: str, language: str) -> bytes:
    """Made once for all who watch the same calls in the same words."""
    key = (zone, language)
    if key not in batch.kept:
        with translation.override(language):
            text = json.dumps(told(batch, zone=zone), ensure_ascii=False)
        batch.kept[key] = b"id: %d\nevent: calls\ndata: %b\n\n" % (batch.last, text.encode())
    return batch.kept[key]

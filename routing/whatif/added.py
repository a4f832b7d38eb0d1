"""A cache layer that is switched on: how often it answered elsewhere, by kind of call.

An estimate, and an expectation: of each kind of call the layer is taken to answer the share that it
answered in the last days of all. What it costs to fill it is not in it.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from billing.reports import facts
from billing.reports.ranges import last_days
from billing.reports.savings_sums import SavingSum, sums_of
from billing.reports.shapes import Filters
from routing.whatif.changes import ALL_LAYERS
from routing.whatif.tally import Tally

DAYS = 30


@dataclass(frozen=True, slots=True)
class Added:
    """`is_measured` False: the layer answered nothing in the last days, so nothing is known."""

    layer: str
    calls: int = 0
    saved_nanos: int = 0
    is_measured: bool = False

    def as_json(self) -> dict[str, Any]:
        return {
            "layer": self.layer, "calls": self.calls, "saved_nanos": self.saved_nanos,
            "is_measured": self.is_measured,
        }


def added(layers: Iterable[str], tally: Tally, *, now: datetime) -> list[Added]:
    """In the order in which layers are asked: what one answers is gone for the next."""
    wanted = [layer for layer in ALL_LAYERS if layer in set(layers)]
    if not wanted:
        return []
    rows = _measured(now)
    left, nanos = Counter(tally.kinds), Counter(tally.kind_nanos)
    return [_added(layer, rows, tally, left, nanos) for layer in wanted]


def _measured(now: datetime) -> tuple[SavingSum, ...]:
    days = last_days(DAYS, zone=settings.DEFAULT_ZONE, now=now)
    found = facts.located(days.buckets, until=now + timedelta.resolution, now=now)
    return sums_of(found.spans, Filters())


def _added(
    layer: str, rows: Iterable[SavingSum], tally: Tally, left: Counter[str],
    nanos: Counter[str],
) -> Added:
    hits: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    for row in rows:
        asked[row.call_kind] += row.answered - row.own
        hits[row.call_kind] += (row.answered - row.own) * (row.cache_layer == layer)
    calls = saved = 0
    for kind in [kind for kind in hits if hits[kind] and left[kind]]:
        more = _more(kind, layer, tally, share=(hits[kind], asked[kind]), left=left[kind])
        part = nanos[kind] * more // left[kind]
        calls, saved = calls + more, saved + part
        left[kind] -= more
        nanos[kind] -= part
    return Added(layer, calls, saved, is_measured=any(hits.values()))


def _more(kind: str, layer: str, tally: Tally, *, share: tuple[int, int], left: int) -> int:
    """Calls that it would answer beyond those that it did answer."""
    whole = tally.kinds[kind] + sum(tally.hits[f"{each} {kind}"] for each in ALL_LAYERS)
    hits, asked = share
    return min(left, max(0, whole * hits // asked - tally.hits[f"{layer} {kind}"]))

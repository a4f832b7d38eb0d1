"""What stored answers were good for, counted where their usage rows are written. Synchronous."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from billing import ledger
from billing.models import UsageRecord
from routing.cache.patterns import served


@dataclass(slots=True)
class Tally:
    times: int
    saved_nanos: int
    last: datetime


def insert(rows: Sequence[UsageRecord]) -> None:
    """Rows about calls that cost nothing, and what the stored answers among them saved."""
    tallies = _tallies(rows)
    with transaction.atomic():
        ledger.insert_usage(rows)
        for answer_id, tally in sorted(tallies.items()):  # in one order: nobody waits in a circle
            served(
                answer_id, times=tally.times, saved_nanos=tally.saved_nanos, now=tally.last
            )


def _tallies(rows: Iterable[UsageRecord]) -> dict[int, Tally]:
    tallies: dict[int, Tally] = {}
    for row in rows:
        if row.answer_id is None or row.outcome != UsageRecord.Outcome.CACHED:
            continue
        tally = tallies.setdefault(row.answer_id, Tally(0, 0, row.at))
        tally.times += 1
        tally.saved_nanos += row.baseline_nanos or 0
        tally.last = max(tally.last, row.at)
    return tallies

"""The providers' side of each usage row: how long it would have taken, and what they bill.

The replay waits for nobody, so the durations that it measured mean nothing; those of the simulated
providers are written in their place. What the product did itself (limits, cache, policy, an answer
from the cache) keeps what was really measured, on a machine that was busy with the replay.
"""

from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from billing.models import UsageRecord
from costcontrol.demo.books import Sale

Outcome = UsageRecord.Outcome
SHARED = "shared"
BROKEN_OFF = {Outcome.INCOMPLETE: 0.5, Outcome.CANCELLED: 0.1}  # share of the whole time
PAUSE_MS = 150  # between two tries
FIELDS = (
    "id", "call_id", "attempt", "outcome", "confidence", "cache_layer", "cost_nanos",
    "first_token_ms", "limits_ms", "cache_ms", "policy_ms",
)  # fmt: skip
UPDATE = (
    "UPDATE billing_usagerecord SET first_token_ms = %s, latency_ms = %s, begun_ms = %s,"
    " waited_ms = 0 WHERE id = %s"
)
Update = tuple[int | None, int, int | None, int]  # in the order of the statement


@dataclass(frozen=True, slots=True)
class Row:
    """What the replay left of one usage row."""

    id: int
    call_id: UUID
    attempt: int
    outcome: str
    confidence: str
    cache_layer: str
    cost_nanos: int
    first_ms: int | None
    limits_ms: int | None
    cache_ms: int | None
    policy_ms: int | None

    @property
    def before_ms(self) -> int:
        """Until the first attempt."""
        return (self.limits_ms or 0) + (self.cache_ms or 0) + (self.policy_ms or 0)

    def is_charged_as(self, sale: Sale) -> bool:
        is_exact = self.confidence == UsageRecord.Confidence.EXACT
        return not is_exact or self.cost_nanos == sale.bill_nanos


class Stamps:
    """Goes through the rows in the order in which they were written, once each."""

    def __init__(self) -> None:
        self.refs: dict[UUID, str] = {}  # of each call, its question
        self.rows = 0
        self.differences: list[str] = []
        self._sales: dict[str, deque[Sale]] = defaultdict(deque)
        self._last: dict[str, Sale] = {}
        self._tried_ms: dict[UUID, int] = {}  # by the attempts of a call so far
        self._seen = 0

    def take(self, sales: Iterable[list[Any]]) -> None:
        for fields in sales:
            sale = Sale(*fields)
            self._sales[sale.ref].append(sale)

    def write(self) -> None:
        """Synchronous: for a database thread."""
        found = UsageRecord.objects.filter(id__gt=self._seen).order_by("id").values_list(*FIELDS)
        seen = [Row(*fields) for fields in found]
        rows = [row for row in seen if row.call_id in self.refs]  # another player has the others
        updates = [update for row in rows if (update := self._update(row))]
        with connection.cursor() as cursor:
            cursor.executemany(UPDATE, updates)
        self.rows += len(rows)
        self._seen = seen[-1].id if seen else self._seen

    def _update(self, row: Row) -> Update | None:
        ref = self.refs[row.call_id]
        if row.attempt:
            return self._attempt(row, ref)
        if row.cache_layer == SHARED and (last := self._last.get(ref)):
            return (None, last.whole_ms, None, row.id)
        if row.outcome == Outcome.REFUSED and (tried_ms := self._tried_ms.get(row.call_id)):
            return (None, row.before_ms + tried_ms, None, row.id)
        return None

    def _attempt(self, row: Row, ref: str) -> Update | None:
        if not self._sales[ref]:
            self.differences.append(f"{row.call_id}: nothing was sold")
            return None
        sale = self._last[ref] = self._sales[ref].popleft()
        if not row.is_charged_as(sale):
            self.differences.append(
                f"{row.call_id}: {row.cost_nanos} charged, {sale.bill_nanos} billed"
            )
        tried_ms = self._tried_ms.get(row.call_id, 0)
        share = BROKEN_OFF.get(Outcome(row.outcome), 1.0)
        whole_ms = max(sale.first_ms, round(sale.whole_ms * share))
        self._tried_ms[row.call_id] = tried_ms + whole_ms + PAUSE_MS
        first_ms = None if row.first_ms is None else sale.first_ms
        return (first_ms, whole_ms, row.before_ms + tried_ms, row.id)

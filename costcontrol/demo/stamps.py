"""The providers' side of each usage row: how long it would have taken, and what they bill.

The replay waits for nobody, so the durations that it measured mean nothing; those of the simulated
providers are written in their place. An answer from the cache keeps what was really measured.
"""

from collections import defaultdict, deque
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import connection

from billing.models import UsageRecord
from costcontrol.demo.books import Sale

Outcome = UsageRecord.Outcome
SHARED = "shared"
BROKEN_OFF = {Outcome.INCOMPLETE: 0.5, Outcome.CANCELLED: 0.1}  # share of the whole time
FIELDS = (
    "id", "call_id", "attempt", "outcome", "confidence", "cache_layer", "cost_nanos",
    "first_token_ms",
)  # fmt: skip
UPDATE = (
    "UPDATE billing_usagerecord SET first_token_ms = %s, latency_ms = %s, waited_ms = 0"
    " WHERE id = %s"
)


class Stamps:
    """Goes through the rows in the order in which they were written, once each."""

    def __init__(self) -> None:
        self.refs: dict[UUID, str] = {}  # of each call, its question
        self.rows = 0
        self.differences: list[str] = []
        self._sales: dict[str, deque[Sale]] = defaultdict(deque)
        self._last: dict[str, Sale] = {}
        self._seen = 0

    def take(self, sales: Iterable[list[Any]]) -> None:
        for fields in sales:
            sale = Sale(*fields)
            self._sales[sale.ref].append(sale)

    def write(self) -> None:
        """Synchronous: for a database thread."""
        rows = list(
            UsageRecord.objects.filter(id__gt=self._seen).order_by("id").values_list(*FIELDS)
        )
        updates = [update for row in rows if (update := self._update(*row))]
        with connection.cursor() as cursor:
            cursor.executemany(UPDATE, updates)
        self.rows += len(rows)
        self._seen = rows[-1][0] if rows else self._seen

    def _update(
        self, row_id: int, call_id: UUID, attempt: int, outcome: str, confidence: str, layer: str,
        cost_nanos: int, first_ms: int | None,
    ) -> tuple[int | None, int, int] | None:
        ref = self.refs.get(call_id, "")
        if layer == SHARED:
            return self._as(self._last.get(ref), row_id, None)
        if not attempt:
            return None
        sale = self._next(ref)
        if sale is None:
            self.differences.append(f"{call_id}: nothing was sold")
            return None
        if confidence == UsageRecord.Confidence.EXACT and cost_nanos != sale.bill_nanos:
            self.differences.append(f"{call_id}: {cost_nanos} charged, {sale.bill_nanos} billed")
        return self._as(sale, row_id, first_ms, share=BROKEN_OFF.get(Outcome(outcome), 1.0))

    def _next(self, ref: str) -> Sale | None:
        if not self._sales[ref]:
            return None
        sale = self._last[ref] = self._sales[ref].popleft()
        return sale

    def _as(
        self, sale: Sale | None, row_id: int, first_ms: int | None, *, share: float = 1.0
    ) -> tuple[int | None, int, int] | None:
        if sale is None:
            return None
        whole_ms = max(sale.first_ms, round(sale.whole_ms * share))
        return (None if first_ms is None else sale.first_ms, whole_ms, row_id)

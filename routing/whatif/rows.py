"""Usage rows as calls: how each ended, and which attempts failed before. Read in time order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from billing.models import UsageRecord
from billing.usage import Usage

ROWS_AT_ONCE = 2_000
Outcome = UsageRecord.Outcome
FACTS = (
    "call_id", "at", "user_id", "payer", "key_prefix", "tier", "debate_id", "call_kind",
    "complexity", "language", "requested_model", "outcome", "error_code", "deployment",
    "model_class", "provider", "cache_layer", "is_economy", "is_holdout", "paid_from",
    "confidence", "max_output_tokens", "price_id", "held_nanos", "cost_nanos", "baseline_nanos",
    "prompt_cache_nanos",
)
TOKENS = (
    "fresh_input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens", "searches",
)


@dataclass(frozen=True, slots=True)
class Row:
    """What a usage row says that a what-if needs."""

    call_id: UUID
    at: datetime
    user_id: int
    payer: str
    key_prefix: str
    tier: str
    debate_id: str
    call_kind: str
    complexity: str
    language: str
    requested_model: str
    outcome: str
    error_code: str
    deployment: str
    model_class: str
    provider: str
    cache_layer: str
    is_economy: bool
    is_holdout: bool | None
    paid_from: str
    confidence: str
    max_output_tokens: int | None
    price_id: int | None
    held_nanos: int
    cost_nanos: int
    baseline_nanos: int | None
    prompt_cache_nanos: int
    usage: Usage

    @property
    def is_estimated(self) -> bool:
        return self.confidence == UsageRecord.Confidence.ESTIMATED


@dataclass(frozen=True, slots=True)
class PastCall:
    """`last` None: only attempts that failed are written down."""

    last: Row | None
    failed: tuple[Row, ...]

    def tries_on(self, deployment: str) -> tuple[Row, ...]:
        return tuple(row for row in self.failed if row.deployment == deployment)


def calls_between(start: datetime, end: datetime) -> Iterator[PastCall]:
    """Every call of [start, end). All rows of a call have the moment at which it came in."""
    for _at, same in groupby(_rows(start, end), key=attrgetter("at")):
        by_call: dict[UUID, list[Row]] = {}
        for row in same:
            by_call.setdefault(row.call_id, []).append(row)
        yield from map(_call, by_call.values())


def _rows(start: datetime, end: datetime) -> Iterator[Row]:
    rows = booked_between(start, end).order_by("at", "pk")
    names = (*FACTS, *TOKENS)
    yield from map(_row, rows.values_list(*names).iterator(chunk_size=ROWS_AT_ONCE))


def _row(values: Sequence[Any]) -> Row:
    width = len(FACTS)
    return Row(*(*values[:width], Usage(*values[width:])))


def _call(rows: Sequence[Row]) -> PastCall:
    failed = [row for row in rows if row.outcome == Outcome.FAILED]
    last = next((row for row in rows if row.outcome != Outcome.FAILED), None)
    return PastCall(last, tuple(failed))


def count_between(start: datetime, end: datetime) -> int:
    """Calls, as `calls_between` will give them, but those of which only failures are known."""
    return booked_between(start, end).exclude(outcome=Outcome.FAILED).count()


def booked_between(start: datetime, end: datetime) -> QuerySet[UsageRecord]:
    """At the prices of then: those that were corrected later are no part of it."""
    rows = UsageRecord.objects.filter(at__gte=start, at__lt=end)
    return rows.exclude(outcome=Outcome.CORRECTED)

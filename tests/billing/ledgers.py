"""Usage rows in memory and in the table, and what they add up to, counted the plain way."""

import itertools
import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from hypothesis import strategies as st

from billing import ledger
from billing.corrections_rows import Amounts, Change, row_of
from billing.models import PriceCorrection, UsageRecord

OPUS, HAIKU, GEMMA = "anthropic/claude-opus-5-5", "anthropic/claude-haiku-4-5", "ollama/gemma3"
CLASSES = {OPUS: "premium", HAIKU: "economy", GEMMA: "local"}
_numbers = itertools.count(1)
MONEY = st.integers(0, 10**12)
OUTCOMES = ("complete", "incomplete", "cancelled", "cached", "refused")
COUNT = st.none() | st.integers(0, 1000)
TIERS = ("free", "premium", "free", "premium", "precompute")
KINDS = ("", "closing", "opening_statement", "rag_search", "judge")
LAYERS = ("exact", "shared", "pattern", "precomputed", "template")
CODES = {
    "failed": ["upstream_timeout", "upstream_unavailable"],
    "refused": ["rate_limited", "quota_exceeded", "upstream_unavailable", "internal_error"],
    "incomplete": ["", "upstream_malformed", "worker_lost"],
}


@st.composite
def calls(draw: st.DrawFn, at: st.SearchStrategy[datetime]) -> list[UsageRecord]:
    """The rows of one call: some failed attempts, then one row that ends it."""
    when = draw(at)
    facts = {
        "call_id": uuid.UUID(int=next(_numbers)), "at": when,
        "user_id": draw(st.integers(1, 3)), "tier": draw(st.sampled_from(TIERS)),
        "call_kind": draw(st.sampled_from(KINDS)),
        "language": draw(st.sampled_from(["ko", "en", ""])),
        "debate_id": draw(st.sampled_from(["", "a", "b"])), "requested_model": "auto",
    }
    failures = draw(st.integers(0, 2))
    rows = [draw(attempt("failed", facts, number + 1)) for number in range(failures)]
    rows.append(draw(attempt(draw(st.sampled_from(OUTCOMES)), facts, failures + 1)))
    return [*rows, *(draw(correction(row)) for row in rows if draw(st.integers(0, 4)) == 0)]


@st.composite
def correction(draw: st.DrawFn, row: UsageRecord) -> UsageRecord:
    """Of its price: differences, as `billing.corrections_rows` writes them."""
    row.pk = row.pk or next(_numbers)
    by = draw(st.integers(-row.cost_nanos, 10**12)) if row.attempt else 0
    change = Change(row, Amounts.of(row), Amounts.of(row) + Amounts(by, by // 7, by // 9))
    return row_of(change, PriceCorrection(pk=next(_numbers)))


def counted(rows: Iterable[UsageRecord]) -> list[UsageRecord]:
    """Without corrections, which are only added up."""
    return [row for row in rows if row.outcome != "corrected"]


@st.composite
def attempt(draw: st.DrawFn, outcome: str, facts: dict[str, Any], number: int) -> UsageRecord:
    is_refused, is_cached = outcome == "refused", outcome == "cached"
    deployment = "" if is_refused else draw(st.sampled_from(list(CLASSES)))
    baseline = None if is_refused else draw(st.none() | MONEY)
    return UsageRecord(
        **facts, outcome=outcome, attempt=0 if is_refused or is_cached else number,
        deployment=deployment, model_class=CLASSES.get(deployment, ""),
        cache_layer=draw(st.sampled_from(LAYERS)) if is_cached else "",
        error_code=draw(st.sampled_from(CODES.get(outcome, [""]))),
        confidence=draw(st.sampled_from(["exact", "estimated"])),
        cost_nanos=0 if is_refused or is_cached else draw(MONEY),
        baseline="" if baseline is None else draw(st.sampled_from([OPUS, HAIKU])),
        baseline_nanos=baseline,
        prompt_cache_nanos=0 if is_refused or is_cached else draw(st.integers(-(10**9), 10**9)),
        fresh_input_tokens=draw(COUNT), cache_read_tokens=draw(COUNT),
        cache_write_tokens=draw(COUNT), output_tokens=draw(COUNT),
        searches=draw(st.none() | st.integers(0, 2)),
        search_nanos=None if is_refused or is_cached else draw(st.none() | MONEY),
        is_holdout=draw(st.sampled_from([None, None, True])),
        latency_ms=draw(st.integers(0, 100_000)),
    )


def write(rows: Iterable[UsageRecord]) -> None:
    ledger.insert_usage(list(rows))


def within(rows: Sequence[UsageRecord], start: datetime, end: datetime) -> list[UsageRecord]:
    return [row for row in rows if start <= row.at < end]

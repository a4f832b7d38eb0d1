"""Calls of the past for what-ifs: as the gateway would have booked them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from accounts.services import tiers_load
from billing.models import UsageRecord
from billing.price_book import book_load, read_book
from billing.prices import PriceTable, cost
from billing.savings import prompt_cache_nanos
from billing.usage import Usage
from costcontrol.lib import clock
from routing.management.commands.load_defaults import budget_load, deployments_load, policy_load
from routing.models import Deployment, RoutePolicy, WhatIfRun
from routing.whatif import runs, work
from routing.whatif.changes import Changes
from routing.whatif.outcome import Outcome, outcome_of

NOW = datetime(2026, 11, 25, 3, 4, tzinfo=UTC)  # 12:04 in Seoul
DAY = datetime(2026, 11, 23, 15, tzinfo=UTC)  # the 24th in Seoul begins
END = DAY + timedelta(days=1)
HAIKU, SONNET, OPUS = (
    f"anthropic/claude-{name}-5-5" for name in ("haiku", "sonnet", "opus")
)
LUNA, LOCAL = "openai/gpt-6-luna", "embedded/smollm2-135m"
FIRST = {"simple": HAIKU, "medium": HAIKU, "complex": OPUS}  # of the hybrid row, in Korean
USUAL = Usage(1_000, 200, 100, 300)


def house_make() -> None:
    """The default rows, in force since before the first call."""
    with clock.at(DAY - timedelta(days=30)):
        book_load(read_book(), at=clock.now(), actor="a test")
        tiers_load()
        budget_load()
        deployments_load()
        policy_load()
    RoutePolicy.objects.update(published_at=DAY - timedelta(days=30))


def answered(at: datetime, **columns: Any) -> UsageRecord:
    """A call of a premium user that went to its first choice, or to `deployment`."""
    complexity = columns.get("complexity", "complex")
    name = columns.get("deployment", FIRST.get(complexity, OPUS))
    usage = columns.pop("usage", USUAL)
    facts = _facts(at) | _priced(name, usage, at) | {"complexity": complexity}
    return UsageRecord.objects.create(**facts | columns)


def hit(at: datetime, layer: str = "exact", **columns: Any) -> UsageRecord:
    nothing = {"cost_nanos": 0, "held_nanos": 0, "prompt_cache_nanos": 0, "price_id": None}
    return answered(
        at, attempt=0, outcome="cached", cache_layer=layer, **nothing | columns
    )


def failed(at: datetime, row: UsageRecord, deployment: str, nanos: int = 0) -> UsageRecord:
    """An attempt that failed before the call was answered by `row`."""
    facts = _facts(at) | {"complexity": row.complexity, "call_id": row.call_id}
    priced = _priced(deployment, Usage(), at) | {"baseline_nanos": None, "cost_nanos": nanos}
    return UsageRecord.objects.create(
        **facts | priced | {"outcome": "failed", "error_code": "upstream_timeout"}
    )


def refused(at: datetime, code: str, **columns: Any) -> UsageRecord:
    facts = _facts(at) | {"attempt": 0, "outcome": "refused", "error_code": code}
    return UsageRecord.objects.create(**facts | {"complexity": "complex"} | columns)


def _facts(at: datetime) -> dict[str, Any]:
    return {
        "call_id": uuid4(), "attempt": 1, "at": at, "user_id": 1, "payer": "user:1",
        "tier": "premium", "debate_id": "", "call_kind": "opening_statement", "language": "ko",
        "requested_model": "auto", "outcome": "complete", "confidence": "exact",
    }


def _priced(name: str, usage: Usage, at: datetime) -> dict[str, Any]:
    row, table = Deployment.objects.get(name=name), PriceTable.load(at)
    price = table.price(row.provider, row.model, input_tokens=usage.input_tokens)
    return {
        "deployment": name, "model_class": row.model_class, "provider": row.provider,
        "model": row.model, "price_id": price.id,
        "fresh_input_tokens": usage.fresh_input_tokens,
        "cache_read_tokens": usage.cache_read_tokens,
        "cache_write_tokens": usage.cache_write_tokens, "output_tokens": usage.output_tokens,
        "held_nanos": 3 * cost(usage, price), "cost_nanos": cost(usage, price),
        "prompt_cache_nanos": prompt_cache_nanos(usage, price),
        "baseline": OPUS, "baseline_nanos": 50_000_000,
    }


def run_of(changes: Changes, *, start: datetime = DAY, end: datetime = END) -> WhatIfRun:
    return runs.run_make(
        changes, title="a test", start=start, end=end, actor="alice", now=clock.now()
    )


def played(changes: Changes, *, start: datetime = DAY, end: datetime = END) -> Outcome:
    run = run_of(changes, start=start, end=end)
    assert work.advance(run)
    run.refresh_from_db()
    assert run.state == WhatIfRun.State.DONE, run.failure
    return outcome_of(run.result)


def spent() -> int:
    return sum(UsageRecord.objects.values_list("cost_nanos", flat=True))


def cells_with(mode: str, complexity: str, *classes: str) -> dict[str, dict[str, list[str]]]:
    """The table in force, with one other cell."""
    cells = RoutePolicy.objects.get(status="published").cells
    cells[mode][complexity] = list(classes)
    return dict(cells)

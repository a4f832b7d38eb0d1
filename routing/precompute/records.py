"""The usage row of an answer that was made ahead: nobody asked for it, so it has no user and no
baseline. Its prices are those of batches. What it cost is what savings subtract."""

from datetime import datetime
from typing import Any
from uuid import UUID

from billing.models import UsageRecord
from billing.prices import Price, cost
from billing.usage import Usage
from costcontrol.lib.sentences import Sentence as _
from routing.models import PrecomputeItem
from routing.precompute import money
from routing.precompute.requests import Wanted

Outcome = UsageRecord.Outcome
Confidence = UsageRecord.Confidence


def facts_of(wanted: Wanted, *, run_id: int, complexity: str) -> dict[str, Any]:
    """What every row of this item says, as plain values: the sweeper may have to write one."""
    deployment, item = wanted.deployment, wanted.item
    return {
        "user_id": money.PLATFORM_ITSELF, "key_prefix": "", "tier": money.TIER,
        "call_kind": item.kind, "complexity": complexity, "language": item.language,
        "requested_model": deployment.name, "attempt": 1, "deployment": deployment.name,
        "model_class": str(deployment.model_class), "provider": deployment.provider,
        "model": deployment.model, "max_output_tokens": wanted.most_tokens,
        "reason": _reason(item) % {"run": run_id},
    }


def _reason(item: PrecomputeItem) -> str:
    if item.replaces_id is not None:
        return _("made anew in a batch, in run %(run)d")
    return _("made ahead in a batch, in run %(run)d")


def record_of(
    facts: dict[str, Any], *, call_id: UUID, held: int, now: datetime, price: Price | None = None,
    usage: Usage | None = None, cost_nanos: int = 0, outcome: str = Outcome.COMPLETE,
    stop_reason: str = "", error_code: str = "",
) -> UsageRecord:
    """`usage` None: nothing is owed. `price` None: nothing was billed by it."""
    told = usage or Usage()
    return UsageRecord(
        **facts, call_id=call_id, reservation_id=call_id, at=now, outcome=outcome,
        error_code=error_code, stop_reason=stop_reason,
        fresh_input_tokens=told.fresh_input_tokens, cache_read_tokens=told.cache_read_tokens,
        cache_write_tokens=told.cache_write_tokens, output_tokens=told.output_tokens,
        searches=told.searches, search_nanos=_search_nanos(told, price, cost_nanos),
        confidence=Confidence.ESTIMATED if told.is_estimated else Confidence.EXACT,
        held_nanos=held, cost_nanos=cost_nanos, **(_prices(price) if price else {}),
    )


def _search_nanos(usage: Usage, price: Price | None, cost_nanos: int) -> int | None:
    """Of the cost, what searches cost apart from tokens. None: there was none."""
    if not usage.searches or price is None:
        return None
    return min(cost_nanos, cost(Usage(searches=usage.searches), price))


def _prices(price: Price) -> dict[str, Any]:
    return {
        "price_id": price.id, "price_fresh_input": price.fresh_input,
        "price_cache_read": price.cache_read, "price_cache_write": price.cache_write,
        "price_output": price.output,
    }

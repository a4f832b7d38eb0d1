"""The usage row of one attempt: what it used, what it cost, how it ended."""

import logging
from typing import Any
from uuid import UUID

from billing.models import UsageRecord
from billing.prices import Price, cost
from billing.savings import prompt_cache_nanos
from billing.usage import Usage
from costcontrol.lib.errors import CostControlError
from routing import records
from routing.meter import Meter

log = logging.getLogger(__name__)
Outcome = UsageRecord.Outcome
Confidence = UsageRecord.Confidence


def of_attempt(meter: Meter, usage: Usage, error: BaseException | None) -> UsageRecord:
    call = meter.call
    is_estimated = usage.is_estimated or not usage.is_reported
    was_answered = not error or meter.cost_nanos
    baseline, baseline_nanos = records.baseline_of(call, usage) if was_answered else ("", None)
    price = meter.price_of(usage)
    return UsageRecord(
        **records.facts_of_attempt(call, meter.deployment, meter.attempt),
        call_id=call.id,
        at=call.at,
        reservation_id=meter.reservation_id,
        paid_from=meter.paid_from,
        outcome=_outcome(meter, error),
        error_code=_error_code(error),
        stop_reason=meter.stop_reason or "",
        max_output_tokens=meter.held.output_tokens,
        fresh_input_tokens=usage.fresh_input_tokens,
        cache_read_tokens=usage.cache_read_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        output_tokens=usage.output_tokens,
        searches=usage.searches,
        confidence=Confidence.ESTIMATED if is_estimated else Confidence.EXACT,
        **_prices(price),
        held_nanos=meter.held.amount,
        cost_nanos=meter.cost_nanos,
        search_nanos=_search_nanos(meter, usage, price),
        baseline=baseline,
        baseline_nanos=baseline_nanos,
        prompt_cache_nanos=prompt_cache_nanos(usage, price),
        begun_ms=max(0, call.elapsed_ms - meter.elapsed_ms - meter.waited_ms),
        waited_ms=meter.waited_ms,
        first_token_ms=meter.first_token_ms,
        latency_ms=meter.elapsed_ms,
    )


def _outcome(meter: Meter, error: BaseException | None) -> str:
    if error is None:
        return Outcome.COMPLETE if meter.is_complete else Outcome.INCOMPLETE
    if not isinstance(error, Exception):
        return Outcome.CANCELLED
    return Outcome.INCOMPLETE if meter.has_output else Outcome.FAILED


def _error_code(error: BaseException | None) -> str:
    if error is None or not isinstance(error, Exception):
        return ""
    return error.code if isinstance(error, CostControlError) else "internal_error"


def _search_nanos(meter: Meter, usage: Usage, price: Price) -> int | None:
    """Of the cost, what searches cost apart from tokens. None: there was none."""
    if not usage.searches:
        return None
    return min(meter.cost_nanos, cost(Usage(searches=usage.searches), price))


def _prices(price: Price) -> dict[str, Any]:
    return {
        "price_id": price.id,
        "price_fresh_input": price.fresh_input,
        "price_cache_read": price.cache_read,
        "price_cache_write": price.cache_write,
        "price_output": price.output,
    }


def overrun(reservation_id: UUID, *, held: int, charged: int) -> None:
    """The provider billed more than the worst case: booked in full, and said."""
    log.error("budget overrun: %s held %d nanos, was charged %d", reservation_id, held, charged)

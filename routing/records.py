"""What is written down about a call that reached no provider, and what every row says."""

from typing import Any

from billing.models import UsageRecord
from billing.prices import cost
from billing.usage import Usage
from costcontrol.lib.errors import CostControlError, UnpricedModel
from routing.call import Call
from routing.types import Completion, DeploymentSpec

Outcome = UsageRecord.Outcome
Confidence = UsageRecord.Confidence


def facts_of_call(call: Call) -> dict[str, Any]:
    """What every row of this call says, as plain values."""
    request, caller = call.request, call.caller
    return {
        "user_id": caller.user_id,
        "payer": str(caller.payer),
        "key_prefix": caller.key_prefix,
        "tier": caller.tier.name,
        "debate_id": request.debate_id,
        "call_kind": request.call_kind,
        "stage": request.stage or None,
        "speaker": request.speaker or None,
        "parent_call_id": str(request.parent_call_id) if request.parent_call_id else None,
        "complexity": str(call.classified.complexity),
        "language": call.classified.language,
        "requested_model": request.model[:160],
        "reason": call.plan.reason,
        "is_economy": call.plan.is_economy,
        **call.times.columns(),
    }


def facts_of_attempt(call: Call, deployment: DeploymentSpec, attempt: int) -> dict[str, Any]:
    return facts_of_call(call) | {
        "attempt": attempt,
        "deployment": deployment.name,
        "model_class": str(deployment.model_class),
        "provider": deployment.provider,
        "model": deployment.model,
        "is_holdout": call.plan.holds_out(deployment) or None,
    }


def of_hit(
    call: Call, completion: Completion, *, layer: str, answer_id: int | None = None
) -> UsageRecord:
    """An answer that cost nothing. Its tokens are those that were not bought again."""
    usage = completion.usage
    baseline, baseline_nanos = baseline_of(call, usage)
    return UsageRecord(
        **facts_of_call(call),
        call_id=call.id,
        at=call.at,
        attempt=0,
        deployment=completion.deployment,
        model_class=str(completion.model_class),
        cache_layer=layer,
        answer_id=answer_id,
        outcome=Outcome.CACHED,
        stop_reason=completion.stop_reason,
        confidence=Confidence.EXACT,
        fresh_input_tokens=usage.fresh_input_tokens,
        cache_read_tokens=usage.cache_read_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        output_tokens=usage.output_tokens,
        searches=usage.searches,
        baseline=baseline,
        baseline_nanos=baseline_nanos,
        latency_ms=call.elapsed_ms,
    )


def of_refusal(call: Call, error: CostControlError) -> UsageRecord:
    facts = facts_of_call(call)
    facts["reason"] = f"{facts['reason']} | {error.message}" if facts["reason"] else error.message
    return UsageRecord(
        **facts, call_id=call.id, at=call.at, attempt=0, outcome=Outcome.REFUSED,
        error_code=error.code, confidence=Confidence.EXACT, latency_ms=call.elapsed_ms,
    )


def baseline_of(call: Call, usage: Usage) -> tuple[str, int | None]:
    """What the same tokens and searches would have cost on the baseline deployment, and its name:
    at the frozen prices; while nothing is frozen, on the premium deployment at those of today."""
    if frozen := call.snapshot.frozen:
        return frozen.deployment, frozen.nanos(usage)
    baseline = call.snapshot.baseline
    if baseline is None:
        return "", None
    fresh = Usage(
        fresh_input_tokens=usage.input_tokens, output_tokens=usage.output_tokens,
        searches=usage.searches,
    )
    try:
        price = call.snapshot.prices.price(*baseline.price_key, input_tokens=fresh.input_tokens)
    except UnpricedModel:
        return "", None
    return baseline.name, cost(fresh, price)

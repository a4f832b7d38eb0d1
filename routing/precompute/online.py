"""One answer through the gateway, as any other call, with precompute's money: for idle local models
and for what has to be made anew. Async."""

from dataclasses import replace
from uuid import UUID

from routing import gateway
from routing.precompute import money
from routing.types import Completion, ProviderCall


async def ask(wanted: ProviderCall, *, call_id: UUID) -> Completion | None:
    """None: it was broken off. Raises CostControlError: refused, or nobody answers."""
    request = replace(
        wanted.request, model=wanted.deployment.name, may_read_cache=False, may_store=False,
        is_never_cut=True,
    )
    answer = await gateway.answer(request, money.CALLER, call_id=call_id)
    await answer.whole()
    return answer.work.completion if answer.work else answer.completion

"""Calls on their way through the gateway, as tests need them."""

from uuid import uuid4

from billing.usage import Usage
from costcontrol.lib import clock
from routing.call import Call
from routing.types import ChatRequest, Completion, ModelClass, Plan, StopReason
from tests.routing.test_limits import caller
from tests.routing.test_policy import situation


def call_of(request: ChatRequest) -> Call:
    at_policy = situation()
    return Call(
        uuid4(), clock.now(), request, caller(None), at_policy.classified, at_policy.snapshot,
        Plan((), "a test"),
    )


def completion_of(text: str) -> Completion:
    return Completion(
        text, StopReason.STOP, Usage(10, output_tokens=5), "openai/gpt-6-luna",
        ModelClass.ECONOMY, call_id=str(uuid4()),
    )

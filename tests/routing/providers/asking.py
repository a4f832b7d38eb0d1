"""Short ways to ask an adapter something."""

from typing import Any

from routing.providers import get_provider
from routing.types import ChatRequest, Chunk, DeploymentSpec, Message, ModelClass, ProviderCall

QUESTION = (Message("user", "What is virtue?"),)


def deployment(provider: str, base_url: str, **changes: Any) -> DeploymentSpec:
    facts: dict[str, Any] = {
        "name": f"{provider}/m", "provider": provider, "model": "m",
        "model_class": ModelClass.ECONOMY, "base_url": base_url, "timeout_s": 5.0,
    }
    return DeploymentSpec(**(facts | changes))


def call_of(spec: DeploymentSpec, *, cap: int = 64, **request: Any) -> ProviderCall:
    asked = ChatRequest(**({"messages": QUESTION} | request))
    return ProviderCall(request=asked, deployment=spec, max_output_tokens=cap)


async def ask(spec: DeploymentSpec, *, cap: int = 64, **request: Any) -> list[Chunk]:
    """All chunks of one call."""
    call = call_of(spec, cap=cap, **request)
    return [chunk async for chunk in get_provider(spec.provider).stream(call)]


def text_of(chunks: list[Chunk]) -> str:
    return "".join(chunk.text for chunk in chunks)

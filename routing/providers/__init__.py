"""One adapter per vendor, and the way to get hold of one.

An adapter is made on first use and lives as long as the process, so that its connections are
reused. Vendor SDKs are imported then too: they are slow to load and most processes need none.
"""

from importlib import import_module

from django.conf import settings

from routing.providers._clients import missing_key
from routing.providers.base import Provider

__all__ = ["ADAPTERS", "close_all", "get_provider", "missing_key", "warm_up"]

ADAPTERS = {  # Deployment.provider -> module and class
    "anthropic": ("routing.providers.anthropic", "AnthropicProvider"),
    "openai": ("routing.providers.openai", "OpenAIProvider"),
    "ollama": ("routing.providers.ollama", "OllamaProvider"),
    "embedded": ("routing.providers.embedded", "EmbeddedProvider"),
    "fake": ("routing.providers.fake", "FakeProvider"),
}

_made: dict[str, Provider] = {}


def get_provider(name: str) -> Provider:
    """The adapter for a deployment's `provider`. Raises LookupError for a name nobody knows."""
    provider = _made.get(name)
    if provider is None:
        module, cls = ADAPTERS[name]
        provider = _made.setdefault(name, getattr(import_module(module), cls)())
    return provider


def warm_up() -> None:
    """Load now what this machine will need; a vendor's SDK takes a second and 40 MB."""
    get_provider("openai")  # also the built-in model and anything that speaks OpenAI's API
    if settings.ANTHROPIC_API_KEY or settings.DEMO:
        get_provider("anthropic")


async def close_all() -> None:
    """Close the connections that belong to the running event loop."""
    for provider in _made.values():
        await provider.close()

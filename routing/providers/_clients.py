"""HTTP clients kept for reuse, and which address and key a deployment uses."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Generic, Protocol, TypeVar
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

import httpx2
from django.conf import settings

from costcontrol.lib import tls
from costcontrol.lib.sentences import Sentence as _
from routing.providers._errors import NEVER_SENT, misaddressed
from routing.types import DeploymentSpec

CONNECT_TIMEOUT_S = 5.0
POOL_TIMEOUT_S = 10.0
NO_KEY = "none"  # what servers without keys are sent: the SDKs insist on one
CLOUD = {
    "anthropic": ("ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"),
    "openai": ("OPENAI_API_KEY", "OPENAI_BASE_URL"),
}
OFFICIAL_HOSTS = (".openai.com", ".openai.azure.com")  # newer models there refuse `max_tokens`
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
MAX_CONNECTIONS, MAX_IDLE, IDLE_S = 1000, 200, 30.0


class Closable(Protocol):
    def close(self) -> Awaitable[None]: ...


C = TypeVar("C", bound=Closable)


class Clients(Generic[C]):
    """One client per (address, key) and event loop: a connection belongs to the loop it was
    opened on."""

    def __init__(self, make: Callable[[str, str], C]) -> None:
        self._make = make
        self._by_loop: WeakKeyDictionary[
            asyncio.AbstractEventLoop, dict[tuple[str, str], C]
        ] = WeakKeyDictionary()

    def get(self, base_url: str, key: str) -> C:
        mine = self._by_loop.setdefault(asyncio.get_running_loop(), {})
        client = mine.get((base_url, key))
        if client is None:
            client = mine[base_url, key] = self._new(base_url, key)
        return client

    def _new(self, base_url: str, key: str) -> C:
        try:
            return self._make(base_url, key)
        except (ValueError, *NEVER_SENT):
            raise misaddressed(_("the provider")) from None

    async def close(self) -> None:
        for client in self._by_loop.pop(asyncio.get_running_loop(), {}).values():
            await client.close()


def http_client(base_url: str, *, max_idle: int = MAX_IDLE) -> httpx2.AsyncClient:
    """The connection pool under an SDK client. Redirects are not followed: they could take a
    key and a prompt to another host."""
    trust_env = not is_loopback(base_url)
    return httpx2.AsyncClient(
        limits=httpx2.Limits(
            max_connections=MAX_CONNECTIONS, max_keepalive_connections=max_idle,
            keepalive_expiry=IDLE_S,
        ),
        trust_env=trust_env, verify=tls.certificates(trust_env=trust_env),
    )


def timeout(deployment: DeploymentSpec) -> httpx2.Timeout:
    return httpx2.Timeout(deployment.timeout_s, connect=CONNECT_TIMEOUT_S, pool=POOL_TIMEOUT_S)


def is_loopback(url: str) -> bool:
    """A proxy from the environment must never stand between us and our own machine."""
    return host_of(url) in LOOPBACK


def host_of(url: str) -> str:
    """The host of an address, "" if it has none (the client will say so)."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def address_of(deployment: DeploymentSpec, *, usual: str) -> str:
    return (deployment.base_url or usual).rstrip("/")


def key_of(deployment: DeploymentSpec, *, usual_key: str, usual_address: str) -> str:
    """The deployment's own key; the usual one only ever goes to the usual address. "": none."""
    if deployment.api_key_env:
        return os.environ.get(deployment.api_key_env, "")
    is_usual = address_of(deployment, usual=usual_address) == usual_address.rstrip("/")
    return usual_key if is_usual else ""


def is_official(base_url: str) -> bool:
    """OpenAI itself, not a server that speaks its API."""
    return f".{host_of(base_url)}".endswith(OFFICIAL_HOSTS)


def missing_key(deployment: DeploymentSpec) -> str:
    """Which key to set before a cloud deployment can be called; "" if none is missing."""
    names = CLOUD.get(deployment.provider)
    if names is None:
        return ""
    key_name, address_name = names
    usual = getattr(settings, address_name)
    key = key_of(deployment, usual_key=getattr(settings, key_name), usual_address=usual)
    address = address_of(deployment, usual=usual)
    is_open = deployment.provider == "openai" and not is_official(address)
    if key or is_open:
        return ""
    return _("set %(name)s") % {"name": deployment.api_key_env or key_name}

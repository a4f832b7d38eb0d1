"""What precompute asks of a provider that takes many requests at once, at half the price.

Synchronous: nobody waits for a batch. One file per vendor implements it.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from importlib import import_module
from typing import Protocol

import httpx2

from costcontrol.lib import tls
from routing.providers._clients import CONNECT_TIMEOUT_S, is_loopback
from routing.types import Chunk, DeploymentSpec, ProviderCall

ANSWER_S = 300.0  # the longest wait for the next byte; shorter than a claim of `machine` lasts
ADAPTERS = {  # Deployment.provider -> module and class
    "anthropic": ("routing.providers.batches_anthropic", "AnthropicBatches"),
    "openai": ("routing.providers.batches_openai", "OpenAIBatches"),
}


class Fate(StrEnum):
    """What became of one request. Only `ANSWERED` is billed."""

    ANSWERED = "answered"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class BatchRequest:
    """`custom_id`: our name of it, unique for ever."""

    custom_id: str
    call: ProviderCall


@dataclass(frozen=True, slots=True)
class BatchState:
    """`refusal`: why none of it was done."""

    is_ended: bool
    total: int = 0
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class BatchResult:
    """One request's end. `custom_id` is as the provider sent it: perhaps unknown, or twice."""

    custom_id: str
    fate: Fate
    chunk: Chunk | None = None
    why: str = ""


class Batches(Protocol):
    """All raise ProviderError and nothing else."""

    def submit(self, requests: Sequence[BatchRequest], *, marker: str) -> str:
        """Hand them in; their id at the provider. `marker` is how `find` knows them again."""
        ...

    def find(
        self, marker: str, *, total: int, since: datetime, known: Collection[str]
    ) -> str:
        """The id of a batch that we handed in without hearing of it; "" if there is none.

        `known`: ids that are accounted for.
        """
        ...

    def status(self, provider_id: str) -> BatchState: ...

    def results(self, provider_id: str) -> Iterator[BatchResult]:
        """All results there are, in any order. Only of a batch that has ended."""
        ...

    def cancel(self, provider_id: str) -> None: ...

    def close(self) -> None: ...


def takes_batches(deployment: DeploymentSpec) -> bool:
    return deployment.provider in ADAPTERS


def batches_of(deployment: DeploymentSpec) -> Batches:
    """The vendor's batches for one deployment. Raises LookupError where there are none."""
    module, cls = ADAPTERS[deployment.provider]
    made: Batches = getattr(import_module(module), cls)(deployment)
    return made


def http_client(base_url: str) -> httpx2.Client:
    """Redirects are not followed: they could take a key and prompts to another host."""
    timeout = httpx2.Timeout(ANSWER_S, connect=CONNECT_TIMEOUT_S)
    trust_env = not is_loopback(base_url)
    verify = tls.certificates(trust_env=trust_env)
    return httpx2.Client(timeout=timeout, trust_env=trust_env, verify=verify)

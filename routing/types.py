"""The values that travel through the gateway. All frozen; nothing here touches a database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

from billing.usage import Usage

EMPTY: Mapping[str, Any] = {}


class ModelClass(StrEnum):
    """How strong (and dear) a deployment is."""

    LOCAL = "local"
    ECONOMY = "economy"
    MID = "mid"
    PREMIUM = "premium"


class Complexity(StrEnum):
    SIMPLE = "simple"
    MEDIUM = "medium"
    COMPLEX = "complex"


class StopReason(StrEnum):
    """Why the model stopped, in OpenAI's words."""

    STOP = "stop"
    LENGTH = "length"
    TOOL_CALLS = "tool_calls"
    CONTENT_FILTER = "content_filter"


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `extra` holds what only OpenAI-shaped upstreams know (tool calls, names)."""

    role: str  # system | user | assistant | tool
    content: str
    extra: Mapping[str, Any] = field(default_factory=dict)
    is_prefix_end: bool = False  # other calls begin with the same words, up to here


@dataclass(frozen=True, slots=True)
class Reuse:
    """A request whose answer others may be given too.

    `fields` are exactly what enters its prompt, as JSON values, and never a text that a user typed;
    with the route they are the key (`routing.cache.keys`). `variants`: how many texts are kept for
    one key; `prefer`: which of them, if it is there and the user has not seen it. `citations`: the
    web pages that its prompt has, kept beside the answer; no part of the key.
    """

    fields: Mapping[str, Any]
    variants: int = 1
    ttl_days: int = 30
    prefer: int = 0
    citations: Sequence[Mapping[str, str]] = ()


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What was asked, after shape checks. `max_output_tokens` None: the caller did not say."""

    messages: tuple[Message, ...]
    model: str = "auto"
    max_output_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop: tuple[str, ...] = ()
    is_stream: bool = False
    wants_usage_chunk: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict)  # OpenAI parameters beyond the above
    call_kind: str = ""
    complexity: Complexity | None = None
    debate_id: str = ""
    language: str = ""
    may_read_cache: bool = True
    may_store: bool = True
    stage: str = ""
    speaker: str = ""
    parent_call_id: UUID | None = None
    uses: tuple[UUID, ...] = ()  # calls whose answers stand in this prompt
    is_part: bool = False  # of a turn that was admitted as a whole: no request of its own
    is_never_cut: bool = False  # rather a smaller model than a shorter answer
    draws_on: tuple[UUID, ...] = ()  # reservations that hold money for it already
    reuse: Reuse | None = None  # None: its answer is this user's alone
    max_searches: int = 0  # web searches that the model may make for it

    @property
    def text(self) -> str:
        return "\n".join(message.content for message in self.messages)


@dataclass(frozen=True, slots=True)
class DeploymentSpec:
    """One model at one address, as the gateway sees it (a frozen copy of the row)."""

    name: str  # natural key, "anthropic/claude-opus-5-5"
    provider: str  # which adapter: anthropic | openai | ollama | embedded | fake
    model: str  # the upstream's own name
    model_class: ModelClass
    base_url: str = ""
    api_key_env: str = ""
    languages: tuple[str, ...] = ("en", "ko")
    context_tokens: int = 128_000
    max_output_tokens: int = 8_192
    max_concurrency: int | None = None
    timeout_s: float = 120.0
    priority: int = 100
    token_factor: float = 1.0
    price_provider: str = ""  # whose price rows apply; the adapter's name if empty
    can_search: bool = False

    @property
    def price_key(self) -> tuple[str, str]:
        return (self.price_provider or self.provider, self.model)


@dataclass(frozen=True, slots=True)
class ProviderCall:
    """One attempt: the request, where it goes, and the output cap that was paid for."""

    request: ChatRequest
    deployment: DeploymentSpec
    max_output_tokens: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of an answer, in the order in which it arrived.

    `delta` is what an OpenAI-shaped upstream sent beside text (tool calls), passed on untouched.
    A proper end has a `stop_reason`; `usage` stands on the last chunk, if reported at all.
    """

    text: str = ""
    delta: Mapping[str, Any] | None = None
    stop_reason: StopReason | None = None
    usage: Usage | None = None
    served_model: str = ""


@dataclass(frozen=True, slots=True)
class Completion:
    """A whole answer. Only complete ones are ever stored."""

    text: str
    stop_reason: StopReason
    usage: Usage
    deployment: str
    model_class: ModelClass
    served_model: str = ""
    delta: Mapping[str, Any] | None = None
    call_id: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """Who may answer, best first, and why in words. `if_closed`: who may when money is out.

    `is_holdout`: the first is the baseline's model, to check savings; answers of others are not.
    """

    candidates: tuple[DeploymentSpec, ...]
    reason: str
    is_economy: bool = False
    if_closed: tuple[DeploymentSpec, ...] = ()
    is_holdout: bool = False

    def holds_out(self, deployment: DeploymentSpec) -> bool:
        """Asked only to check savings: whoever answers in its place is not what they are checked
        by, and nobody pays beyond the plan for it."""
        return self.is_holdout and deployment.name == self.candidates[0].name


@dataclass(frozen=True, slots=True)
class Classified:
    """How hard a call is, and what made us think so."""

    complexity: Complexity
    reason: str
    language: str  # "ko", "en"

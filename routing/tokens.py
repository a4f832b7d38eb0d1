"""How many tokens a call has, before anyone bills it. The only importer of the tokenizer.

Our count is o200k_base, the tokenizer of OpenAI's current models. For any other model it is that
count times the deployment's `token_factor`; see docs/token-counting.md.
"""

import json
import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from costcontrol.lib.errors import BadRequest
from routing.types import ChatRequest, DeploymentSpec

if TYPE_CHECKING:
    from bpe_openai import Encoding

# The tokenizer refuses to return more than 200,000 tokens; a character is at most four.
PIECE_CHARACTERS = 50_000
PROMPT_PARAMETERS = ("tools", "functions", "tool_choice", "function_call", "response_format")


@dataclass(frozen=True, slots=True)
class ChatFormat:
    """Tokens that a chat costs beside its text. `without_system`: the template adds its own."""

    per_message: int = 4
    per_reply: int = 3
    without_system: int = 0
    with_tools: int = 0


OPENAI = ChatFormat()  # as documented: 3 and a role for a message, 3 to start the answer
CHATML = ChatFormat(per_message=6, per_reply=4, without_system=21)  # measured with SmolLM2
ANTHROPIC = ChatFormat(with_tools=530)  # the longest prompt published for tool use
WIDEST = ChatFormat(per_message=8, per_reply=8, without_system=32, with_tools=530)
FORMATS: Mapping[str, ChatFormat] = {
    "anthropic": ANTHROPIC,
    "embedded": CHATML,
    "ollama": CHATML,
}


@cache
def encoding() -> "Encoding":
    """Loaded at first use: the package reads its vocabularies already when it is imported."""
    with warnings.catch_warnings():  # it reads them through a deprecated function
        warnings.simplefilter("ignore", DeprecationWarning)
        from bpe_openai import get_encoding
    return get_encoding("o200k_base")


def warm_up() -> None:
    """Load the vocabulary now (half a second, 140 MB) instead of in the first call."""
    count("warm")


def count(text: str) -> int:
    """Tokens of o200k_base. Never fails; a text in several pieces may count a token more each."""
    return sum(
        len(encoding().encode_ordinary(text[start : start + PIECE_CHARACTERS]))
        for start in range(0, len(text), PIECE_CHARACTERS)
    )


def estimate_input(request: ChatRequest, deployment: DeploymentSpec) -> int:
    """What the deployment will bill as input: meant to be a little more, never less."""
    chat_format = FORMATS.get(deployment.provider, OPENAI)
    ours = sum(count(text) for text in prompt_texts(request)) + overhead(request, chat_format)
    return scaled(ours, deployment.token_factor)


def estimate_output(text: str, deployment: DeploymentSpec) -> int:
    """What a text that arrived will be billed as, where the upstream did not say (a cut stream)."""
    return scaled(count(text), deployment.token_factor)


def safe_bound(request: ChatRequest) -> int:
    """More than any byte-level tokenizer can count: bytes, and the widest chat format."""
    size = sum(len(text.encode("utf-8", "surrogatepass")) for text in prompt_texts(request))
    return size + overhead(request, WIDEST)


def overhead(request: ChatRequest, chat_format: ChatFormat) -> int:
    tokens = chat_format.per_reply + chat_format.per_message * len(request.messages)
    if not any(message.role == "system" for message in request.messages):
        tokens += chat_format.without_system
    if request.extra.get("tools") or request.extra.get("functions"):
        tokens += chat_format.with_tools
    return tokens


def prompt_texts(request: ChatRequest) -> list[str]:
    """All that the model reads. Tools and schemas count as their JSON, which is longer than the
    form in which a model sees them."""
    texts = [message.content for message in request.messages]
    texts += [as_json(message.extra) for message in request.messages if message.extra]
    parameters = {name: request.extra[name] for name in PROMPT_PARAMETERS if name in request.extra}
    return [*texts, as_json(parameters)] if parameters else texts


def as_json(value: Mapping[str, Any]) -> str:
    try:
        return json.dumps(dict(value), ensure_ascii=False, default=str)
    except RecursionError:
        raise BadRequest("A parameter is nested too deeply. Send a flatter one.") from None


def scaled(tokens: int, factor: float) -> int:
    """Rounded up, after taking off what only binary fractions add (100 x 1.1 is 110)."""
    return math.ceil(round(tokens * factor, 6))

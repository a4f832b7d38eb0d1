"""How many tokens a call has, before anyone bills it. The only importer of the tokenizer.

Our count is o200k_base, the tokenizer of OpenAI's current models. For any other model it is that
count times the deployment's `token_factor`; see docs/token-counting.md.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from costcontrol.lib.errors import BadRequest
from costcontrol.lib.sentences import Sentence as _
from routing.types import ChatRequest, DeploymentSpec

REMEMBERED_CHARACTERS = 20_000
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
def tokenizer() -> Any:
    """The package's compiled tokenizer, without its Python wrapper.

    The wrapper reads three vocabularies into dictionaries when it is imported (66 MB that nobody
    uses) and refuses long texts.
    """
    package = find_spec("bpe_openai")
    assert package
    assert package.submodule_search_locations
    folder = Path(package.submodule_search_locations[0])
    path = next(p for s in EXTENSION_SUFFIXES if (p := folder / f"_bindings{s}").exists())
    loader = ExtensionFileLoader("_bindings", str(path))
    spec = spec_from_file_location("_bindings", path, loader=loader)
    assert spec
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module.tokenizer_for_encoding("o200k_base")


def warm_up() -> None:
    """Load the vocabulary now (0.2 s, 68 MB) instead of in the first call."""
    count("warm")


def count(text: str) -> int:
    """Tokens of o200k_base. Never fails: half a surrogate pair counts as what stands in for it."""
    return _remembered(text) if len(text) <= REMEMBERED_CHARACTERS else _counted(text)


@lru_cache(maxsize=64)
def _remembered(text: str) -> int:
    """A call asks for the same text again and again: for each candidate, and for its hold."""
    return _counted(text)


def _counted(text: str) -> int:
    try:
        return int(tokenizer().count(text))
    except UnicodeEncodeError:
        whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return int(tokenizer().count(whole))


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
        raise BadRequest(
            _("A parameter is nested too deeply. Send a flatter one.")
        ) from None


def scaled(tokens: int, factor: float) -> int:
    """Rounded up, after taking off what only binary fractions add (100 x 1.1 is 110)."""
    return math.ceil(round(tokens * factor, 6))

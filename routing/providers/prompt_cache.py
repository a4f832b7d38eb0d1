"""What providers' prompt caches ask of a request: how long a prefix must be, and how it is marked.

Which prefixes are worth keeping is decided where the prompt is made (`Message.is_prefix_end`); here
only those are marked that the model would keep. See docs/prompts.md, with the sources.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence

from routing.providers._wire import JsonObject
from routing.types import ChatRequest, Message

MOST_MARKS = 4  # of one request, at both vendors
BYTES_A_TOKEN = 3  # of UTF-8, at least: a mark that comes too early costs nothing, too late does

# Tokens that a prefix of Claude must have to be kept; the first name that begins the model's.
# 5.5 and before: Anthropic, "Prompt caching", as of October 2026. Haiku 5.5 was not found: as 4.5.
ANTHROPIC_LEAST = (
    ("claude-opus-4-8", 1_024), ("claude-opus-4-7", 2_048), ("claude-opus-4", 4_096),
    ("claude-sonnet-5-5", 512), ("claude-sonnet", 1_024), ("claude-haiku", 4_096),
    ("claude-opus", 512), ("claude-fable", 512), ("claude-mythos", 512),
)
ANTHROPIC_USUAL = 1_024
OPENAI_LEAST = 1_024

# From GPT-5.6 on writing costs extra, and by default the whole prompt is written each time.
GPT = re.compile(r"gpt-(\d+)(?:\.(\d+))?(?:-|$)")
FIRST_WITH_MARKS = (5, 6)


def anthropic_least(model: str) -> int:
    for name, tokens in ANTHROPIC_LEAST:
        if model.startswith(name):
            return tokens
    return ANTHROPIC_USUAL


def takes_marks(model: str) -> bool:
    """Does this model of OpenAI's keep what is marked, and charge for it?"""
    version = GPT.match(model)
    return version is not None and (int(version[1]), int(version[2] or 0)) >= FIRST_WITH_MARKS


def marked(messages: Sequence[Message], *, least: int) -> frozenset[int]:
    """The places of the messages whose prefix is to be kept: long enough, the last four."""
    places = [at for at, tokens in _prefixes(messages) if tokens >= least]
    return frozenset(places[-MOST_MARKS:])


def _prefixes(messages: Sequence[Message]) -> Iterator[tuple[int, int]]:
    size = 0
    for at, message in enumerate(messages):
        size += len(message.content.encode("utf-8", "surrogatepass"))
        if message.is_prefix_end:
            yield at, size // BYTES_A_TOKEN


def openai_fields(request: ChatRequest, *, model: str) -> JsonObject:
    """What OpenAI itself is told about its cache. A caller's own wish stands.

    The key leads calls that begin alike to the same machine; from GPT-5.6 on nothing is found
    without it. There, calls of a turn say which prefixes to keep: none, unless marked.
    """
    fields: JsonObject = {}
    if request.debate_id:
        fields["prompt_cache_key"] = hashlib.sha256(request.debate_id.encode()).hexdigest()[:32]
    is_ours = request.is_part or any(message.is_prefix_end for message in request.messages)
    if is_ours and takes_marks(model):
        fields["prompt_cache_options"] = {"mode": "explicit"}
    return {name: value for name, value in fields.items() if name not in request.extra}

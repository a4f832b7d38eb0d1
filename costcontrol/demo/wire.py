"""The two vendors' formats, as their SDKs expect them: whole answers, streams and errors."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
ERRORS = {
    429: ("rate_limit_error", "Too many requests for this made-up account."),
    500: ("api_error", "The simulated provider failed."),
    503: ("server_error", "The simulated provider is overloaded."),
    504: ("timeout_error", "The simulated provider took too long."),
    529: ("overloaded_error", "Overloaded"),
}


@dataclass(frozen=True, slots=True)
class Said:
    """One answer, before it is put into a vendor's words."""

    model: str
    text: str
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    is_length: bool  # it ended because it had become as long as it may


def whole(vendor: str, said: Said) -> Json:
    return _anthropic_whole(said) if vendor == "anthropic" else _openai_whole(said)


def events(vendor: str, said: Said, *, pieces: int) -> Iterator[bytes]:
    """Server-sent events, the text in so many pieces."""
    texts = [text for text in _split(said.text, pieces) if text]
    if vendor == "anthropic":
        return (
            f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()
            for event in _anthropic_events(said, texts)
        )
    lines = (json.dumps(event) for event in _openai_events(said, texts))
    return (f"data: {line}\n\n".encode() for line in (*lines, "[DONE]"))


def error(vendor: str, status: int) -> Json:
    kind, message = ERRORS[status]
    if vendor == "anthropic":
        return {"type": "error", "error": {"type": kind, "message": message}}
    return {"error": {"message": message, "type": kind, "param": None, "code": None}}


def _split(text: str, pieces: int) -> list[str]:
    size = max(1, -(-len(text) // pieces))
    return [text[start : start + size] for start in range(0, len(text), size)]


def _anthropic_usage(said: Said, output_tokens: int) -> Json:
    return {
        "input_tokens": said.input_tokens, "cache_read_input_tokens": 0,
        "cache_creation_input_tokens": 0, "output_tokens": output_tokens,
    }


def _anthropic_message(said: Said, *, content: list[Json], stop: str | None, output: int) -> Json:
    return {
        "id": "msg_demo", "type": "message", "role": "assistant", "model": said.model,
        "content": content, "stop_reason": stop, "stop_sequence": None,
        "usage": _anthropic_usage(said, output),
    }


def _anthropic_whole(said: Said) -> Json:
    stop = "max_tokens" if said.is_length else "end_turn"
    content = [{"type": "text", "text": said.text}]
    return _anthropic_message(said, content=content, stop=stop, output=said.output_tokens)


def _anthropic_events(said: Said, texts: list[str]) -> Iterator[Json]:
    opened = _anthropic_message(said, content=[], stop=None, output=1)
    yield {"type": "message_start", "message": opened}
    yield {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    for text in texts:
        delta = {"type": "text_delta", "text": text}
        yield {"type": "content_block_delta", "index": 0, "delta": delta}
    yield {"type": "content_block_stop", "index": 0}
    stop = "max_tokens" if said.is_length else "end_turn"
    yield {
        "type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": None},
        "usage": {"output_tokens": said.output_tokens},
    }
    yield {"type": "message_stop"}


def _openai_usage(said: Said) -> Json:
    return {
        "prompt_tokens": said.input_tokens, "completion_tokens": said.output_tokens,
        "total_tokens": said.input_tokens + said.output_tokens,
        "prompt_tokens_details": {"cached_tokens": said.cached_tokens},
    }


def _openai_stop(said: Said) -> str:
    return "length" if said.is_length else "stop"


def _openai_whole(said: Said) -> Json:
    message = {"role": "assistant", "content": said.text, "refusal": None}
    choice = {"index": 0, "message": message, "finish_reason": _openai_stop(said), "logprobs": None}
    return {
        "id": "chatcmpl-demo", "object": "chat.completion", "created": 1_780_000_000,
        "model": said.model, "choices": [choice], "usage": _openai_usage(said),
    }


def _openai_events(said: Said, texts: list[str]) -> Iterator[Json]:
    yield _openai_chunk(said, {"role": "assistant", "content": ""})
    for text in texts:
        yield _openai_chunk(said, {"content": text})
    yield _openai_chunk(said, {}, finish_reason=_openai_stop(said))
    yield _openai_chunk(said, None) | {"usage": _openai_usage(said)}


def _openai_chunk(said: Said, delta: Json | None, finish_reason: str | None = None) -> Json:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason, "logprobs": None}
    return {
        "id": "chatcmpl-demo", "object": "chat.completion.chunk", "created": 1_780_000_000,
        "model": said.model, "choices": [] if delta is None else [choice], "usage": None,
    }

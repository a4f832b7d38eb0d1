"""What OpenAI's chat completions endpoint sends. tests/routing/providers checks it against the
SDK's own types."""

import json
from typing import Any

MODEL = "gpt-6-luna-2026-09-01"
USAGE = {
    "prompt_tokens": 100, "completion_tokens": 7, "total_tokens": 107,
    "prompt_tokens_details": {"cached_tokens": 64, "cache_write_tokens": 16},
    "completion_tokens_details": {"reasoning_tokens": 3},
}


def completion(text: str | None = "Know thyself.", **changes: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": text, "refusal": None}
    return {
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1_790_000_000, "model": MODEL,
        "choices": [{
            "index": 0,
            "message": message | changes.pop("message", {}),
            "finish_reason": changes.pop("finish_reason", "stop"),
            "logprobs": None,
        }],
        "usage": USAGE,
    } | changes


def chunk(delta: dict[str, Any], finish_reason: str | None = None, **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason, "logprobs": None}
    return {
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_790_000_000,
        "model": MODEL, "choices": [choice], "usage": None,
    } | more


def chunks(*texts: str, finish_reason: str = "stop") -> list[dict[str, Any]]:
    return [
        chunk({"role": "assistant", "content": "", "refusal": None}),
        *(chunk({"content": text}) for text in texts),
        chunk({}, finish_reason),
        chunk({}, choices=[], usage=USAGE),
    ]


def sse(*events: dict[str, Any], is_done: bool = True) -> list[bytes]:
    lines = [f"data: {json.dumps(event)}\n\n".encode() for event in events]
    return [*lines, b"data: [DONE]\n\n"] if is_done else lines


def error(message: str, *, code: str | None = None, kind: str = "invalid_request_error") -> Any:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}

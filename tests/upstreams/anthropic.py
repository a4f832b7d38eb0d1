"""What Anthropic's messages endpoint sends. tests/routing/providers checks it against the SDK's
own types."""

import json
from collections.abc import Sequence
from typing import Any

MODEL = "claude-haiku-5-5-20261001"
SEARCHED = {"web_search_requests": 2, "web_fetch_requests": 0}
INPUT_USAGE = {
    "input_tokens": 30, "cache_read_input_tokens": 200, "cache_creation_input_tokens": 50,
    "cache_creation": {"ephemeral_5m_input_tokens": 50, "ephemeral_1h_input_tokens": 0},
    "service_tier": "standard",
}
USAGE = INPUT_USAGE | {"output_tokens": 9, "server_tool_use": SEARCHED}


def message(text: str = "Know thyself.", **changes: Any) -> dict[str, Any]:
    return {
        "id": "msg_1", "type": "message", "role": "assistant", "model": MODEL,
        "content": [{"type": "text", "text": text}],
        "stop_reason": "end_turn", "stop_sequence": None, "usage": USAGE,
    } | changes


def start() -> dict[str, Any]:
    placeholder = INPUT_USAGE | {"output_tokens": 1}
    opened = message(content=[], stop_reason=None, usage=placeholder)
    return {"type": "message_start", "message": opened}


def delta(text: str) -> dict[str, Any]:
    return {
        "type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}
    }


def end(stop_reason: str | None = "end_turn", *, output_tokens: int = 9) -> dict[str, Any]:
    return {
        "type": "message_delta",
        "delta": {"stop_reason": stop_reason, "stop_sequence": None},
        "usage": {"output_tokens": output_tokens, "server_tool_use": SEARCHED},
    }


STOP = {"type": "message_stop"}


def events(*texts: str, stop_reason: str | None = "end_turn") -> list[dict[str, Any]]:
    opened = {"type": "content_block_start", "index": 0}
    return [
        start(),
        opened | {"content_block": {"type": "text", "text": ""}},
        {"type": "ping"},
        *(delta(text) for text in texts),
        {"type": "content_block_stop", "index": 0},
        end(None, output_tokens=4),  # counts are cumulative: this one is replaced
        end(stop_reason),
        STOP,
    ]


def sse(*events: dict[str, Any]) -> list[bytes]:
    return [
        f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in events
    ]


def error(message: str, *, kind: str, error_code: str | None = None) -> dict[str, Any]:
    details = {"details": {"error_code": error_code}} if error_code else {}
    return {"type": "error", "error": {"type": kind, "message": message} | details}


def page(title: str, url: str) -> dict[str, Any]:
    return {
        "type": "web_search_result", "title": title, "url": url, "encrypted_content": "x",
        "page_age": None,
    }


def quote(url: str, text: str) -> dict[str, Any]:
    """Words of a page, as a text block says which it is from."""
    return {
        "type": "web_search_result_location", "url": url, "title": None, "cited_text": text,
        "encrypted_index": "x",
    }


def searched(
    *pages: dict[str, Any], failed: str = "", text: str = "Plato wrote it.",
    quotes: Sequence[dict[str, Any]] = (),
) -> list[dict[str, Any]]:
    """Blocks of an answer that searched first."""
    found: Any = list(pages)
    if failed:
        found = {"type": "web_search_tool_result_error", "error_code": failed}
    return [
        {"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": {"query": "q"},
         "caller": {"type": "direct"}},
        {"type": "web_search_tool_result", "tool_use_id": "srv_1", "content": found,
         "caller": {"type": "direct"}},
        {"type": "text", "text": text} | ({"citations": list(quotes)} if quotes else {}),
    ]

"""The OpenAI-compatible paths in our OpenAPI document: async views that DRF cannot see."""

from typing import Any

from django.conf import settings

from routing.api.parsing import MAX_MESSAGES, MAX_OUTPUT_TOKENS, MAX_STOPS, ROLES
from routing.call_kinds import CALL_KINDS
from routing.types import Complexity

ERRORS = {
    "400": "The call cannot be understood: `error.message` says what to change.",
    "401": "No key, or one that is not known, revoked or expired.",
    "403": "`tier_feature`: not in the caller's plan.",
    "404": "`model_not_found`.",
    "409": "`idempotency_conflict`: the key was used for another call.",
    "413": "`payload_too_large`.",
    "429": "`rate_limited` (with Retry-After) or `quota_exceeded` (with limit, used, resets_at, "
    "what still works and the next plan up).",
    "503": "`budget_exhausted` or `upstream_unavailable`, with what still works.",
}
HEADERS = {
    "Idempotency-Key": "The same key and body again: the same answer, billed once. Kept a day.",
    "X-Debate-Id": "The debate that this call is part of.",
    "X-Stage": "The stage of the debate, for its cost: any name of yours.",
    "X-Speaker": "Who speaks, for the cost of the debate: any name of yours.",
    "X-Parent-Call": "The call that this one is made for: the `X-Request-Id` of its answer.",
    "X-Max-Searches": "Web searches that the model may make: 0 (usual) to 3, billed one by one.",
    "X-Uses-Calls": "Calls whose answers stand in this prompt, separated by commas (64 at most).",
    "X-End-User": "Service keys only: whom the call is for. New ids start on the free plan.",
    "Cache-Control": "`no-cache`: a fresh answer. `no-store`: and do not keep it.",
}


def add_openai_paths(
    result: dict[str, Any], generator: Any, request: Any, public: bool
) -> dict[str, Any]:
    """A drf-spectacular postprocessing hook."""
    schemas = result.setdefault("components", {}).setdefault("schemas", {})
    schemas |= {"ChatRequest": CHAT_REQUEST, "ChatCompletion": CHAT_COMPLETION, "Error": ERROR}
    result["paths"]["/v1/chat/completions"] = {"post": CHAT}
    result["paths"]["/v1/models"] = {"get": MODELS}
    return result


def _ref(name: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}


def _header(name: str, about: str, values: list[str] | None = None) -> dict[str, Any]:
    schema = {"type": "string"} | ({"enum": values} if values else {})
    return {"in": "header", "name": name, "schema": schema, "description": about}


CHAT_REQUEST: dict[str, Any] = {
    "type": "object",
    "required": ["messages"],
    "properties": {
        "model": {
            "type": "string", "default": "auto",
            "description": "`auto`, a class (`local economy mid premium`) or a deployment.",
        },
        "messages": {
            "type": "array", "minItems": 1, "maxItems": MAX_MESSAGES,
            "items": {
                "type": "object",
                "required": ["role", "content"],
                "properties": {
                    "role": {"type": "string", "enum": sorted(ROLES)},
                    "content": {"type": "string", "minLength": 1},
                },
            },
        },
        "max_tokens": {"type": "integer", "minimum": 1, "maximum": MAX_OUTPUT_TOKENS},
        "temperature": {"type": "number", "minimum": 0, "maximum": 2},
        "top_p": {"type": "number", "minimum": 0, "maximum": 1},
        "stop": {"type": "array", "maxItems": MAX_STOPS, "items": {"type": "string"}},
        "stream": {"type": "boolean", "default": False},
        "stream_options": {
            "type": "object", "properties": {"include_usage": {"type": "boolean"}},
        },
    },
    "example": {
        "model": "auto",
        "messages": [{"role": "user", "content": "Socrates, what is justice?"}],
    },
}
CHAT_COMPLETION: dict[str, Any] = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "object": {"type": "string", "enum": ["chat.completion"]},
        "created": {"type": "integer"},
        "model": {"type": "string", "description": "the deployment that answered"},
        "choices": {"type": "array", "items": {"type": "object"}},
        "usage": {"type": "object"},
    },
}
ERROR: dict[str, Any] = {
    "type": "object",
    "properties": {
        "error": {
            "type": "object",
            "required": ["message", "type", "code"],
            "properties": {
                "message": {"type": "string"},
                "type": {"type": "string"},
                "param": {"type": "string", "nullable": True},
                "code": {"type": "string"},
            },
        }
    },
}
PAID_FROM: dict[str, Any] = {
    "description": "What paid for the call: the plan, credit bought beforehand, or use beyond the "
    "plan. Not sent with answers that cost nothing: from a cache, or shared with another call.",
    "schema": {"type": "string", "enum": ["plan", "credit", "overage"]},
}
COST = {
    "description": "What the call cost, in credits: thousandths of a dollar of model cost. With "
    "whole replies that were paid for; a stream has begun before it is known.",
    "schema": {"type": "string", "example": "1.250"},
}
KEY: list[dict[str, list[str]]] = [{"apiKey": []}]
CHAT: dict[str, Any] = {
    "operationId": "chat_completions",
    "tags": ["OpenAI-compatible"],
    "summary": "Answer a conversation",
    "description": f"At most {settings.BODY_LIMIT_BYTES // 1024 // 1024} MB. With `stream` the "
    "reply is `text/event-stream`, as OpenAI's.",
    "security": KEY,
    "parameters": [
        *(_header(name, about) for name, about in HEADERS.items()),
        _header("X-Call-Kind", "What the call is for.", sorted(CALL_KINDS)),
        _header("X-Complexity", "How hard it is; the plan decides.", [*Complexity]),
    ],
    "requestBody": {"required": True, "content": _ref("ChatRequest")},
    "responses": {
        "200": {
            "description": "The answer.", "content": _ref("ChatCompletion"),
            "headers": {"X-Paid-From": PAID_FROM, "X-Cost-Credits": COST},
        },
        **{code: {"description": text, "content": _ref("Error")} for code, text in ERRORS.items()},
    },
}
MODELS: dict[str, Any] = {
    "operationId": "models",
    "tags": ["OpenAI-compatible"],
    "summary": "What the caller's plan may ask for",
    "security": KEY,
    "responses": {
        "200": {"description": "Classes and deployments.",
                "content": {"application/json": {"schema": {"type": "object"}}}},
        "401": {"description": ERRORS["401"], "content": _ref("Error")},
    },
}

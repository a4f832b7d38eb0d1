"""Results as vendors' APIs report them, with made-up figures."""

from typing import Any

from tests.services import usage_reports as api


def claude(model: str = "claude-haiku-5-5-20260901", **counts: int) -> dict[str, Any]:
    """Of Anthropic's usage report. Its four buckets do not overlap."""
    usual = {"fresh": 110, "read": 30, "write_5m": 5, "write_1h": 2, "output": 55} | counts
    return {
        "uncached_input_tokens": usual["fresh"],
        "cache_creation": {
            "ephemeral_1h_input_tokens": usual["write_1h"],
            "ephemeral_5m_input_tokens": usual["write_5m"],
        },
        "cache_read_input_tokens": usual["read"], "output_tokens": usual["output"],
        "server_tool_use": {"web_search_requests": 0}, "model": model, "api_key_id": None,
        "workspace_id": None, "service_tier": None, "context_window": None, "inference_geo": None,
    }


def cents(amount: str, model: str | None = "claude-haiku-5-5-20260901") -> dict[str, Any]:
    """Of Anthropic's cost report, by description."""
    return {
        "currency": "USD", "amount": amount, "workspace_id": None, "model": model,
        "description": "Usage" if model else "Web Search Usage",
        "cost_type": "tokens" if model else "web_search", "context_window": "0-200k",
        "service_tier": "standard", "token_type": "output_tokens" if model else None,
        "inference_geo": "global",
    }


def completions(model: str = "gpt-6-luna-2026-08-07", **counts: Any) -> dict[str, Any]:
    """Of OpenAI's usage: input has what came from the cache in it."""
    return {
        "object": "organization.usage.completions.result", "input_tokens": 1000,
        "output_tokens": 200, "input_cached_tokens": 400, "input_audio_tokens": 0,
        "output_audio_tokens": 0, "num_model_requests": 12, "project_id": None, "user_id": None,
        "api_key_id": None, "model": model, "batch": None, "service_tier": None,
    } | counts


def embeddings(model: str = "text-embedding-6", tokens: int = 70) -> dict[str, Any]:
    return {
        "object": "organization.usage.embeddings.result", "input_tokens": tokens,
        "num_model_requests": 3, "project_id": None, "user_id": None, "api_key_id": None,
        "model": model,
    }


def dollars(value: Any, line_item: str | None, currency: str = "usd") -> dict[str, Any]:
    return {
        "object": "organization.costs.result", "amount": {"value": value, "currency": currency},
        "line_item": line_item, "project_id": None, "organization_id": "org-1",
    }


def fill(reports: api.Reports, day: str = "2026-11-20") -> None:
    """A day of both vendors."""
    reports.put(api.ANTHROPIC_USAGE, day, claude(), claude("claude-sonnet-5-5", write_1h=0))
    reports.put(
        api.ANTHROPIC_COST, day, cents("20.5"), cents("4.5"), cents("1.00000", None),
        cents("0", "claude-sonnet-5-5"),
    )
    reports.put(api.OPENAI_USAGE, day, completions())
    reports.put(api.OPENAI_EMBEDDINGS, day, embeddings())
    reports.put(
        api.OPENAI_COST, day, dollars(0.8958740000000001, "gpt-6-luna-2026-08-07, input"),
        dollars(1e-05, "gpt-6-luna-2026-08-07, output"), dollars(0, "text-embedding-6, input"),
    )

"""What Ollama's own API sends, written from its source; no live server was at hand."""

from typing import Any

MODEL = "qwen3:4b"


def line(text: str, **more: Any) -> dict[str, Any]:
    return {
        "model": MODEL, "created_at": "2026-11-25T09:00:00.000000Z",
        "message": {"role": "assistant", "content": text}, "done": False,
    } | more


def last(text: str = "", *, done_reason: str = "stop", **more: Any) -> dict[str, Any]:
    return line(text) | {
        "done": True, "done_reason": done_reason, "total_duration": 5_000_000_000,
        "load_duration": 1_000_000, "prompt_eval_count": 26, "prompt_eval_duration": 130_000_000,
        "eval_count": 11, "eval_duration": 900_000_000,
    } | more


def without(fields: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in names}


def installed(name: str, family: str = "qwen3", **more: Any) -> dict[str, Any]:
    return {
        "name": name, "model": name, "modified_at": "2026-11-01T09:00:00Z", "size": 2_600_000_000,
        "digest": "sha256:1", "details": {"family": family, "families": [family]},
    } | more


def tags(*models: dict[str, Any]) -> dict[str, Any]:
    return {"models": list(models)}

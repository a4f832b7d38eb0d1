"""Stored answers, as tests need them."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from billing.usage import Usage
from routing.cache import patterns
from routing.models import StoredAnswer
from routing.types import Completion, ModelClass, Reuse, StopReason

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
OPUS = "anthropic/claude-opus-5-5"
ROUTE = f"premium {OPUS}"
SOCRATES = ["socrates", 1, None]
FIELDS: dict[str, Any] = {
    "kind": "opening_statement", "lang": "ko", "prompt_version": 3, "topic": "free-will",
    "topic_epoch": 0, "side": "pro", "philosopher": SOCRATES,
}


def reuse_of(*, variants: int = 3, ttl_days: int = 30, prefer: int = 0, **fields: Any) -> Reuse:
    return Reuse(FIELDS | fields, variants=variants, ttl_days=ttl_days, prefer=prefer)


def completion_of(text: str, **more: Any) -> Completion:
    values: dict[str, Any] = {
        "stop_reason": StopReason.STOP, "usage": Usage(900, 0, 0, 200), "deployment": OPUS,
        "model_class": ModelClass.PREMIUM, "call_id": str(uuid4()),
    }
    return Completion(text, **values | more)


def stored(reuse: Reuse, text: str, **more: Any) -> StoredAnswer | None:
    values: dict[str, Any] = {
        "route": ROUTE, "origin": StoredAnswer.Origin.LIVE, "call_id": uuid4(),
        "cost_nanos": 9_000, "now": NOW, "user_id": None,
    }
    return patterns.store(reuse, completion_of(text), **values | more)


def looked_up(reuse: Reuse, *, user_id: int = 1, **more: Any) -> patterns.Stored | None:
    return patterns.lookup(reuse, **{"route": ROUTE, "user_id": user_id, "now": NOW} | more)


def taken(reuse: Reuse, *, user_id: int = 1, **more: Any) -> patterns.Stored | None:
    return patterns.take(reuse, **{"route": ROUTE, "user_id": user_id, "now": NOW} | more)


def text_of(found: patterns.Stored | None) -> str | None:
    return None if found is None else found.text

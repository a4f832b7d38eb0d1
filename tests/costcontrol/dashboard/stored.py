"""Stored answers for the pages: one each, told apart by what is given."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from routing.models import StoredAnswer, Topic
from tests.costcontrol.dashboard.rows import BASELINE, NOW

KEY = "a" * 64


def answer(**columns: Any) -> StoredAnswer:
    """An opening of Kant's for the first topic that cost a cent and was never served."""
    made_at = columns.get("made_at", NOW)
    usual: dict[str, Any] = {
        "key": KEY, "variant": 0, "kind": "opening_statement", "topic_key": "t001", "side": "pro",
        "philosopher": "kant", "language": "en", "route": f"premium {BASELINE}",
        "fields": {"kind": "opening_statement", "lang": "en", "topic": "t001", "topic_epoch": 1,
                   "side": "pro", "philosopher": ["kant", 1, None]},
        "text": "Act only on maxims that can be laws.", "deployment": BASELINE,
        "model_class": "premium", "origin": "live", "call_id": uuid4(), "cost_nanos": 10_000_000,
        "made_at": made_at, "soft_until": made_at + timedelta(days=72),
        "hard_until": made_at + timedelta(days=90),
    }
    return StoredAnswer.objects.create(**usual | columns)


def topic(key: str = "t001", **columns: Any) -> Topic:
    usual = {"category": "ethics", "ko": f"{key} 질문인가?", "en": f"Is {key} a question?"}
    return Topic.objects.create(key=key, **usual | columns)

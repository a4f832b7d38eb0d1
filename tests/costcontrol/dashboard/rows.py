"""Usage rows for the pages: one call each, told apart by what is given."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from accounts.models import Tier, User
from accounts.services import tiers_load
from billing import rollups
from billing.models import UsageRecord

NOW = datetime(2026, 11, 25, 3, 4, tzinfo=UTC)  # 12:04 in Seoul
BASELINE = "anthropic/claude-opus-5-5"
Outcome = UsageRecord.Outcome


def rolled_up() -> None:
    """As beat has it done each hour: older hours are read from their sums."""
    rollups.catch_up(now=NOW)


def staff(email: str = "alice@example.com", *, tier: str = "premium") -> User:
    return person(email, tier=tier, is_staff=True)


def person(email: str = "bob@example.com", *, tier: str = "premium", **columns: Any) -> User:
    if not Tier.objects.exists():
        tiers_load()
    return User.objects.create_user(email, "secret", tier_id=tier, **columns)


def call(at: datetime = NOW, **columns: Any) -> UsageRecord:
    """A call that an economy model answered for $0.25 instead of $1."""
    usual: dict[str, Any] = {
        "call_id": uuid4(), "attempt": 1, "at": at, "user_id": 1, "tier": "premium",
        "debate_id": "debate-1", "language": "ko", "requested_model": "auto",
        "deployment": "anthropic/claude-haiku-5-5", "model_class": "economy",
        "provider": "anthropic", "model": "claude-haiku-5-5", "outcome": Outcome.COMPLETE,
        "confidence": "exact", "cost_nanos": 250_000_000, "baseline": BASELINE,
        "baseline_nanos": 1_000_000_000, "fresh_input_tokens": 100, "cache_read_tokens": 0,
        "cache_write_tokens": 0, "output_tokens": 50, "latency_ms": 800,
    }
    return UsageRecord.objects.create(**usual | columns)


def hit(at: datetime = NOW, **columns: Any) -> UsageRecord:
    facts = {"attempt": 0, "outcome": Outcome.CACHED, "cache_layer": "exact", "cost_nanos": 0}
    return call(at, **facts | {"latency_ms": 4} | columns)


def refusal(at: datetime = NOW, code: str = "quota_exceeded") -> UsageRecord:
    return call(
        at, attempt=0, outcome=Outcome.REFUSED, error_code=code, cost_nanos=0, deployment="",
        model_class="", baseline="", baseline_nanos=None,
    )


def failure(at: datetime = NOW, code: str = "upstream_timeout") -> UsageRecord:
    return call(
        at, outcome=Outcome.FAILED, error_code=code, cost_nanos=0, baseline="", baseline_nanos=None
    )

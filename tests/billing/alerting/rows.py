"""Rules, windows and calls that alerts are about."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from billing.alerting.channels import channel_make
from billing.alerting.evaluation import evaluate
from billing.budgets import rule_of_budget, window_get
from billing.models import Budget, UsageRecord, Window
from billing.models_operator import Alert, AlertChannel, AlertDelivery, AlertRule
from tests.billing.books import NOW

CENT, DOLLAR = 10_000_000, 1_000_000_000
MINUTE = timedelta(minutes=1)
ALICE = "alice@example.org"


def rule(kind: str = "budget", threshold: int = 80, **more: Any) -> AlertRule:
    channels = more.pop("channels", [])
    row = AlertRule.objects.create(
        kind=kind, threshold=threshold, made_by=ALICE, made_at=NOW, **more
    )
    row.channels.set(channels)
    return row


def channel(kind: str = "email", address: str = "ops@example.org") -> AlertChannel:
    return channel_make(kind=kind, name=f"{kind} ops", address=address, actor=ALICE, now=NOW)[0]


def spend(cents: int, *, cap: int = 100, **more: Any) -> Window:
    """The running window of a budget, with so much spent in it."""
    facts = {"scope_kind": "platform", "scope_id": "", "period": "day"} | more
    budget, _ = Budget.objects.update_or_create(**facts, defaults={"cap_nanos": cap * CENT})
    ref = window_get(rule_of_budget(budget), now=NOW)
    Window.objects.filter(pk=ref.id).update(spent=cents * CENT, cap=cap * CENT)
    return Window.objects.get(pk=ref.id)


def calls(count: int = 1, *, minutes_ago: float = 5, **more: Any) -> None:
    facts: dict[str, Any] = {
        "attempt": 1, "user_id": 1, "tier": "premium", "requested_model": "auto",
        "outcome": "complete", "confidence": "exact", "cost_nanos": CENT, "provider": "openai",
        "deployment": "openai/gpt-test", "price_fresh_input": 1,
    }
    at = NOW - minutes_ago * MINUTE
    UsageRecord.objects.bulk_create(
        UsageRecord(call_id=uuid4(), at=at, **facts | more) for _ in range(count)
    )


def look(minutes: float = 0) -> list[str]:
    """Ask all rules so many minutes later; the states of all alerts, oldest first."""
    evaluate(now=NOW + minutes * MINUTE)
    return list(Alert.objects.order_by("pk").values_list("state", flat=True))


def messages() -> list[tuple[str, str]]:
    """(event, channel) of every message there is, oldest first."""
    rows = AlertDelivery.objects.order_by("pk")
    return list(rows.values_list("event", "channel__name"))

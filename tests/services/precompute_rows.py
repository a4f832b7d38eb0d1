"""Runs of precompute as rows, for pages and walks: nothing is asked of anybody."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from costcontrol.lib import clock
from routing.models import PrecomputeBatch, PrecomputeItem, PrecomputeRun, Topic

MILLI = 1_000_000
HAIKU = "anthropic/claude-haiku-5-5"


def draft_make(**columns: Any) -> PrecomputeRun:
    """An estimate with three lines, and its items."""
    facts: dict[str, Any] = {
        "status": "estimated", "created_at": clock.now(), "order": {"tier": "premium"},
        "estimate": estimate(), "budget_nanos": 5000 * MILLI,
    }
    run = PrecomputeRun.objects.create(**facts | columns)
    for number in range(3):
        item_make(run, number, status="planned")
    return run


def run_make(**columns: Any) -> PrecomputeRun:
    """One that is over: two were made, one expired."""
    now = clock.now()
    run = draft_make(
        status="finished", started_at=now - timedelta(hours=2), finished_at=now,
        cost_nanos=21 * MILLI, **columns,
    )
    batch = PrecomputeBatch.objects.create(
        run=run, deployment=HAIKU, level=0, status="read", provider_id="msgbatch_01",
        created_at=now - timedelta(hours=2), sent_at=now - timedelta(hours=2), ended_at=now,
        counts={"twice": 1},
    )
    run.items.update(batch=batch)
    first = run.items.order_by("pk").first()
    run.items.filter(pk=first.pk if first else 0).update(
        status="expired", error="expired", cost_nanos=0
    )
    return run


def item_make(run: PrecomputeRun, number: int, *, status: str) -> PrecomputeItem:
    topic = Topic.objects.order_by("popularity_rank").first()
    return PrecomputeItem.objects.create(
        run=run, call_id=uuid4(), key=f"{number:064d}", variant=0, level=0, kind="core_arguments",
        topic_key=topic.pk if topic else "t001", language="ko", deployment=HAIKU,
        expected_uses=3.0, status=status,
    )


def estimate() -> dict[str, Any]:
    totals = {
        "bundles": 3, "answers": 9, "kinds": {"opening_statement": 3}, "keys": 3, "uses": 2.7,
        "cost_nanos": 21 * MILLI, "most_nanos": 60 * MILLI, "online_nanos": 42 * MILLI,
        "saving_nanos": 17 * MILLI,
    }
    sizes = {"kind": "opening_statement", "language": "ko", "deployment": HAIKU, "input": 1280,
             "output": 700, "is_seen": False}
    return {
        "made_at": clock.now().isoformat(), "totals": totals, "cut": totals | {"answers": 4},
        "unpaid": 12, "live": 0, "money_nanos": 5000 * MILLI,
        "history": {"days": 30, "debates": 400, "shareable": 260, "a_day": 8.67, "reach": 0.81,
                    "prior_share": 0.161},
        "lessons": [{"ranks": "1-10", "expected": 20.0, "served": 31, "factor": 1.275}],
        "unable": {"moderator_intro": "economy ollama/gemma"}, "sizes": [sizes],
        "rows": [row(number) for number in range(3)],
    }


def row(number: int) -> dict[str, Any]:
    return {
        "topic": f"t00{number + 1}", "language": "ko", "kind": "opening_statement", "side": "pro",
        "philosopher": "kant", "variant": 1, "parts": 3, "expected": 4.2 - number,
        "chance": 0.98, "figure": 1.97 - number / 2, "cost_nanos": 7 * MILLI,
        "saving_nanos": 6 * MILLI, "deployment": HAIKU,
        "fate": ("chosen", "cut", "unpaid")[number],
    }

"""A platform with a catalogue, debates of the past and two providers that take batches."""

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from accounts.models import User
from billing import ledger, output_lengths
from billing.models import Reservation, UsageRecord
from costcontrol.lib import clock
from routing import snapshot
from routing.cache.keys import key_of
from routing.debates.philosophers import character_from
from routing.debates.reuse import About, reuse_of
from routing.debates.types import Cast
from routing.models import (
    Debate,
    Deployment,
    Philosopher,
    PrecomputeItem,
    PrecomputeRun,
    StoredAnswer,
    Topic,
    Turn,
)
from routing.precompute import machine, runs
from routing.precompute.orders import order_of
from tests.services.defaults import defaults_copy
from tests.upstreams.batches import BatchUpstream

OPUS, HAIKU = "anthropic/claude-opus-5-5", "anthropic/claude-haiku-5-5"
OPEN = (Reservation.State.HELD, Reservation.State.SENT)
FOUND = {
    "pro": "It is.", "con": "It is not.", "arguments": ["Duty binds.", "Reason rules."],
    "queries": ["duty"], "claims": ["Duty binds."], "weak_points": ["It is cold."],
}
ACTOR = "staff@example.org"
MADE_NANOS = 4_000_000


def house_make() -> User:
    """Opus writes openings, Haiku what is medium. Both take batches. One user, on premium."""
    defaults_copy()
    Deployment.objects.exclude(name__in=[OPUS, HAIKU]).update(is_enabled=False)
    snapshot.forget()
    output_lengths.forget_all()
    return User.objects.create_user(f"{uuid4().hex[:12]}@example.org", tier_id="premium")


def answers(upstream: BatchUpstream) -> None:
    """What is found out is JSON; what is said is not. No two are the same."""
    def answer(custom_id: str, prompt: str) -> str:
        if "JSON" in prompt:
            return json.dumps(FOUND | {"id": custom_id})
        return f"I say so, in my own words ({custom_id})."

    upstream.answer = answer


def topic() -> Topic:
    return Topic.objects.order_by("popularity_rank")[0]


def debates_make(
    user: User, count: int, *, row: Topic | None = None, language: str = "ko", **columns: Any
) -> None:
    """Of the usual cast, in the last days; all openings were come to."""
    row = row or topic()
    now = clock.now()
    facts: dict[str, Any] = {"format": "2v2", "cast": cast_of(row)} | columns
    made = Debate.objects.bulk_create(
        Debate(
            user_id=user.pk, topic_key=row.pk, topic=row.ko, language=language,
            created_at=now - timedelta(hours=n % 700 + 1), **facts,
        )
        for n in range(count)
    )
    Turn.objects.bulk_create(
        Turn(debate=each, number=n, step=n, stage="pro_argument", kind="opening_statement",
             status=Turn.Status.COMPLETED, created_at=each.created_at)
        for each in made for n in range(len(each.cast["pro"]) + len(each.cast["con"]))
    )


def cast_of(row: Topic) -> dict[str, Any]:
    people = {each.key: each for each in Philosopher.objects.filter(is_current=True)}
    return {
        side: [{"key": name, "version": people[name].version} for name in row.default_cast[side]]
        for side in ("pro", "con")
    }


def asked(**changes: Any) -> dict[str, Any]:
    """One topic, one variant, Korean: a run of a handful of answers."""
    return {
        "languages": ["ko"], "tier": "premium", "budget_usd": "5", "topics": 1, "variants": 1,
        "horizon_days": 30,
    } | changes


def old_answer(
    kind: str = "opening_statement", *, of: int | None = None, **changes: Any
) -> StoredAnswer:
    """Kant's, past its soft end, served since, and for ten more days."""
    known, now, row = snapshot.load(), clock.now(), topic()
    kant = Philosopher.objects.get(key="kant", is_current=True)
    about = About(row.pk, row.epoch, row.en, "en", Cast((character_from(kant, "en"),), ()))
    reuse = reuse_of(
        kind, about, kinds=known.kinds, speaker="pro1", statement_ids=[of] if of else []
    )
    assert reuse
    model = changes.pop("deployment", OPUS if kind == "opening_statement" else HAIKU)
    deployment = known.deployment(model)
    assert deployment
    route = f"{deployment.model_class} {model}"
    facts: dict[str, Any] = {
        "key": key_of(reuse, route=route), "variant": 1 if not of else 0, "kind": kind,
        "topic_key": row.pk, "side": "pro", "philosopher": "kant", "language": "en",
        "route": route, "fields": dict(reuse.fields), "text": f"What I said then ({kind}).",
        "deployment": model, "model_class": str(deployment.model_class), "origin": "live",
        "call_id": uuid4(), "made_at": now - timedelta(days=80),
        "soft_until": now - timedelta(days=8), "hard_until": now + timedelta(days=10),
        "served_at": now - timedelta(days=1), "served": 4,
    }
    return StoredAnswer.objects.create(**facts | changes)


def made_ago(run_topic: Topic, *, days: int, served: int = 0) -> PrecomputeItem:
    """One answer on this topic, made so many days ago."""
    at = clock.now() - timedelta(days=days)
    number = PrecomputeItem.objects.count()
    run = PrecomputeRun.objects.create(
        status="finished", created_at=at, order={}, estimate={}, budget_nanos=MADE_NANOS
    )
    facts: dict[str, Any] = {
        "key": f"{number:064}", "variant": 0, "kind": "core_arguments",
        "topic_key": run_topic.pk, "language": "ko", "deployment": HAIKU, "call_id": uuid4(),
    }
    answer = StoredAnswer.objects.create(
        **facts, route=f"economy {HAIKU}", fields={}, text="x", model_class="economy",
        origin="batch", made_at=at, served=served, soft_until=at + timedelta(days=30),
        hard_until=at + timedelta(days=60),
    )
    return PrecomputeItem.objects.create(
        **facts, run=run, level=0, expected_uses=1, status="made", answer=answer,
        cost_nanos=MADE_NANOS,
    )


def run_make(now: datetime, **changes: Any) -> PrecomputeRun:
    known = snapshot.load()
    order = order_of(asked(**changes), snapshot=known)
    return runs.run_estimate(order, snapshot=known, actor=ACTOR, user_id=None, now=now)


def run_started(now: datetime, **changes: Any) -> PrecomputeRun:
    return runs.run_start(run_make(now, **changes), actor=ACTOR, now=now)


def to_the_end(run: PrecomputeRun, now: datetime, *, most: int = 60) -> datetime:
    """Step by step, eleven minutes apart: no claim of a process that died lasts so long."""
    for _step in range(most):
        if not machine.step(run.pk, now=now):
            break
        now += timedelta(minutes=11)
    else:
        raise AssertionError(f"run {run.pk} does not end")
    run.refresh_from_db()
    return now


def statuses(run: PrecomputeRun) -> dict[str, int]:
    found: dict[str, int] = {}
    for status in run.items.values_list("status", flat=True):
        found[status] = found.get(status, 0) + 1
    return found


def rows_of(run: PrecomputeRun) -> list[UsageRecord]:
    ids = run.items.values_list("call_id", flat=True)
    return list(UsageRecord.objects.filter(call_id__in=list(ids)))


def made_of(run: PrecomputeRun, kind: str) -> list[StoredAnswer]:
    ids = run.items.filter(kind=kind).values_list("answer", flat=True)
    return list(StoredAnswer.objects.filter(pk__in=[pk for pk in ids if pk]))


def assert_adds_up(run: PrecomputeRun, upstream: BatchUpstream) -> None:
    """Nothing lost, nothing twice: items, ledger, usage rows and answers tell the same."""
    run.refresh_from_db()
    assert ledger.differences() == []
    assert run.held_nanos == 0
    rows = rows_of(run)
    assert run.cost_nanos == sum(row.cost_nanos for row in rows)
    assert run.cost_nanos == sum(run.items.values_list("cost_nanos", flat=True))
    call_ids = [row.call_id for row in rows]
    assert len(call_ids) == len(set(call_ids))
    reserved = Reservation.objects.filter(call_id__in=[item.call_id for item in run.items.all()])
    assert not reserved.filter(state__in=OPEN).exists()
    made = run.items.filter(status=PrecomputeItem.Status.MADE)
    assert made.count() == made.exclude(answer=None).count()
    sold = [name for name in upstream.sold if not name.startswith("theirs")]
    assert len(sold) == len(set(sold)), "something was handed in twice"


def named(run: PrecomputeRun, custom_id: str) -> PrecomputeItem:
    return run.items.get(call_id=UUID(custom_id))

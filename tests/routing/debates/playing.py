"""Debates for tests: their rows, a simulated model, and a worker in this process."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar
from uuid import uuid4

from accounts.models import Tier, User
from accounts.types import Caller
from billing.models import ModelPrice, UsageRecord
from costcontrol.lib import clock, database, redis
from routing import health, snapshot
from routing.cache.templates import WRITERS
from routing.debates import turns
from routing.debates.endings import steps_left
from routing.debates.shipped import kinds_load
from routing.debates.worker import Worker
from routing.models import CallKindRow, Debate, Deployment, Philosopher, Turn, TurnEvent
from tests.flows.rows import deployment, price
from tests.services.defaults import defaults_copy

T = TypeVar("T")
CAST = {"pro": ["kant", "plato"], "con": ["hume", "mill"]}


def rows_make(*, model: str = "echo", **columns: Any) -> User:
    """A user whose calls are all answered by one simulated model."""
    defaults_copy()
    Deployment.objects.all().update(is_enabled=False)
    no_templates()
    for model_class in ("economy", "mid", "premium"):
        simulated(model, model_class=model_class, **columns)
    health.forget_all()
    snapshot.forget()
    return person_make()


def person_make() -> User:
    """On a plan without limits."""
    classes = ["economy", "mid", "premium"]
    plan = {"title": "Enterprise", "route_mode": "cloud", "allowed_classes": classes}
    Tier.objects.get_or_create(name="enterprise", defaults=plan)
    return User.objects.create_user(f"{uuid4().hex[:12]}@example.org", tier_id="enterprise")


def simulated(model: str, *, model_class: str, **columns: Any) -> Deployment:
    """`model` says what it does: see `routing.providers.fake`."""
    facts = {"provider": "fake", "model": model, "price_provider": "fake"}
    price("fake", model, fresh_input=1, output=2)
    return deployment(f"fake/{model_class}", "", model_class=model_class, **facts | columns)


def becomes(model: str, *classes: str) -> None:
    """The simulated models of these classes do something else from now on."""
    if not ModelPrice.objects.filter(provider="fake", model=model).exists():
        price("fake", model, fresh_input=1, output=2)
    names = [f"fake/{each}" for each in classes or ("economy", "mid", "premium")]
    Deployment.objects.filter(name__in=names).update(model=model)
    health.forget_all()
    snapshot.forget()


def kind_change(name: str, **columns: Any) -> None:
    """What an operator may say about a kind of call."""
    CallKindRow.objects.filter(name=name).update(**columns)
    snapshot.forget()


def no_templates() -> None:
    """Models write everything."""
    known = set(CallKindRow.objects.values_list("name", flat=True))
    if WRITERS.keys() - known:
        kinds_load()
    CallKindRow.objects.filter(name__in=WRITERS).update(may_be_template=False)
    snapshot.forget()


def debate_make(user: User, **columns: Any) -> Debate:
    """1v1, without background calls and templates, if nothing else is said."""
    no_templates()
    facts: dict[str, Any] = {
        "user_id": user.pk, "topic": "Is it right to lie?", "language": "en", "format": "1v1",
        "is_lean": True, "created_at": clock.now(), "seen_at": clock.now(),
    } | columns
    count = int(facts["format"][0])
    facts["cast"] = {side: [_entry(key) for key in keys[:count]] for side, keys in CAST.items()}
    return Debate.objects.create(**facts)


def _entry(key: str) -> dict[str, Any]:
    row, _is_new = Philosopher.objects.get_or_create(
        key=key, version=1, defaults={"name_ko": key, "name_en": key.title()}
    )
    return {"key": key, "version": row.version, "name_ko": row.name_ko, "name_en": row.name_en}


def caller_of(user: User) -> Caller:
    user = User.objects.select_related("tier", "member__organisation__tier").get(pk=user.pk)
    return replace(Caller.signed_in(user), key_prefix="")


def next_turn(debate: Debate, **more: Any) -> Turn:
    user = User.objects.get(pk=debate.user_id)
    return turns.turn_next(debate, caller=caller_of(user), now=clock.now(), **more)


async def run(function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """In the threads of the bridge, as all code of the database."""
    return await database.run(function, *args, **kwargs)


@asynccontextmanager
async def working(**options: Any) -> AsyncIterator[Worker]:
    worker = Worker(**options)
    task = asyncio.create_task(worker.work())
    try:
        yield worker
    finally:
        worker.stop()
        await asyncio.wait_for(task, 10)
        await redis.client().aclose()


async def until(
    function: Callable[..., T], *args: Any, is_it: Callable[[T], bool] = bool,
    within_s: float = 5.0, **kwargs: Any,
) -> T:
    """What the database says, as soon as it is what we wait for."""
    deadline = time.monotonic() + within_s
    while not is_it(found := await database.run(function, *args, **kwargs)):
        assert time.monotonic() < deadline, f"waited in vain: {found!r}"
        await asyncio.sleep(0.01)
    return found


async def ended(turn: Turn, *, within_s: float = 5.0) -> Turn:
    return await until(
        lambda: Turn.objects.select_related("debate").get(pk=turn.pk),
        is_it=lambda row: row.completed_at is not None, within_s=within_s,
    )


async def play(debate: Debate) -> list[Turn]:
    """Next, next, next, until it is over."""
    played = []
    while await database.run(steps_left, debate):
        played.append(await ended(await database.run(next_turn, debate)))
        assert played[-1].status == Turn.Status.COMPLETED, played[-1].error
    return played


async def debate_of(model: str = "echo", **columns: Any) -> Debate:
    user = await run(rows_make, model=model)
    return await run(debate_make, user, **columns)


async def kinds_of(turn: Turn) -> list[str]:
    rows = TurnEvent.objects.filter(turn=turn.pk).order_by("attempt", "seq")
    return await run(lambda: list(rows.values_list("kind", flat=True)))


async def of_first(turn: Turn, kind: str) -> dict[str, Any]:
    row = await run(lambda: TurnEvent.objects.filter(turn=turn.pk, kind=kind).first())
    assert row is not None
    return dict(row.data)


async def again(debate: Debate) -> Debate:
    return await run(Debate.objects.get, pk=debate.pk)


async def sales() -> list[UsageRecord]:
    """What was bought, and what it cost."""
    return await run(lambda: list(UsageRecord.objects.exclude(outcome="refused").order_by("pk")))


def again_sync(debate: Debate) -> Debate:
    return Debate.objects.get(pk=debate.pk)


def is_free(debate: Debate) -> bool:
    return debate.worker == ""


def unseen(debate: Debate) -> None:
    Debate.objects.filter(pk=debate.pk).update(seen_at=clock.now() - timedelta(minutes=1))

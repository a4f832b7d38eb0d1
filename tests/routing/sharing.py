"""A house whose models are simulated, and people who ask in it for answers that others may use."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

from accounts.models import User
from accounts.types import Caller
from billing import gauge, output_lengths, purses
from billing.models import UsageRecord
from costcontrol.lib import redis
from routing import gateway, health, keeper, limits, snapshot
from routing.answers import Answer
from routing.cache import exact, singleflight
from routing.models import Deployment
from routing.types import ChatRequest, Chunk, Message, Reuse
from tests.billing.purses import plan
from tests.flows.rows import price
from tests.routing.cache.answers import reuse_of
from tests.services.defaults import defaults_copy

CLASSES = ("economy", "mid", "premium")
OPENING = reuse_of(lang="en")
ARGUMENTS = reuse_of(lang="en", kind="core_arguments")


def house_make(model: str = "echo") -> None:
    """Three simulated models, which all do the same; nothing of another test is remembered."""
    defaults_copy()
    Deployment.objects.all().update(is_enabled=False)
    price("fake", "fake", fresh_input=1, output=100)
    for model_class in CLASSES:
        Deployment.objects.create(
            name=f"fake/{model_class}", provider="fake", model=model, model_class=model_class,
            languages=["en", "ko"], price_provider="fake",
        )
    price("fake", model, fresh_input=1, output=100)
    forget_all()


def becomes(model: str, *classes: str) -> None:
    price("fake", model, fresh_input=1, output=100)
    names = [f"fake/{model_class}" for model_class in classes or CLASSES]
    Deployment.objects.filter(name__in=names).update(model=model)
    forget_all()


def dear_and_cheap() -> None:
    """Of the models that are there, only premium ones cost more than next to nothing."""
    for row in Deployment.objects.filter(provider="fake"):
        is_dear = row.model_class == "premium"
        price("fake", row.model, fresh_input=0, output=100 if is_dear else 1)
    forget_all()


def forget_all() -> None:
    for memory in (gauge, output_lengths, purses, health):
        memory.forget_all()
    snapshot.forget()
    limits._local.clear()
    exact.memory.clear()
    singleflight._flights.clear()
    redis.breaker.cache_clear()
    keeper._rows.clear()
    keeper._uses.clear()


def caller_make(**rules: Any) -> Caller:
    tier = plan(**{"route_mode": "cloud", "allowed_classes": list(CLASSES)} | rules)
    user = User.objects.create_user(f"{uuid4().hex[:12]}@example.org", tier=tier)
    return Caller.signed_in(user)


def callers_make(count: int) -> Iterator[Caller]:
    """The same plan for everybody."""
    first = caller_make()
    for _ in range(count):
        user = User.objects.create_user(f"{uuid4().hex[:12]}@example.org", tier_id=first.tier.name)
        yield replace(first, user_id=user.pk, user_uuid=str(user.uuid))


def request_of(reuse: Reuse | None, text: str = "Open the debate.", **more: Any) -> ChatRequest:
    kind = str(reuse.fields["kind"]) if reuse else "opening_statement"
    language = str(reuse.fields["lang"]) if reuse else "en"
    facts = {"call_kind": kind, "language": language, "is_stream": True, "is_part": True}
    return ChatRequest((Message("user", text),), reuse=reuse, **facts | more)


def ask(
    who: Caller, reuse: Reuse | None = OPENING, text: str = "Open the debate.", **more: Any
) -> "Told":
    return ask_all([(who, request_of(reuse, text, **more))])[0]


class Told:
    """What one call came to."""

    def __init__(self, answer: Answer, chunks: Sequence[Chunk]) -> None:
        self.answer = answer
        self.text = "".join(chunk.text for chunk in chunks)

    @property
    def cache(self) -> str:
        return self.answer.cache

    @property
    def row(self) -> UsageRecord:
        return UsageRecord.objects.get(call_id=self.answer.call.id)


def ask_all(asked: Sequence[tuple[Caller, ChatRequest]]) -> list[Told]:
    """All at once, on their own loop, with all that is written beside them."""

    async def run() -> list[Told]:
        try:
            return list(await asyncio.gather(*(told_to(who, request) for who, request in asked)))
        finally:
            await settled()

    return asyncio.run(run())


async def told_to(who: Caller, request: ChatRequest) -> Told:
    answer = await gateway.answer(request, who)
    return Told(answer, await answer.whole())


async def settled() -> None:
    await keeper.flush()
    await redis.client().aclose()

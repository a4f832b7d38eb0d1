"""A call that may search the web: who answers it, and what it holds and costs."""

import asyncio
from collections.abc import Iterator

import pytest
from pytest_django import Settings

from accounts.models import User
from accounts.types import Caller
from billing import gauge, output_lengths, purses
from billing.models import ModelPrice, Reservation, UsageRecord
from costcontrol.lib import clock, database
from costcontrol.lib.errors import Unavailable
from routing import gateway, keeper, limits, providers, snapshot
from routing.frozen import freeze_anew
from routing.meter import SEARCH_READS
from routing.models import Deployment
from routing.types import ChatRequest, Message
from tests.billing.conftest import append_only as append_only
from tests.billing.conftest import committed as committed
from tests.billing.purses import plan
from tests.services.defaults import defaults_copy
from tests.upstreams import anthropic as frames
from tests.upstreams.server import json_reply, running_upstream

HAIKU = "anthropic/claude-haiku-5-5"
ASKED = ChatRequest(
    (Message("user", "What is virtue?"),), language="en", call_kind="rag_search",
    max_output_tokens=50, max_searches=2, may_read_cache=False,
)
PAGES = (frames.page("The Republic", "https://a.example/x"),)


@pytest.fixture
def house(committed: None, settings: Settings) -> Iterator[None]:
    defaults_copy()
    settings.ANTHROPIC_API_KEY = "sk-ant-test"
    for memory in (gauge, output_lengths, purses):
        memory.forget_all()
    limits._local.clear()
    snapshot.forget()
    freeze_anew("premium", at=clock.now(), actor="test")
    yield
    snapshot.forget()
    keeper._rows.clear()
    keeper._uses.clear()
    database.close_threads()


def caller() -> Caller:
    own = plan(
        route_mode="cloud", allowed_classes=["economy", "mid", "premium"], usd_per_day_nanos=10**10
    )
    return Caller.signed_in(User.objects.create_user("alice@example.com", tier=own))


def ask(who: Caller, settings: Settings, *, can_search: bool) -> tuple[str, int]:
    """What was said, and how often the upstream was asked."""

    async def run() -> tuple[str, int]:
        async with running_upstream() as upstream:
            upstream.will(json_reply(frames.message(content=frames.searched(*PAGES))))
            rows = Deployment.objects.filter(name=HAIKU)
            await database.run(lambda: rows.update(can_search=can_search))
            settings.ANTHROPIC_BASE_URL = upstream.url
            try:
                answer = await gateway.answer(ASKED, who)
                said = "".join(chunk.text for chunk in await answer.whole())
                return said, len(upstream.received)
            finally:
                await keeper.flush()
                await providers.close_all()

    return asyncio.run(run())


@pytest.mark.usefixtures("house")
def test_searches_are_held_billed_apart_and_in_the_baseline(settings: Settings) -> None:
    said, asked = ask(caller(), settings, can_search=True)
    assert (said, asked) == ("Plato wrote it.\n[The Republic](https://a.example/x)", 1)
    row = UsageRecord.objects.get()
    price = ModelPrice.objects.get(pk=row.price_id)
    assert (row.deployment, row.searches) == (HAIKU, 2)
    assert row.search_nanos == 2 * int(price.search_usd * 10**9) == 20_000_000
    assert row.cost_nanos > row.search_nanos
    held = Reservation.objects.exclude(provider="").get().amount
    assert held >= row.search_nanos + 2 * SEARCH_READS * int(price.fresh_input * 1000)
    assert row.baseline_nanos is not None
    assert row.baseline_nanos > 20_000_000


@pytest.mark.usefixtures("house")
def test_where_no_model_searches_it_is_refused_in_words(settings: Settings) -> None:
    with pytest.raises(Unavailable, match="it does not search the web"):
        ask(caller(), settings, can_search=False)
    assert not Reservation.objects.exclude(provider="").exists()

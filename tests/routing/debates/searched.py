"""A house whose debates search the web: the real SDK, and simulated vendors in this process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from django.conf import settings
from django.test import override_settings

from accounts.models import User
from routing import health, providers, snapshot
from routing.cache import exact
from routing.models import Deployment
from tests.routing.debates.playing import no_templates, person_make, run
from tests.services.defaults import defaults_copy
from tests.upstreams.debating import BODY_LIMIT, Manner, Sale, Upstream

SEARCHER = "anthropic/claude-haiku-5-5"
QUICK = Manner(first_s=0.0, tokens_s=1e6, piece_s=0.001)
VAIN = Manner(first_s=0.0, tokens_s=1e6, piece_s=0.001, finds=False)


@asynccontextmanager
async def web(manner: Manner = QUICK) -> AsyncIterator[Upstream]:
    """Anthropic's models answer, and search if `house` says so."""
    upstream = Upstream()
    upstream.books.manner = manner
    lines: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        lines.add(task)
        try:
            await upstream.serve(reader, writer)
        finally:
            writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()  # before the loop is

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=BODY_LIMIT)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/anthropic"
    exact.memory.clear()
    try:
        with override_settings(ANTHROPIC_BASE_URL=url, ANTHROPIC_API_KEY="sk-ant-test"):
            yield upstream
    finally:
        await providers.close_all()
        server.close()
        await asyncio.sleep(0.02)  # whoever has just come in is a line too
        await asyncio.gather(*lines, return_exceptions=True)


async def house(*, can_search: bool = True) -> User:
    return await run(_house, can_search)


def _house(can_search: bool) -> User:
    defaults_copy()
    Deployment.objects.exclude(provider="anthropic").update(is_enabled=False)
    no_templates()
    search_set(can_search)
    health.forget_all()
    assert settings.ANTHROPIC_API_KEY
    return person_make()


def search_set(can_search: bool) -> None:
    Deployment.objects.filter(name=SEARCHER).update(can_search=can_search)
    snapshot.forget()


def searches(upstream: Upstream) -> list[Sale]:
    """That were bought."""
    return [sale for sale in upstream.books.sales if sale.searches]

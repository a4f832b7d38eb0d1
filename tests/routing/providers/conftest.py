"""Upstreams for the adapters: our scripted server, and llmock, a mock that others wrote."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from routing.providers import close_all
from tests.services.llmock import LLMock, running_llmock
from tests.upstreams.server import Upstream, running_upstream


@pytest_asyncio.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with running_upstream() as running:
        yield running
        await close_all()


@pytest.fixture(scope="session")
def llmock_server() -> Iterator[LLMock]:
    with running_llmock() as mock:
        yield mock


@pytest_asyncio.fixture
async def llmock(llmock_server: LLMock) -> AsyncIterator[LLMock]:
    llmock_server.reset()
    yield llmock_server
    await close_all()

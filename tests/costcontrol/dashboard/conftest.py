"""Alice of the staff with a browser, and a clock that stands."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import pytest
from asgiref.sync import sync_to_async
from django.core.cache import cache
from django.db import connection, connections
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from billing import gauge
from costcontrol.lib import clock, redis
from routing import health, keeper, providers, snapshot
from routing.cache import exact
from tests.billing.conftest import append_only, committed
from tests.costcontrol.dashboard import rows

__all__ = ["append_only", "committed"]  # fixtures for calls that the ledger books
T = TypeVar("T")


class Page:
    """A browser. All its requests run on one event loop, as in a web process, and what they read
    is read in another thread than the test's."""

    def __init__(self, client: Client, loop: asyncio.AbstractEventLoop) -> None:
        self.client, self._loop = client, loop

    def get(self, path: str, query: dict[str, str] | None = None, **more: Any) -> HttpResponse:
        return self.run(lambda: self.client.get(path, query, **more))

    def post(self, path: str, data: dict[str, str] | None = None, **more: Any) -> HttpResponse:
        return self.run(lambda: self.client.post(path, data or {}, **more))

    def run(self, function: Callable[[], T]) -> T:
        return self._loop.run_until_complete(sync_to_async(function)())

    def queries_of(self, path: str, query: dict[str, str] | None = None) -> list[str]:
        """The SQL of the page's own thread. What the gateway's threads remember is not in it."""

        def counted() -> list[str]:
            with CaptureQueriesContext(connection) as seen:
                response = self.client.get(path, query)
            assert response.status_code == 200, response
            return [each["sql"] for each in seen.captured_queries]

        return self.run(counted)

    def close(self) -> None:
        self.run(connections.close_all)
        self._loop.run_until_complete(leave())
        self._loop.close()


async def leave() -> None:
    """What belongs to this loop ends with it."""
    mine = asyncio.all_tasks() - {asyncio.current_task()}
    for task in mine:
        task.cancel()
    await asyncio.gather(*mine, return_exceptions=True)
    await keeper.flush()
    await redis.client().aclose()
    await providers.close_all()


@pytest.fixture(autouse=True)
def nothing_is_remembered() -> None:
    forget()


def forget() -> None:
    """What this process remembers from one request to the next."""
    cache.clear()
    snapshot.forget()
    health.forget_all()
    gauge.forget_all()
    exact.memory.clear()


@pytest.fixture(autouse=True)
def the_clock_stands() -> Iterator[None]:
    with clock.at(rows.NOW):
        yield


@pytest.fixture
def alice(db: None) -> User:
    return rows.staff()


@pytest.fixture
def page(client: Client, alice: User) -> Iterator[Page]:
    client.force_login(alice)
    page = Page(client, asyncio.new_event_loop())
    yield page
    page.close()

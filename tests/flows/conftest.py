"""One house for all flows of a session: a database, a Valkey, upstreams, and gateways in it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.db import connection
from pytest_django.plugin import DjangoDbBlocker

from tests.flows.rows import connected_to, name_of, new_database, rows_make
from tests.flows.server import GAUGE_SECONDS, SNAPSHOT_SECONDS, Gateway
from tests.services.llmock import LLMock, running_llmock
from tests.upstreams.metered import Metered, running_metered

# A SQLite file is always there.
collect_ignore = [] if connection.vendor == "postgresql" else ["test_database_away.py"]
KEYS = {"ANTHROPIC_API_KEY": "sk-ant-test", "OPENAI_API_KEY": "sk-test"}


@dataclass(frozen=True)
class House:
    folder: Path
    database_url: str
    redis_url: str
    upstream: Metered

    @contextmanager
    def gateway(self, *, workers: int = 1, **env: str) -> Iterator[Gateway]:
        usual = {
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
            "ANTHROPIC_BASE_URL": self.upstream.url,
            "OPENAI_BASE_URL": f"{self.upstream.url}/openai/v1",
            "SNAPSHOT_SECONDS": str(SNAPSHOT_SECONDS),
            "GAUGE_SECONDS": str(GAUGE_SECONDS),
            "WEB_WORKERS": str(workers),
        }
        gateway = Gateway(self.folder, workers=workers, **usual | KEYS | env)
        try:
            gateway.wait_until_ready()
            yield gateway
        finally:
            gateway.stop()


@pytest.fixture(scope="session")
def the_house(
    tmp_path_factory: pytest.TempPathFactory, valkey_url: str, django_db_blocker: DjangoDbBlocker
) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("flows")
    with running_metered() as upstream, ExitStack() as databases:
        with django_db_blocker.unblock():
            url = databases.enter_context(new_database(folder))
            with connected_to(name_of(url)):
                rows_make(upstream)
        yield House(folder, url, valkey_url, upstream)
        with django_db_blocker.unblock():
            databases.close()


@pytest.fixture(scope="session")
def one_worker(the_house: House) -> Iterator[Gateway]:
    with the_house.gateway() as running:
        yield running


@pytest.fixture(scope="session")
def four_workers(the_house: House) -> Iterator[Gateway]:
    with the_house.gateway(workers=4) as running:
        yield running


@pytest.fixture(autouse=True)
def house(the_house: House, django_db_blocker: DjangoDbBlocker) -> Iterator[House]:
    """The test's own connection is to the gateways' database; nobody remembers earlier sales."""
    the_house.upstream.reset()
    with django_db_blocker.unblock(), connected_to(name_of(the_house.database_url)):
        yield the_house


@pytest.fixture
def upstream(house: House) -> Metered:
    return house.upstream


@pytest.fixture
def gateway(one_worker: Gateway) -> Gateway:
    return one_worker


@pytest.fixture(scope="session")
def llmock_server() -> Iterator[LLMock]:
    with running_llmock() as mock:
        yield mock


@pytest.fixture
def llmock(llmock_server: LLMock) -> LLMock:
    llmock_server.reset()
    return llmock_server

"""Providers that take batches, and a house that is empty again afterwards."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from accounts.models import User
from billing import gauge, output_lengths
from routing import snapshot
from tests.routing.precompute.house import answers, house_make
from tests.upstreams.batches import BatchUpstream, running_batches


@pytest.fixture(scope="session")
def batch_server() -> Iterator[BatchUpstream]:
    with running_batches() as upstream:
        yield upstream


@pytest.fixture
def upstream(batch_server: BatchUpstream, settings: Settings) -> BatchUpstream:
    """As new, and everybody's usual address."""
    url = batch_server.url
    batch_server.__dict__.update(BatchUpstream().__dict__ | {"url": url})
    answers(batch_server)
    settings.ANTHROPIC_API_KEY = settings.OPENAI_API_KEY = "test"
    settings.ANTHROPIC_BASE_URL = f"{url}/anthropic"
    settings.OPENAI_BASE_URL = f"{url}/openai/v1"
    settings.PRECOMPUTE_MONTHLY_USD = "50"
    return batch_server


@pytest.fixture
def user(db: None, upstream: BatchUpstream) -> Iterator[User]:
    gauge.forget_all()
    yield house_make()
    gauge.forget_all()
    snapshot.forget()
    output_lengths.forget_all()

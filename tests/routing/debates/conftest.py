"""Debates whose rows all threads see, and a house that is empty again afterwards."""

from collections.abc import Iterator

import pytest

from accounts import auth
from costcontrol.lib import database, redis
from routing import health, keeper, snapshot
from tests.billing.conftest import append_only as append_only
from tests.billing.conftest import committed as committed
from tests.billing.conftest import nothing_remembered as nothing_remembered


@pytest.fixture
def stage(committed: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """For debates that are played: nothing of the last one is remembered, and no lease is kept for
    those who might come back."""
    monkeypatch.setattr("routing.debates.run.LINGER_S", 0.01)
    snapshot.forget()
    auth.forget_all()
    redis.breaker.cache_clear()
    health.forget_all()
    yield
    keeper._rows.clear()
    database.close_threads()

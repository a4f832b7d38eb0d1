"""Alice of the staff, signed in; and a clock that stands."""

from collections.abc import Iterator

import pytest
from django.test import Client

from accounts.models import User
from costcontrol.lib import clock
from routing import health, snapshot
from tests.costcontrol.dashboard import rows


@pytest.fixture(autouse=True)
def nothing_is_remembered() -> None:
    snapshot.forget()
    health.forget_all()


@pytest.fixture(autouse=True)
def the_clock_stands() -> Iterator[None]:
    with clock.at(rows.NOW):
        yield


@pytest.fixture
def alice(db: None) -> User:
    return rows.staff()


@pytest.fixture
def page(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client

"""A house with simulated models, the catalogue, and one customer."""

import pytest
from django.test import Client

from accounts import auth
from accounts.models import User
from billing import debates, gauge, purses
from routing import limits_sync, snapshot
from tests.routing.api.debates.client import Frontend, frontend
from tests.routing.debates.playing import rows_make, simulated


@pytest.fixture
def house(db: None) -> None:
    """Nothing of other tests is remembered: their windows and debates have the same numbers."""
    snapshot.forget()
    auth.forget_all()
    gauge.forget_all()
    debates._taken.clear()
    purses.forget_all()
    for name in limits_sync._client().scan_iter("rate:*"):
        limits_sync._client().delete(name)


@pytest.fixture
def user(house: None) -> User:
    user = rows_make()
    simulated("echo", model_class="local", price_provider="local")
    User.objects.filter(pk=user.pk).update(tier_id="premium")
    user.refresh_from_db()
    return user


@pytest.fixture
def api(user: User) -> Frontend:
    return frontend(user)


@pytest.fixture
def anybody(user: User) -> Client:
    return Client()

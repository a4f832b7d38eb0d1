"""What costs work counts as a request of the caller's minute, whether it costs money or not."""

import pytest
from pytest_django import Settings

from accounts import auth
from accounts.models import Tier
from costcontrol.lib import redis
from tests.routing.api.debates.client import ORDER, Frontend
from tests.services.minutes import within_one_minute

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def patience(settings: Settings) -> None:
    """Where Valkey is slow, each process counts for itself: on a busy machine that is chance."""
    settings.REDIS_TIMEOUT_S = 10
    redis.breaker.cache_clear()


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("debates/estimate", ORDER), ("debates", ORDER), ("debates/{id}/turns", {}),
        ("debates/{id}/messages", {"text": "No."}), ("topics/resolve", {"text": "Is it so?"}),
        ("messages/0b0c7a8e-3d3f-4f0a-9a57-6f3f0b6f8c11/rating", {"rating": 1}),
    ],
)
def test_the_next_one_waits(api: Frontend, path: str, body: dict[str, object]) -> None:
    with within_one_minute():
        path = path.format(id=api.create()["id"])
        Tier.objects.update(requests_per_minute=2)
        auth.forget_all()
        assert api.post(path, body).status_code != 429
        refused = api.post(path, body)
    assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
    assert int(refused["Retry-After"]) > 0

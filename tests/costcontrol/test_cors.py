"""Frontends at other addresses: those that the operator named may call the API, with a token."""

from typing import Any

import httpx
import pytest
from django.core.handlers.asgi import ASGIHandler
from pytest_django.fixtures import Settings

FRIEND, STRANGER = "https://debates.example", "https://elsewhere.example"
ASKS = {
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization,content-type,idempotency-key",
}
SHORT, LONG = "/v1/chat/completions", "/api/v1/me/usage"
DOORS = pytest.mark.parametrize("path", [SHORT, LONG])


@pytest.fixture
def friends(settings: Settings) -> None:
    settings.API_ORIGINS = settings.CORS_ALLOWED_ORIGINS = [FRIEND]


async def ask(method: str, path: str, **headers: str) -> httpx.Response:
    """Through a door that was opened with the settings of the test."""
    from costcontrol.asgi import GatewayHandler

    door: Any = GatewayHandler() if path.startswith("/v1/") else ASGIHandler()
    transport = httpx.ASGITransport(app=door)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        return await client.request(method, path, headers=headers)


@DOORS
async def test_a_frontend_that_was_named_may_call(friends: None, path: str) -> None:
    reply = await ask("OPTIONS", path, origin=FRIEND, **ASKS)
    assert reply.status_code == 200
    assert reply.headers["access-control-allow-origin"] == FRIEND
    allowed = reply.headers["access-control-allow-headers"].split(", ")
    assert set(ASKS["access-control-request-headers"].split(",")) <= set(allowed)
    assert "last-event-id" in allowed


@DOORS
@pytest.mark.django_db(transaction=True)
async def test_it_may_read_refusals_and_what_stands_in_headers(friends: None, path: str) -> None:
    method = "POST" if path == SHORT else "GET"
    reply = await ask(method, path, origin=FRIEND)
    assert (reply.status_code, reply.headers["access-control-allow-origin"]) == (401, FRIEND)
    assert "retry-after" in reply.headers["access-control-expose-headers"]
    assert "origin" in reply.headers["vary"].lower()


@DOORS
@pytest.mark.parametrize("origin", [STRANGER, "null", FRIEND + ".evil.example", "http:/[/"])
async def test_any_other_page_may_not(friends: None, path: str, origin: str) -> None:
    reply = await ask("OPTIONS", path, origin=origin, **ASKS)
    assert "access-control-allow-origin" not in reply.headers


@DOORS
async def test_nobody_may_while_no_frontend_is_named(path: str) -> None:
    reply = await ask("OPTIONS", path, origin=FRIEND, **ASKS)
    assert "access-control-allow-origin" not in reply.headers


@DOORS
async def test_our_cookie_is_never_theirs_to_use(friends: None, path: str) -> None:
    reply = await ask("OPTIONS", path, origin=FRIEND, **ASKS)
    assert "access-control-allow-credentials" not in reply.headers


@pytest.mark.parametrize("path", ["/login/", "/api/docs/", "/webhooks/stripe/"])
async def test_pages_are_not_for_them(friends: None, path: str) -> None:
    reply = await ask("OPTIONS", path, origin=FRIEND, **ASKS)
    assert "access-control-allow-origin" not in reply.headers

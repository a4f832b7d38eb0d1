"""Which door an address goes through."""

import httpx
import pytest


async def get(path: str) -> httpx.Response:
    from costcontrol.asgi import application

    transport = httpx.ASGITransport(app=application)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        return await client.get(path)


@pytest.mark.parametrize("path", ["/healthz/x", "/readyzz", "/nowhere"])
async def test_what_is_neither_call_nor_probe_gets_a_page(path: str) -> None:
    answer = await get(path)
    assert answer.status_code == 404
    assert "There is no such page." in answer.text


async def test_probes_and_calls_take_the_short_way() -> None:
    assert "content-security-policy" not in (await get("/healthz")).headers
    answer = await get("/v1/nowhere")
    assert answer.json()["error"]["code"] == "not_found"
    assert answer.headers["server-timing"].startswith("app;dur=")


TURNS = "/api/v1/debates/7a/turns"
KEY, JSON = (b"authorization", b"Bearer cc-x"), (b"content-type", b"application/json")


@pytest.mark.parametrize(
    ("method", "path", "headers", "is_taken"),
    [
        ("POST", TURNS, [KEY, JSON], True),
        ("POST", TURNS, [(b"x-api-key", b"cc-x"), (b"content-type", b"application/json; a=b")],
         True),
        ("POST", TURNS, [JSON], False),
        ("POST", TURNS, [KEY, JSON, (b"cookie", b"sessionid=1")], False),
        ("POST", TURNS, [KEY], False),
        ("GET", TURNS, [KEY, JSON], False),
        ("POST", "/api/v1/debates/7a/turns/1", [KEY, JSON], False),
        ("POST", "/api/v1/debates/7a/b/turns", [KEY, JSON], False),
    ],
)
def test_whoever_asks_for_a_turn_with_a_key_takes_the_short_way(
    method: str, path: str, headers: list[tuple[bytes, bytes]], *, is_taken: bool
) -> None:
    from costcontrol.asgi import is_short

    assert is_short({"method": method, "path": path, "headers": headers}) is is_taken

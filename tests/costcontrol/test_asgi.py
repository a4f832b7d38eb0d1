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
    assert (await get("/v1/nowhere")).json()["error"]["code"] == "not_found"

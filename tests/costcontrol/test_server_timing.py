"""Each answer of the API says how long the server took for it, pages do not."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from costcontrol.server_timing import with_timing

WAIT_S = 0.02
Sent = list[Mapping[str, Any]]


def answered(path: str) -> Sent:
    sent: Sent = []

    async def send(message: Mapping[str, Any]) -> None:
        sent.append(message)

    async def answer() -> None:
        timed = with_timing(path, send)
        await asyncio.sleep(WAIT_S)
        await timed({"type": "http.response.start", "status": 200, "headers": [(b"x", b"y")]})
        await asyncio.sleep(WAIT_S)
        await timed({"type": "http.response.body", "body": b"text"})

    asyncio.run(answer())
    return sent


@pytest.mark.parametrize("path", ["/v1/models", "/api/v1/debates"])
def test_the_time_until_the_answer_begins_is_in_milliseconds(path: str) -> None:
    start, body = answered(path)
    other, (name, value) = start["headers"]
    assert (other, name) == ((b"x", b"y"), b"server-timing")
    kind, _, spent = value.decode().partition(";dur=")
    assert kind == "app"
    assert float(spent) >= WAIT_S * 1000 * 0.9
    assert body == {"type": "http.response.body", "body": b"text"}


@pytest.mark.parametrize("path", ["/", "/account/", "/healthz", "/apiv1/x"])
def test_pages_do_not_say_it(path: str) -> None:
    assert answered(path)[0]["headers"] == [(b"x", b"y")]

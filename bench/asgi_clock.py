"""The product's server with a clock at its door: what it takes from a request to its answer.

    granian ... bench.asgi_clock:application

A line of JSON for each request of debates into the file of BENCH_CLOCK: when its answer begins, and
when the first words of a turn are sent, in milliseconds since the request was here.
"""

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from costcontrol.asgi import Receive, Scope, Send
from costcontrol.asgi import application as product

WORDS = b"event: delta"
DEBATES = "/api/v1/debates/"


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] != "http" or not scope["path"].startswith(DEBATES):
        await product(scope, receive, send)
        return
    begun, seen = time.perf_counter(), {}

    async def timed(message: Mapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            seen["begins"] = since(begun)
        elif message.get("body"):
            seen.setdefault("first_byte", since(begun))
            if WORDS in message["body"]:
                seen.setdefault("first_words", since(begun))
        await send(message)

    await product(scope, receive, timed)
    note({"method": scope["method"], "path": scope["path"], **seen})


def since(begun: float) -> float:
    return (time.perf_counter() - begun) * 1000


def note(line: Mapping[str, Any]) -> None:
    with Path(os.environ["BENCH_CLOCK"]).open("a") as file:  # after the answer: it delays nobody
        file.write(f"{json.dumps(line)}\n")

"""How long the server itself took, said in each answer of the API: `Server-Timing: app;dur=4.2`.

From the moment that the request was here to the moment that its answer begins, in milliseconds;
what the network takes is not in it, nor what a stream says later.
"""

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

Send = Callable[[Mapping[str, Any]], Awaitable[None]]

API = ("/v1/", "/api/v1/")


def with_timing(path: str, send: Send) -> Send:
    """`send`, adding the header where the answer begins."""
    if not path.startswith(API):
        return send
    begun = time.perf_counter()

    async def sending(message: Mapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            spent = f"app;dur={(time.perf_counter() - begun) * 1000:.1f}".encode()
            headers = [*message.get("headers", ()), (b"server-timing", spent)]
            message = {**message, "headers": headers}
        await send(message)

    return sending

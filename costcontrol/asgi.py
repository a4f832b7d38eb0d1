"""Two doors into the same Django: calls pass no page middleware, people's pages pass all of it.

A call to the gateway needs no session, no cookie and no CSRF check, and each middleware would cost
it two thread switches. Everything under /v1 and the two probes take the short way; see
docs/decisions/0003-two-doors.md.
"""

import asyncio
import gc
import io
import os
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "costcontrol.settings")

import django

django.setup(set_prefix=False)

from corsheaders.middleware import CorsMiddleware  # noqa: E402
from django.conf import settings  # noqa: E402
from django.core.handlers.asgi import ASGIHandler, ASGIRequest  # noqa: E402
from django.core.handlers.exception import convert_exception_to_response  # noqa: E402

from costcontrol.lib import clock, database, sentences  # noqa: E402
from costcontrol.server_timing import with_timing  # noqa: E402
from routing import providers, tokens  # noqa: E402

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]

SHORT_WAY = "/v1/"
PROBES = ("/healthz", "/readyz")
DEBATES, REPLAYS, STREAM = "/api/v1/debates/", "/api/v1/replays/", "/stream"
TURNS = re.compile(r"/api/v1/debates/[^/]+/turns")
KEYS = {b"authorization", b"x-api-key"}


class GatewayHandler(ASGIHandler):
    """Django without middleware, signals and thread switches: these views are async all the way.

    Frontends at other addresses are served here too, if the operator named any.
    """

    def load_middleware(self, is_async: bool = False) -> None:
        self._view_middleware: list[Any] = []
        self._template_response_middleware: list[Any] = []
        self._exception_middleware: list[Any] = []
        answer: Any = convert_exception_to_response(
            self._get_response_async  # type: ignore[attr-defined]  # not in the stubs
        )
        self._middleware_chain = CorsMiddleware(answer) if settings.API_ORIGINS else answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await read_body(receive)
        if body is None:
            return
        answering = asyncio.create_task(self.answer(scope, body, send))
        leaving = asyncio.create_task(hang_up(receive))
        await asyncio.wait((answering, leaving), return_when=asyncio.FIRST_COMPLETED)
        leaving.cancel()
        if not answering.done():
            answering.cancel()
        with suppress(asyncio.CancelledError):
            await answering

    async def answer(self, scope: Scope, body: bytes, send: Send) -> None:
        request = ASGIRequest(scope, io.BytesIO(body))
        request._body = body
        request.urlconf = "costcontrol.urls_gateway"
        response = await self.get_response_async(request)
        await self.send_response(response, send)


async def read_body(receive: Receive) -> bytes | None:
    """The whole body, or one byte more than is allowed; None if the client has left."""
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        if size <= settings.BODY_LIMIT_BYTES:
            parts.append(message.get("body", b""))
            size += len(parts[-1])
        if not message.get("more_body"):
            return b"".join(parts)[: settings.BODY_LIMIT_BYTES + 1]


async def hang_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


# What no caller should wait for: the vocabulary, the catalogues and the vendors' SDKs.
sentences.warm_up()
tokens.warm_up()
providers.warm_up()

gateway = GatewayHandler()
pages = ASGIHandler()
gc.collect()
gc.freeze()  # what is loaded now stays: no collection needs to look at it again
gc.set_threshold(10_000, 20, 50)  # of 700, 10, 10: nearly nothing of ours is a circle
database.take_turns_quickly()


def is_short(scope: Scope) -> bool:
    """Calls, probes, the streams of debates, and whoever asks for a turn with a key."""
    path = str(scope.get("path", ""))
    is_stream = path.startswith((DEBATES, REPLAYS)) and path.endswith(STREAM)
    is_usual = path.startswith(SHORT_WAY) or path in PROBES or is_stream
    return is_usual or (TURNS.fullmatch(path) is not None and is_asked_with_key(scope))


def is_asked_with_key(scope: Scope) -> bool:
    """As programs do it, in JSON. Whatever may come from a page of ours passes the middleware."""
    headers = dict(scope.get("headers", ()))
    is_json = headers.get(b"content-type", b"").partition(b";")[0].strip() == b"application/json"
    has_key = any(headers.get(name) for name in KEYS)
    return scope.get("method") == "POST" and is_json and has_key and b"cookie" not in headers


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    scope["arrived_at"] = clock.now()
    answer = with_timing(str(scope.get("path", "")), send)
    await (gateway if is_short(scope) else pages)(scope, receive, answer)

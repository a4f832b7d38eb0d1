"""Two doors into the same Django: calls pass no page middleware, people's pages pass all of it.

A call to the gateway needs no session, no cookie and no CSRF check, and each middleware would cost
it two thread switches. Everything under /v1 and the two probes take the short way.
"""

import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "costcontrol.settings")

import django

django.setup(set_prefix=False)

from django.core.handlers.asgi import ASGIHandler  # noqa: E402
from django.core.handlers.exception import convert_exception_to_response  # noqa: E402

from routing import providers, tokens  # noqa: E402

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]

SHORT_WAY = ("/v1/", "/healthz", "/readyz")


class GatewayHandler(ASGIHandler):
    """Django without middleware."""

    def load_middleware(self, is_async: bool = False) -> None:
        self._view_middleware: list[Any] = []
        self._template_response_middleware: list[Any] = []
        self._exception_middleware: list[Any] = []
        self._middleware_chain = convert_exception_to_response(
            self._get_response_async  # type: ignore[attr-defined]  # not in the stubs
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Without a thread of its own: gateway views are async all the way down."""
        await self.handle(scope, receive, send)


# Two seconds that no caller should wait for: vocabulary and vendor SDKs.
tokens.warm_up()
providers.warm_up()

gateway = GatewayHandler()
pages = ASGIHandler()


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    is_short = str(scope.get("path", "")).startswith(SHORT_WAY)
    await (gateway if is_short else pages)(scope, receive, send)

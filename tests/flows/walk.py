"""Walks over every address of the product in one role, and says in one word what came of it.

    page   shown, or done         login  to the sign-in page     none  404
    go     to another page        mfa    a second factor first   -     405: not asked like this
    no     403                    again  the password again      key   401: an API key is needed

Any other status is written as its number. A star says that rows of others were changed.
"""

import gzip
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from zipfile import ZipFile

from asgiref.sync import async_to_sync
from django.conf import settings
from django.db import connection, transaction
from django.http.response import HttpResponseBase
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver

from billing import gauge
from tests.flows.walk_people import World, queries, rows

WORDS = {200: "page", 400: "bad", 401: "key", 403: "no", 404: "none", 405: "-"}
PLACES = {
    "/login/": "login", "/admin/login/": "login", "/2fa/": "mfa", "/reauthenticate/": "again",
    "/2fa/reauthenticate/": "again",
}
PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
WRITTEN_ANEW = {  # regular expressions, and pages that show somebody's rows for a word in the query
    "account/": "account/?checkout=<checkout>",
    "account/confirming/": "account/confirming/?checkout=<checkout>",
    "dashboard/debates/<path:debate_id>/": "dashboard/debates/<debate_name>/",
    "dashboard/revenue/<slug:chart_id>.csv": "dashboard/revenue/<revenue_chart_id>.csv",
    "dashboard/explorer/<slug:name>.csv": "dashboard/explorer/groups.csv",
    "dashboard/explorer/<slug:name>.json": "dashboard/explorer/groups.json",
    "dashboard/forecast/<slug:name>.csv": "dashboard/forecast/days.csv",
    "dashboard/savings/<slug:name>.csv": "dashboard/savings/layers.csv",
    r"^confirm-email/(?P<key>[-:\w]+)/$": "confirm-email/<confirm_key>/",
    r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$":
        "password/reset/key/<uidb36>-<reset_key>/",
}  # fmt: skip


def routes() -> list[str]:
    """Every pattern of the project, as it is written; names with several patterns once."""
    return list(dict.fromkeys(WRITTEN_ANEW.get(route, route) for route in _routes(get_resolver())))


def _routes(resolver: URLResolver, before: str = "") -> Iterator[str]:
    for part in resolver.url_patterns:
        route = before + str(part.pattern)
        if isinstance(part, URLPattern):
            yield route
        else:
            yield from _routes(part, route)


def address(route: str, params: dict[str, Any]) -> str:
    return "/" + PARAMETER.sub(lambda found: str(params[found[1]]), route)


@contextmanager
def nothing_kept() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    gauge.forget_all()  # windows that were made meanwhile are not there any more


def word_of(response: HttpResponseBase) -> str:
    if response.status_code not in (301, 302, 303):
        if response.request["PATH_INFO"] == "/readyz" and response.status_code == 503:
            return "page"  # "not ready" is an answer: no model may be there
        return WORDS.get(response.status_code, str(response.status_code))
    return PLACES.get(response["Location"].partition("?")[0], "go")


def text_of(response: HttpResponseBase) -> str:
    """Headers and body; of an archive what is in it."""
    body = content_of(response)
    if body.startswith(b"PK"):
        with ZipFile(BytesIO(body)) as archive:
            body = b"\n".join(archive.read(name) for name in archive.namelist())
    return f"{response.headers}\n{body.decode(errors='replace')}"


def content_of(response: Any) -> bytes:
    return async_to_sync(_streamed)(response) if response.streaming else response.content


async def _streamed(response: Any) -> bytes:
    return b"".join([part async for part in response])


@dataclass(frozen=True)
class Taken:
    """What a page took: of the database, and to be sent, compressed."""

    queries: int
    size: int


class Walk:
    """One role's way over all addresses; what each step did is taken back."""

    def __init__(self, world: World, role: str, *, params: dict[str, Any]) -> None:
        self.world, self.role, self.params = world, role, params
        self.client, self.strict = Client(), Client(enforce_csrf_checks=True)
        self.taken: dict[str, Taken] = {}
        self._rows = queries(world, role)
        self.before = rows(self._rows)

    def get(self, route: str) -> tuple[str, list[str]]:
        """What came of it, and words of others that were to be seen."""
        with nothing_kept(), CaptureQueriesContext(connection) as seen:
            response = self._ask(self.client, "GET", address(route, self.params))
            text = text_of(response)
        self.taken[route] = Taken(len(seen), len(gzip.compress(text.encode())))
        return word_of(response), self._strange_words(text, route)

    def post(self, route: str, data: Any) -> tuple[str, list[str]]:
        with nothing_kept():
            response = self._ask(self.client, "POST", address(route, self.params), data)
            text, after = text_of(response), self.before
            if response.status_code != 405:
                after = rows(self._rows)
        star = "" if after == self.before else "*"
        return word_of(response) + star, self._strange_words(text, route)

    def post_from_elsewhere(self, route: str, data: Any) -> str:
        """As a page of another site would: with the cookie, without the token of a form."""
        with nothing_kept():
            return word_of(self._ask(self.strict, "POST", address(route, self.params), data))

    def ask(self, method: str, url: str) -> str:
        with nothing_kept():
            return word_of(self._ask(self.client, method, url))

    def text(self, route: str) -> str:
        with nothing_kept():
            return text_of(self._ask(self.client, "GET", address(route, self.params)))

    def _strange_words(self, text: str, route: str) -> list[str]:
        """What was in the address may be in the answer, in a link back to it."""
        asked_for = address(route, self.params)
        found = self.world.strange_words(text, self.role)
        return [word for word in found if word not in asked_for]

    def _ask(
        self, client: Client, method: str, url: str, data: Any = None
    ) -> HttpResponseBase:
        """With nothing but the cookie of the sign-in: what the last answer had set is forgotten."""
        client.cookies.clear()
        if self.role in self.world.sessions:
            client.cookies[settings.SESSION_COOKIE_NAME] = self.world.sessions[self.role]
        if method == "GET":
            return client.get(url)
        if isinstance(data, str):
            return client.post(url, data, content_type="application/json")
        return client.post(url, data or {})

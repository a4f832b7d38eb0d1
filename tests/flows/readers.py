"""People who read pages, as their browsers ask for them; and which pages there are."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any
from uuid import UUID, uuid4

import httpx
from django.conf import settings
from django.test import Client, override_settings
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.urls.converters import IntConverter, UUIDConverter
from django.urls.resolvers import RegexPattern, RoutePattern

from accounts.models import User
from tests.flows.conftest import House
from tests.flows.server import Gateway
from tests.services.plain import PLAIN

NOT_OURS = ("admin", "schema", "docs")  # Django's and Swagger's own
FOR_PROGRAMS = ("/v1/", "/healthz", "/readyz", "/api/v1/", "/webhooks/")  # JSON: test_bad_input.py
NEVER_OVER = ("/dashboard/live/stream/",)  # an open connection: dashboard/test_live.py
NO_CALL = UUID(int=1)
ARGUMENTS: dict[str, Any] = {"call_id": NO_CALL, "chart_id": "spend", "uidb36": "1"}
BY_KIND: dict[type, Any] = {IntConverter: 1, UUIDConverter: NO_CALL}


def paths_of(
    patterns: list[Any], space: str = "", outer: tuple[RoutePattern | RegexPattern, ...] = ()
) -> Iterator[str]:
    for each in patterns:
        parts = (*outer, each.pattern)
        if isinstance(each, URLResolver) and each.namespace not in NOT_OURS:
            inner = f"{space}{each.namespace}:" if each.namespace else space
            yield from paths_of(each.url_patterns, inner, parts)
        if isinstance(each, URLPattern) and each.name not in (None, *NOT_OURS):
            arguments = {name: value for part in parts for name, value in arguments_of(part)}
            yield reverse(f"{space}{each.name}", kwargs=arguments)


def arguments_of(pattern: RoutePattern | RegexPattern) -> Iterator[tuple[str, Any]]:
    for name, converter in pattern.converters.items():
        yield name, ARGUMENTS.get(name, BY_KIND.get(type(converter), "no-such-thing"))
    if isinstance(pattern, RegexPattern):
        names = pattern.regex.groupindex
        yield from ((name, ARGUMENTS.get(name, "no-such-thing")) for name in names)


PAGES = sorted(
    path for path in paths_of(get_resolver().url_patterns)
    if not path.startswith((*FOR_PROGRAMS, *NEVER_OVER))
)


@contextmanager
def reader(gateway: Gateway) -> Iterator[httpx.Client]:
    """Somebody who reads Korean, with a form's token and no session."""
    with httpx.Client(
        base_url=gateway.url, headers={"accept-language": "ko"}, **PLAIN, timeout=30
    ) as client:
        token = form_token(gateway.url)
        client.cookies.set(settings.CSRF_COOKIE_NAME, token)
        client.headers["x-csrftoken"] = token
        yield client


@cache
def form_token(url: str) -> str:
    """As a browser keeps it: from the first page it ever saw here."""
    reply = httpx.get(f"{url}/login/", **PLAIN)
    return reply.cookies[settings.CSRF_COOKIE_NAME]


def sign_in(client: httpx.Client, house: House, who: User | None = None) -> httpx.Client:
    """The same reader, now somebody of the staff, or this user."""
    who = who or User.objects.create_superuser(f"{uuid4().hex[:12]}@example.org")
    with override_settings(SECRET_KEY=(house.folder / "secret_key").read_text()):
        signing_in = Client()
        signing_in.force_login(who)
    cookie = settings.SESSION_COOKIE_NAME
    client.cookies.set(cookie, signing_in.cookies[cookie].value)
    return client

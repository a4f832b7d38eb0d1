"""People who read pages, as their browsers ask for them; and which pages there are."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

import httpx
from django.conf import settings
from django.test import Client, override_settings
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts.models import User
from tests.flows.conftest import House
from tests.flows.server import Gateway

NOT_OURS = ("admin", "schema", "docs")  # Django's and Swagger's own
FOR_PROGRAMS = ("/v1/", "/healthz", "/readyz", "/api/v1/")  # JSON: test_bad_input.py
NO_CALL = UUID(int=1)
ARGUMENTS: dict[str, Any] = {
    "call_id": NO_CALL, "chart_id": "spend", "key": "no-such-key", "uidb36": "1", "pk": 1,
    "session_id": 1,
}


def paths_of(patterns: list[Any], space: str = "") -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver) and pattern.namespace not in NOT_OURS:
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from paths_of(pattern.url_patterns, inner)
        if isinstance(pattern, URLPattern) and pattern.name not in (None, *NOT_OURS):
            names = pattern.pattern.converters or pattern.pattern.regex.groupindex
            arguments = {name: ARGUMENTS[name] for name in names}
            yield reverse(f"{space}{pattern.name}", kwargs=arguments)


PAGES = sorted(
    path for path in paths_of(get_resolver().url_patterns) if not path.startswith(FOR_PROGRAMS)
)


@contextmanager
def reader(gateway: Gateway) -> Iterator[httpx.Client]:
    """Somebody who reads Korean, with a form's token and no session."""
    with httpx.Client(
        base_url=gateway.url, headers={"accept-language": "ko"}, trust_env=False, timeout=30
    ) as client:
        client.get("/login/")
        client.headers["x-csrftoken"] = client.cookies[settings.CSRF_COOKIE_NAME]
        yield client


def sign_in(client: httpx.Client, house: House) -> httpx.Client:
    """The same reader, now somebody of the staff."""
    who = User.objects.create_superuser(f"{uuid4().hex[:12]}@example.org")
    with override_settings(SECRET_KEY=(house.folder / "secret_key").read_text()):
        signing_in = Client()
        signing_in.force_login(who)
    cookie = settings.SESSION_COOKIE_NAME
    client.cookies.set(cookie, signing_in.cookies[cookie].value)
    return client

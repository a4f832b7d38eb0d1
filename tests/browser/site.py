"""The product's pages on an address of their own, with rows of their own, for one module."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.test import Client
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from tests.browser import rows
from tests.flows.rows import connected_to, name_of, new_database


@dataclass(frozen=True)
class Site:
    """`sessions` are the cookies of people who have signed in, by email."""

    url: str
    sessions: dict[str, str]


@contextmanager
def running_site(folder: Path, *, has_calls: bool) -> Iterator[Site]:
    """Migrated, with the default rows and two people; with calls of 24 days, or none yet."""
    with new_database(folder) as url, connected_to(name_of(url)):
        rows.people_make()
        if has_calls:
            rows.traffic_make()
        server = LiveServer("127.0.0.1")
        try:
            yield Site(server.url, {who: session_of(who) for who in (rows.STAFF, rows.CUSTOMER)})
        finally:
            server.stop()


def session_of(email: str) -> str:
    client = Client()
    client.force_login(User.objects.get(email=email))
    return client.cookies[settings.SESSION_COOKIE_NAME].value

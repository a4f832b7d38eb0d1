"""Requests that no page makes: markup in one field, other methods, no token, others' cookies.

The rest of what may be typed into a page is in test_pages_bad_input.py; what a database may take
differently is asked of both there, so this is asked beside SQLite alone.
"""

from collections.abc import Iterator
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest
from django.test import Client

from accounts.models import User
from tests.flows.conftest import House
from tests.flows.nonsense import FIELDS, QUOTES, SCRIPT, faults, sweep
from tests.flows.readers import NO_CALL, PAGES, reader, sign_in
from tests.flows.server import Gateway

STRANGE_PATHS = (
    "/dashboard/%00/", "/dashboard/%ff%fe/", "/dashboard/calls/not-a-uuid/",
    f"/dashboard/calls/{NO_CALL}/", "/dashboard/charts/spend%0d%0aX-Y:1.csv",
    "/dashboard/charts/nothing.csv", "/" + "x" * 5_000, "/%E2%80%AE/", f"/{SCRIPT}/",
)  # fmt: skip


@pytest.fixture
def stranger(gateway: Gateway) -> Iterator[httpx.Client]:
    with reader(gateway) as client:
        yield client


@pytest.fixture
def staff(house: House, stranger: httpx.Client) -> httpx.Client:
    return sign_in(stranger, house)


@pytest.mark.parametrize("path", PAGES)
def test_markup_in_each_field_alone(staff: httpx.Client, path: str) -> None:
    asked = ((field, {field: SCRIPT + QUOTES}) for field in FIELDS)
    assert sweep((field, staff.get(path, params=each)) for field, each in asked) == []


@pytest.mark.parametrize("path", PAGES)
def test_wrong_methods(staff: httpx.Client, path: str) -> None:
    methods = ("HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "NONSENSE")
    assert [fault for each in methods for fault in faults(staff.request(each, path))] == []


@pytest.mark.parametrize("path", PAGES)
def test_form_without_its_token_is_refused_with_a_page(staff: httpx.Client, path: str) -> None:
    del staff.headers["x-csrftoken"]
    reply = staff.post(path, data={"once": "1"})
    assert reply.status_code in (403, 405)
    assert faults(reply) == []
    assert "<h1" in reply.text or reply.status_code == 405


@pytest.mark.parametrize("path", STRANGE_PATHS)
def test_strange_addresses_are_not_found(staff: httpx.Client, path: str) -> None:
    reply = staff.get(path)
    assert reply.status_code in (302, 400, 404)
    assert faults(reply) == []


@pytest.mark.parametrize("value", ["x", "\"><script>alert(1)</script>", "%00", "Asia/Kolkata"])
def test_cookies_of_somebody_else(stranger: httpx.Client, value: str) -> None:
    names = ("sessionid", "csrftoken", "theme", "zone", "messages", "django_language")
    cookies = "; ".join(f"{name}={value}" for name in names)
    replies = [stranger.get(path, headers={"cookie": cookies}) for path in PAGES]
    assert [fault for reply in replies for fault in faults(reply)] == []


@pytest.mark.parametrize("evil", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_nobody_is_sent_to_another_site(gateway: Gateway, evil: str) -> None:
    """In this process: the server has counted many sign-ins by now, and may let nobody in."""
    email, password = f"{uuid4().hex[:12]}@example.org", "correct horse"
    User.objects.create_superuser(email, password)
    form = {"login": email, "password": password, "next": evil}
    replies = [
        Client().post("/i18n/setlang/", {"language": "ko", "next": evil}),
        Client().post("/login/", form),
    ]
    for reply in replies:
        assert reply.status_code == 302
        assert urlsplit(reply["Location"]).netloc == ""
        assert not reply["Location"].startswith("javascript")

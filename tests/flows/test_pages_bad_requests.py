"""Requests that no page makes: markup in one field, other methods, no token, others' cookies.

The rest of what may be typed into a page is in test_pages_bad_input.py; what a database may take
differently is asked of both there, so this is asked beside SQLite alone.
"""

import json
from collections.abc import Iterator
from itertools import cycle
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest
from django.test import Client
from django.utils.html import escape

from accounts.models import User
from costcontrol.dashboard.filter_values import shown
from tests.flows.conftest import House
from tests.flows.nonsense import FIELDS, QUOTES, SCRIPT, faults, sweep
from tests.flows.readers import NO_CALL, PAGES, reader, sign_in
from tests.flows.server import Gateway

STRANGE_PATHS = (
    "/dashboard/%00/", "/dashboard/%ff%fe/", "/dashboard/calls/not-a-uuid/",
    f"/dashboard/calls/{NO_CALL}/", "/dashboard/charts/spend%0d%0aX-Y:1.csv",
    "/dashboard/charts/nothing.csv", "/" + "x" * 5_000, "/%E2%80%AE/", f"/{SCRIPT}/",
)  # fmt: skip
METHODS = ("OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "NONSENSE")  # two of them for each page
SCRIPT_OF, IMAGE_OF = "<script>alert('{0}", "<img src=x onerror=alert('{0}"
MARKED = f"{SCRIPT_OF}')</script>\"'>{IMAGE_OF}')>"
COOKIES = ("x", "\"><script>alert(1)</script>", "%00", "Asia/Kolkata")


@pytest.fixture
def stranger(gateway: Gateway) -> Iterator[httpx.Client]:
    with reader(gateway) as client:
        yield client


@pytest.fixture
def staff(house: House, stranger: httpx.Client) -> httpx.Client:
    return sign_in(stranger, house)


@pytest.mark.parametrize("path", PAGES)
def test_markup_in_every_field_is_not_in_the_page(staff: httpx.Client, path: str) -> None:
    """Each field's says whose it is. Where the page is another one for it, perhaps because of one
    field alone, they are asked about one after the other."""
    marked = {field: MARKED.format(field) for field in FIELDS}
    plain, reply = staff.get(path), staff.get(path, params=marked)
    found = faults(reply)
    found += [f"{path}: markup of {field}" for field in markup_in(reply.text)]
    if reply.status_code != plain.status_code:
        alone = ((field, {field: SCRIPT + QUOTES}) for field in FIELDS)
        found += sweep((field, staff.get(path, params=each)) for field, each in alone)
    assert found == []


def markup_in(text: str) -> list[str]:
    """Fields whose markup is in it, or a part of it: notes cut what they repeat, and JSON has
    quotes of its own."""
    return [
        field for field in FIELDS
        if any(part.format(field) in text for part in (SCRIPT_OF, IMAGE_OF))
    ]


def test_a_part_of_the_markup_is_found_too() -> None:
    typed = MARKED.format("tier")
    assert [markup_in(each) for each in (typed, shown(typed), json.dumps(typed), typed[20:])] == [
        ["tier"]
    ] * 4
    assert markup_in(escape(typed)) == []


@pytest.mark.parametrize("path", PAGES)
def test_wrong_methods(staff: httpx.Client, path: str) -> None:
    turn = PAGES.index(path)
    methods = ("HEAD", *(METHODS[(turn + more) % len(METHODS)] for more in range(2)))
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


def test_cookies_of_somebody_else(stranger: httpx.Client) -> None:
    """All pages read them by one middleware: each page is asked with one of them."""
    names = ("sessionid", "csrftoken", "theme", "zone", "messages", "django_language")
    cookies = ["; ".join(f"{name}={value}" for name in names) for value in COOKIES]
    replies = [
        stranger.get(path, headers={"cookie": each})
        for path, each in zip(PAGES, cycle(cookies), strict=False)
    ]
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

"""Whatever is typed into any page, comes a page: in the reader's language, with nothing broken.

The pages are read from the URLconf, so that a new one is swept too.
"""

from collections.abc import Iterator
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest
from django.test import Client

from accounts.models import User
from tests.flows.conftest import House
from tests.flows.readers import NO_CALL, PAGES, reader, sign_in
from tests.flows.server import Gateway

pytestmark = pytest.mark.postgresql
FIELDS = (
    "range", "from", "to", "zone", "tier", "language", "deployment", "outcome", "model_class",
    "kind", "user", "before", "after", "at", "cursor", "page", "q", "next", "once", "renew",
    "debate", "call", "text", "login", "password", "theme",
)  # fmt: skip
SCRIPT = "<script>alert(1)</script>"
QUOTES = "\"'><img src=x onerror=alert(1)>"
BAD = {
    "sql": "' OR 1=1; DROP TABLE billing_usagerecord; --",
    "script": SCRIPT,
    "quotes": QUOTES,
    "nul": "a\x00b",
    "emoji": "🏛️🤖" * 20,
    "long": "x" * 10_000,
    "template": "{{ 7|add:7 }}{% now 'Y' %}",
    "path": "../../../../etc/passwd",
    "number": "9" * 40,
    "minus": "-1",
    "direction": "\u202eabc\u200b",
    "lists": "a,b;c|d&e=f#g",
    "header": "a\r\nSet-Cookie: x=1",
    "empty": "",
}
RANGES = {
    "impossible day": "from=2026-02-30&to=2026-02-31",
    "backwards": "from=2026-11-20&to=2026-11-01",
    "ten years": "from=2016-11-25&to=2026-11-25",
    "all time": "from=0001-01-01&to=9999-12-31",
    "future": "from=2999-01-01&to=2999-02-01",
    "half": "from=2026-11-20",
    "other half": "to=2026-11-20",
    "unknown": "range=yesterday",
    "twice": "range=7d&range=90d&from=2026-11-01&from=x",
    "year zero": "from=0000-00-00&to=2026-11-20",
    "other digits": "from=%D9%A2%D9%A0%D9%A2%D9%A6-11-01&to=2026-11-20",
    "with a time": "from=2026-11-01T00:00:00Z&to=2026-11-20",
    "not UTF-8": "from=%ff%fe&tier=%c3%28",
    "many": "&".join(f"a{number}=1" for number in range(2_000)),
}
ZONES = (
    "Asia/Kolkata", "America/New_York", "Pacific/Kiritimati", "Australia/Lord_Howe", "UTC",
    "Etc/GMT+12", "Asia", "Mars/Olympus", "../../etc/passwd", "/etc/localtime", "asia/seoul",
    "posix/Asia/Seoul", "Factory", "localtime", "tzdata.zi", " ", "A" * 300,
)  # fmt: skip
LEGAL = {200, 204, 302, 303, 400, 403, 404, 405, 429}
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


def faults(reply: httpx.Response, what: object = "") -> list[str]:
    """Why this is no answer that a reader can use; empty is good."""
    where = f"{reply.request.method} {reply.request.url.path[:60]} {what}"
    if reply.status_code not in LEGAL:
        return [f"{where}: {reply.status_code}"]
    found = [f"{where}: a header of the sender's"] if "x" in reply.cookies else []
    if "html" not in reply.headers.get("content-type", ""):
        return found
    found += [f"{where}: {each} is in the page" for each in (SCRIPT, QUOTES) if each in reply.text]
    if "Traceback" in reply.text:
        found.append(f"{where}: a stack trace")
    if "<html" in reply.text and not ('<html lang="ko"' in reply.text and "<h1" in reply.text):
        found.append(f"{where}: no page in Korean")
    return found


def test_sweep_knows_the_pages() -> None:
    assert {"/", "/login/", "/dashboard/", "/dashboard/charts/spend.csv"} <= set(PAGES)


@pytest.mark.parametrize("path", PAGES)
def test_nonsense_in_all_fields_at_once(staff: httpx.Client, path: str) -> None:
    found = []
    for kind, value in BAD.items():
        fields = dict.fromkeys(FIELDS, value)
        query = {"tier": value} if kind == "long" else fields  # servers refuse longer addresses
        found += faults(staff.get(path, params=query), kind)
        found += faults(staff.get(path, params=query, headers={"hx-request": "true"}), kind)
        found += faults(staff.post(path, data=fields), kind)
    assert found == []


@pytest.mark.parametrize("path", PAGES)
def test_markup_in_each_field_alone(staff: httpx.Client, path: str) -> None:
    replies = [(staff.get(path, params={field: SCRIPT + QUOTES}), field) for field in FIELDS]
    assert [fault for reply, field in replies for fault in faults(reply, field)] == []


@pytest.mark.parametrize("path", [path for path in PAGES if path.startswith("/dashboard/")])
def test_impossible_ranges_and_zones(staff: httpx.Client, path: str) -> None:
    found = []
    for kind, query in RANGES.items():
        found += faults(staff.get(f"{path}?{query}"), kind)
    for zone in ZONES:
        found += faults(staff.get(path, params={"zone": zone, "range": "7d"}), zone[:30])
    assert found == []


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

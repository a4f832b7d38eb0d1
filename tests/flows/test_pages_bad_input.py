"""Whatever is typed into any page, comes a page: in the reader's language, with nothing broken.

The pages are read from the URLconf, so that a new one is swept too. Beside PostgreSQL they are
given what databases take differently: all of it goes through the same pages beside SQLite.
"""

from collections.abc import Iterator

import httpx
import pytest
from django.db import connection

from tests.flows.conftest import House
from tests.flows.nonsense import FIELDS, QUOTES, SCRIPT, sweep
from tests.flows.readers import PAGES, reader, sign_in
from tests.flows.server import Gateway

pytestmark = pytest.mark.postgresql
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
OF_DATABASES = ("sql", "quotes", "nul", "emoji", "long", "number", "minus", "direction")
ASKED = BAD if connection.vendor == "sqlite" else {kind: BAD[kind] for kind in OF_DATABASES}
FOR_A_PART = {"hx-request": "true"}
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
@pytest.fixture
def stranger(gateway: Gateway) -> Iterator[httpx.Client]:
    with reader(gateway) as client:
        yield client


@pytest.fixture
def staff(house: House, stranger: httpx.Client) -> httpx.Client:
    return sign_in(stranger, house)


def test_sweep_knows_the_pages() -> None:
    assert {"/", "/login/", "/dashboard/", "/dashboard/charts/spend.csv"} <= set(PAGES)


@pytest.mark.parametrize("path", PAGES)
def test_nonsense_in_all_fields_at_once(staff: httpx.Client, path: str) -> None:
    fields = {kind: dict.fromkeys(FIELDS, value) for kind, value in ASKED.items()}
    queries = fields | {"long": {"tier": BAD["long"]}}  # servers refuse longer addresses
    found = sweep((kind, staff.get(path, params=each)) for kind, each in queries.items())
    if is_asked_for_parts(staff, path):
        parts = ((kind, staff.get(path, params=each, headers=FOR_A_PART))
                 for kind, each in queries.items())
        found += sweep(parts)
    found += sweep((kind, staff.post(path, data=each)) for kind, each in fields.items())
    assert found == []


def is_asked_for_parts(reader: httpx.Client, path: str) -> bool:
    """Whether scripts get another answer than readers: where they do not, it is swept once."""
    whole, part = reader.get(path), reader.get(path, headers=FOR_A_PART)
    return whole.status_code != part.status_code or "<html" not in part.text


@pytest.mark.parametrize("path", [path for path in PAGES if path.startswith("/dashboard/")])
def test_impossible_ranges_and_zones(staff: httpx.Client, path: str) -> None:
    found = sweep((kind, staff.get(f"{path}?{query}")) for kind, query in RANGES.items())
    asked = ({"zone": zone, "range": "7d"} for zone in ZONES)
    found += sweep((each["zone"][:30], staff.get(path, params=each)) for each in asked)
    assert found == []

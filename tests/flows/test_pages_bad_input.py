"""Whatever is typed into any page, comes a page: in the reader's language, with nothing broken.

The pages are read from the URLconf, so that a new one is swept too. A request has nonsense of every
kind, another in each field; which kind is in which field differs from page to page, and some pages
are given every kind in every field. Beside PostgreSQL they are given what databases take
differently: all of it goes through the same pages beside SQLite.
"""

from collections import Counter
from collections.abc import Iterator
from urllib.parse import urlencode

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
KINDS = tuple(ASKED)
APART = len(KINDS) // 2  # the turns that a page is given
FOR_A_PART = {"hx-request": "true"}
# Together they read most fields, and with every reader of a range or a zone.
THOROUGH = (
    "/", "/login/", "/i18n/setlang/", "/account/profile/", "/play/", "/dashboard/",
    "/dashboard/calls/", "/dashboard/audit/", "/dashboard/explorer/", "/dashboard/revenue/",
)  # fmt: skip
# Each has a reader of its own, of `after`, `before`, `page` or `kind`.
PLACES = (
    "/dashboard/budgets/", "/dashboard/budgets/alerts/", "/dashboard/caches/",
    "/dashboard/caches/answers/", "/dashboard/debates/", "/dashboard/live/rows/",
    "/dashboard/settings/corrections/", "/dashboard/users/", "/dashboard/what-if/",
)  # fmt: skip
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
ACCEPTED = (("ten years", "Asia/Kolkata"), ("half", "America/New_York"))  # and they differ most


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
    turns = turns_of(path)
    found = sweep((each, staff.get(path, params=mixed(each))) for each in turns)
    parts = ((each, staff.get(path, params=mixed(each), headers=FOR_A_PART)) for each in turns[-1:])
    found += sweep(parts)
    found += sweep((each, staff.post(path, data=mixed(each))) for each in turns)
    assert found == []


def turns_of(path: str) -> tuple[int, ...]:
    if path in (*THOROUGH, *PLACES):
        return tuple(range(len(KINDS)))
    first = PAGES.index(path)
    return first, first + APART


def mixed(turn: int) -> dict[str, str]:
    """Every kind, each in the field after the one it had the turn before."""
    return {field: ASKED[KINDS[(place - turn) % len(KINDS)]] for place, field in enumerate(FIELDS)}


def test_every_kind_is_typed_into_every_field_of_many_pages() -> None:
    asked = [
        (field, value) for path in PAGES for each in turns_of(path)
        for field, value in mixed(each).items()
    ]
    assert len(FIELDS) >= len(KINDS)
    assert {*THOROUGH, *PLACES} <= set(PAGES)
    assert min(Counter(asked).values()) > len(PAGES) / len(KINDS)
    assert len(set(asked)) == len(FIELDS) * len(KINDS)


@pytest.mark.parametrize("path", [path for path in PAGES if path.startswith("/dashboard/")])
def test_impossible_ranges_and_zones(staff: httpx.Client, path: str) -> None:
    """All pages read them by one function; what comes of the days is each page's own."""
    first = PAGES.index(path)
    places = range(len(ZONES)) if path in THOROUGH else (first % len(ZONES),)
    refused = [(tuple(RANGES)[place % len(RANGES)], ZONES[place]) for place in places]
    asked = [(f"{days} {zone[:30]}", f"{RANGES[days]}&{urlencode({'zone': zone})}")
             for days, zone in (*ACCEPTED, *refused)]
    assert sweep((what, staff.get(f"{path}?{query}")) for what, query in asked) == []

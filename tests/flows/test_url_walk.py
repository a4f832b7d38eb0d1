"""Every address of the product, asked by everybody: nobody gets beyond their role, no page shows
a row of anybody else's, and nobody changes one.

What is expected is in url_walk.txt, for each address and role; an address that is not there fails.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from pytest_django.fixtures import Settings
from pytest_django.plugin import DjangoDbBlocker

from costcontrol.lib.database import close_threads
from tests.flows.rows import connected_to, name_of, new_database
from tests.flows.walk import Walk, routes
from tests.flows.walk_people import BARE, NOBODY, OTHER, ROLES, SELF, STAFF, World, world_make

TABLE = Path(__file__).with_name("url_walk.txt")
QUERIES = Path(__file__).with_name("page_queries.txt")
MOST_QUERIES = 20
MOST_BYTES = 40_000  # of a page's own markup, compressed
HOME, ADMIN, NOT_ASKED, REFUSED = "/", "admin/", "~", "-"
LISTS = re.compile(r"admin/((accounts|billing|routing|mfa)/\w+/)?$")  # and the index
# Whoever has such a link got it by email: what it is about is said before anybody signs in.
LINKS = ("confirm-email/<confirm_key>/", "account/organisation/join/<str:secret>/")
METHODS = ("GET", "POST")
# No cookie opens these.
WITHOUT_A_SESSION = ("v1/", "api/v1/tokens", "webhooks/", "healthz", "readyz")
ORDER = '{"topic": "Is it?", "cast": {"pro": ["kant"], "con": ["nietzsche"]}}'
POSTED: dict[str, Any] = {
    "account/alerts/": {"kind": "quota_percent", "threshold": "55"},
    "account/credit/beyond/": {"ceiling": "10", "agreed": "on"},
    "account/credit/by-itself/": {"pack": "small", "below": "5", "per_day": "1"},
    "account/credit/pack/": {"pack": "small"},
    "account/keys/": {"name": "another"},
    "account/keys/<slug:prefix>/rotate/": {"overlap": "now"},
    "account/organisation/": {"name": "another"},
    "account/organisation/invite/": {"email": "who@example.org", "role": "owner"},
    "account/organisation/members/<uuid:whose>/role/": {"role": "owner"},
    "account/organisation/name/": {"name": "taken over"},
    "account/profile/": {"language": "ko", "zone": "Asia/Seoul"},
    "dashboard/budgets/<int:budget_id>/": {"cap": "2"},
    "dashboard/budgets/<int:budget_id>/delete/": {"confirm": "1"},
    "dashboard/budgets/<int:budget_id>/raise/": {"cap": "2", "reason": "x"},
    "dashboard/budgets/alerts/<int:alert_id>/snooze/": {"until": "hour"},
    "dashboard/budgets/channels/":
        {"kind": "email", "name": "more", "address": "more@example.org"},
    "dashboard/budgets/new/": {"scope_kind": "tier", "scope_id": "free", "period": "day",
                               "cap": "1"},
    "dashboard/budgets/rules/<int:rule_id>/": {"scope_kind": "platform", "threshold": "90"},
    "dashboard/budgets/rules/new/":
        {"kind": "budget", "scope_kind": "platform", "threshold": "90"},
    "dashboard/budgets/users/<int:user_id>/throttle/":
        {"requests_per_minute": "6", "until": "hour", "reason": "x"},
    "dashboard/caches/answers/<int:answer_id>/end/": {"why": "wrong", "reason": "x"},
    "dashboard/caches/purge/": {"topic_key": "t001"},
    "dashboard/caches/purge/take-down/": {"topic": "t001", "reason": "x"},
    "dashboard/caches/topics/<int:alias_id>/decide/": {"status": "active"},
    "dashboard/caches/topics/matches/<int:match_id>/judge/": {"verdict": "wrong"},
    "dashboard/precompute/estimate/": {"budget_usd": "1"},
    "dashboard/routes/drafts/<int:version>/": {
        f"cell.{mode}.{complexity}": "local"
        for mode in ("local", "hybrid", "cloud", "economy")
        for complexity in ("simple", "medium", "complex")
    },
    "dashboard/routes/drafts/<int:version>/publish/": {"confirm": "1"},
    "dashboard/routes/models/<int:deployment_id>/": {"confirm": "1", "is_enabled": "0"},
    "dashboard/what-if/run/": {"from": "2026-11-20", "to": "2026-11-20"},
    "dashboard/precompute/<int:run_id>/start/": {"confirm": "1"},
    "2fa/webauthn/keys/<int:pk>/edit/": {"name": "taken over"},
    "i18n/setlang/": {"language": "ko"},
    "api/v1/philosophers":
        '{"name": {"en": "Hypatia"}, "cards": {"en": {"essence": "Number rules all."}}}',
    "api/v1/topics/resolve": '{"text": "Is number all?"}',
    "api/v1/topics/confirm": '{"text": "Is number all?", "topic_id": "t001"}',
    "api/v1/topics/report": '{"text": "Is number all?", "topic_id": "t001"}',
    "api/v1/debates": ORDER, "api/v1/debates/estimate": ORDER,
    "api/v1/debates/<str:debate_id>": "{}",
    "api/v1/debates/<str:debate_id>/pause": "{}", "api/v1/debates/<str:debate_id>/resume": "{}",
    "api/v1/debates/<str:debate_id>/turns": "{}",
    "api/v1/debates/<str:debate_id>/messages": '{"text": "But no."}',
    "api/v1/messages/<str:message_id>/rating": '{"rating": 1}',
    "api/v1/tokens": "{}", "v1/chat/completions": "{}", "webhooks/stripe/": "{}",
}  # fmt: skip
Table = dict[tuple[str, str], list[str]]


def table() -> Table:
    """(address, method) -> a word for each role."""
    lines = [line.split() for line in TABLE.read_text().splitlines() if line[:1] != "#"]
    return {
        (address, method): words * (len(ROLES) if len(words) == 1 else 1)
        for address, method, *words in lines
    }


def own_routes() -> list[str]:
    return [route or HOME for route in routes() if not route.startswith(ADMIN)]


@pytest.fixture(scope="module")
def database(
    tmp_path_factory: pytest.TempPathFactory, django_db_blocker: DjangoDbBlocker
) -> Iterator[str]:
    with django_db_blocker.unblock(), new_database(tmp_path_factory.mktemp("walk")) as url:
        yield name_of(url)


@pytest.fixture(scope="module")
def made(database: str, django_db_blocker: DjangoDbBlocker) -> World:
    with django_db_blocker.unblock(), connected_to(database):
        return world_make()


@pytest.fixture
def world(house: object, made: World, database: str, settings: Settings) -> Iterator[World]:
    """Staff need a second factor here, as where others can reach the server."""
    settings.STAFF_NEEDS_MFA = True
    close_threads()  # those of streams would still ask the database of the test before
    with nobody_waits(), connected_to(database):
        yield made
        close_threads()


@contextmanager
def nobody_waits() -> Iterator[None]:
    """What another thread writes beside a step that will be taken back is refused at once: SQLite
    would let it wait for the step, which waits for it."""
    options = connection.settings_dict["OPTIONS"]
    before = options["timeout"]
    options["timeout"] = 0.05
    yield
    options["timeout"] = before


def walk_of(world: World, role: str) -> Walk:
    more = {"chart_id": "spend", "revenue_chart_id": "collected"}
    return Walk(world, role, params=world.params | more)


def posted(world: World, route: str) -> Any:
    if route == "account/organisation/withdraw/":
        return {"email": world.params["invited"]}
    return POSTED.get(route)


def test_table_names_every_address_and_no_other() -> None:
    assert {address for address, _method in table()} == set(own_routes())
    assert all(len(words) == len(ROLES) for words in table().values())


@pytest.mark.parametrize("role", ROLES)
def test_everybody_gets_what_the_table_says_and_no_row_of_others(world: World, role: str) -> None:
    walk, expected, wrong = walk_of(world, role), table(), []
    for route in own_routes():
        for method in METHODS:
            word = expected.get((route, method), [REFUSED] * len(ROLES))[ROLES.index(role)]
            if word != NOT_ASKED:
                wrong += step(walk, route.strip("/") and route, method, word)
    if role == STAFF:
        wrong += too_much(walk)
    assert not wrong, "\n".join(wrong)


def too_much(walk: Walk) -> list[str]:
    """Pages of staff that ask the database too often, or are too large."""
    lines = [line.split() for line in QUERIES.read_text().splitlines() if line[:1] != "#"]
    most = {route: int(number) for route, number in lines}
    pages = {
        route for (route, method), words in table().items()
        if (method, words[ROLES.index(STAFF)]) == ("GET", "page") and route.startswith("dashboard/")
    }
    wrong = [f"{route} has a limit and is no page" for route in most.keys() - pages]
    for route in sorted(pages):
        taken = walk.taken[route]
        if taken.queries > most.get(route, MOST_QUERIES) or taken.size > MOST_BYTES:
            wrong.append(f"{route}: {taken}")
    return wrong


def step(walk: Walk, route: str, method: str, expected: str) -> list[str]:
    data = posted(walk.world, route)
    word, strange = walk.get(route) if method == "GET" else walk.post(route, data)
    wrong = [] if word == expected else [f"{method} {route}: {word}, not {expected}"]
    if strange and route not in LINKS:
        wrong.append(f"{method} {route} shows {strange}")
    return wrong


@pytest.mark.parametrize("role", [NOBODY, SELF, OTHER, BARE])
def test_admin_is_for_staff_with_a_second_factor(world: World, role: str) -> None:
    walk, turned_away = walk_of(world, role), "mfa" if role == BARE else "login"
    words = {url: walk.ask("GET", url) for url in admin_addresses()}
    doors = {"/admin/login/": {NOBODY: "login", BARE: "go"}.get(role, "no")}
    doors |= {} if role == BARE else {"/admin/logout/": "go"}
    assert words == dict.fromkeys(words, turned_away) | doors


def admin_addresses() -> list[str]:
    """Rows are asked for that need not be there: the door comes before them."""
    found = [route for route in routes() if route.startswith(ADMIN) and "(?P" not in route]
    return ["/" + re.sub(r"<[^>]+>", "1", route) for route in found] + ["/admin/billing/"]


def test_staff_see_the_lists_of_the_admin(world: World) -> None:
    walk = walk_of(world, STAFF)
    lists = [url for url in admin_addresses() if LISTS.match(url[1:])]
    assert len(lists) > 20
    assert {url: walk.ask("GET", url) for url in lists} == dict.fromkeys(lists, "page")


def test_forms_of_other_sites_change_nothing(world: World) -> None:
    walk, expected = walk_of(world, SELF), table()
    accepting = [
        route for route in own_routes()
        if expected.get((route, "POST"), [REFUSED])[0] != REFUSED
        and not route.startswith(WITHOUT_A_SESSION)
    ]
    words = {route: walk.post_from_elsewhere(route, posted(world, route)) for route in accepting}
    assert {route: word for route, word in words.items() if word not in ("no", REFUSED)} == {}


def test_rows_of_a_customer_are_seen_by_that_customer(world: World) -> None:
    """Else nothing that was not seen above would prove anything."""
    shown = {
        "account/keys/": "key", "account/invoices/": "NO", "email/": "new",
        "2fa/webauthn/": "passkey", "account/security/": "passkey",
    }  # fmt: skip
    walk = walk_of(world, SELF)
    for route, prefix in shown.items():
        words = [word for word, roles in world.seen_by.items() if SELF in roles]
        assert any(word in walk.text(route) for word in words if word.startswith(prefix)), route

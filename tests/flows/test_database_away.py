"""The database goes away: nothing is paid that cannot be booked, what is stored is still served,
and everything is as before when it comes back. PostgreSQL only: a SQLite file is always there."""

import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import pytest
from django.db import connection

from tests.flows.conftest import House
from tests.flows.readers import PAGES, reader, sign_in
from tests.flows.rows import (
    CENT,
    Account,
    account,
    assert_the_books_agree,
    eventually,
    paid_body,
    records_of,
    spent_by,
    sweep_what_was_cut,
)
from tests.flows.server import Gateway, burst
from tests.services.outage import Door, door_before
from tests.upstreams.metered import Manner, Metered

pytestmark = pytest.mark.postgresql
SOME = sorted({*PAGES[::6], "/dashboard/", "/login/"})  # each waits two seconds for the database


@pytest.fixture(scope="module")
def door() -> Iterator[Door]:
    behind = Path(str(connection.settings_dict["HOST"]))
    with (
        tempfile.TemporaryDirectory(prefix="door-") as folder,  # short: it is a socket's path
        door_before(behind, folder=Path(folder)) as door,
    ):
        yield door


@pytest.fixture(scope="module")
def behind_a_door(the_house: House, door: Door) -> Iterator[Gateway]:
    head = the_house.database_url.partition("?host=")[0]
    url = f"{head}?host={quote(str(door.folder), safe='')}"
    with the_house.gateway(DATABASE_URL=url) as gateway:
        yield gateway


@pytest.fixture
def away(behind_a_door: Gateway, door: Door) -> Iterator[Door]:
    """Shut by the test; open again after it, whatever happened, and seen to be so."""
    yield door
    if door.is_shut:
        door.open()
    eventually(
        lambda: behind_a_door.post(account(), paid_body()).status == 200, what="the database",
        within_s=20,
    )
    sweep_what_was_cut()


def known(gateway: Gateway, who: Account) -> Account:
    """Somebody whom the gateway has seen, and who has asked one thing before."""
    assert gateway.post(who, paid_body("before")).status == 200
    return who


def test_nothing_is_paid_and_stored_answers_are_served(
    behind_a_door: Gateway, away: Door, upstream: Metered
) -> None:
    alice = known(behind_a_door, account())
    away.shut()
    behind_a_door.sees_new_budgets()
    new = behind_a_door.post(alice, paid_body("new"))
    stored = behind_a_door.post(alice, paid_body("before"))
    assert (new.status, new.error["code"]) == (503, "budget_exhausted")
    assert new.error["still_works"] == ["cache"]
    assert new.headers["retry-after"] == "5"
    assert (stored.status, stored.headers["x-cache"]) == (200, "hit")
    assert len(upstream.sales) == 1


def test_stored_answers_are_served_fast(behind_a_door: Gateway, away: Door) -> None:
    alice = known(behind_a_door, account())
    away.shut()
    behind_a_door.sees_new_budgets()
    behind_a_door.post(alice, paid_body("before"))  # may wait once for a line that is cut
    begun = time.monotonic()
    replies = burst(behind_a_door, *[(alice, paid_body("before"))] * 20)
    assert [reply.headers["x-cache"] for reply in replies] == ["hit"] * 20
    assert time.monotonic() - begun < 10  # not two seconds each


def test_refusals_come_fast_too(behind_a_door: Gateway, away: Door) -> None:
    alice = known(behind_a_door, account())
    away.shut()
    behind_a_door.sees_new_budgets()
    behind_a_door.post(alice, paid_body("once"))
    begun = time.monotonic()
    replies = burst(behind_a_door, *[(alice, paid_body(tag)) for tag in range(20)])
    assert {reply.status for reply in replies} == {503}
    assert time.monotonic() - begun < 10  # one of them looks whether it is back, for two seconds


def test_call_with_an_idempotency_key_is_refused_the_same_way(
    behind_a_door: Gateway, away: Door, upstream: Metered
) -> None:
    alice = known(behind_a_door, account())
    away.shut()
    behind_a_door.sees_new_budgets()
    reply = behind_a_door.post(alice, paid_body("new"), idempotency_key="k")
    assert (reply.status, reply.error["code"]) == (503, "budget_exhausted")
    assert len(upstream.sales) == 1


def test_stranger_is_not_let_in(behind_a_door: Gateway, away: Door) -> None:
    stranger = account()
    away.shut()
    reply = behind_a_door.post(stranger, paid_body())
    assert (reply.status, reply.error["code"]) == (503, "database_unavailable")


def test_call_under_way_is_answered_and_booked_when_it_is_back(
    behind_a_door: Gateway, away: Door, upstream: Metered
) -> None:
    alice = account()
    upstream.will(Manner(piece_s=0.05))
    with behind_a_door.streaming(alice, paid_body()) as stream:
        stream.read(5)
        away.shut()
        time.sleep(0.3)
        away.open()
        assert stream.read()[-1] == "[DONE]"
    [row] = records_of(alice, count=1)
    assert (row.outcome, row.cost_nanos) == ("complete", CENT)
    assert spent_by(alice) == (CENT, 0)
    assert_the_books_agree()


def test_everything_works_again_when_it_is_back(
    behind_a_door: Gateway, away: Door, upstream: Metered
) -> None:
    alice = known(behind_a_door, account())
    away.shut()
    behind_a_door.sees_new_budgets()
    assert behind_a_door.post(alice, paid_body("while")).status == 503
    away.open()
    eventually(
        lambda: behind_a_door.post(alice, paid_body("after")).status == 200, what="an answer",
        within_s=10,
    )
    assert_the_books_agree()


def test_only_the_first_to_notice_is_told(behind_a_door: Gateway, away: Door) -> None:
    """All connections were cut off while nobody asked, as when a server is started again."""
    calls = [(account(), paid_body(tag)) for tag in range(20)]
    assert {reply.status for reply in burst(behind_a_door, *calls)} == {200}
    away.shut()
    away.open()
    statuses = [behind_a_door.post(account(), paid_body()).status for _ in range(8)]
    assert statuses[1:] == [200] * 7


def test_pages_say_that_it_is_away_and_come_back_with_it(
    house: House, behind_a_door: Gateway, away: Door
) -> None:
    with reader(behind_a_door) as client:
        sign_in(client, house)
        assert client.get("/dashboard/").status_code == 200
        away.shut()
        with ThreadPoolExecutor(8) as readers:  # each waits for the database, for a moment
            gone = dict(zip(SOME, readers.map(client.get, SOME), strict=True))
        away.open()
        eventually(
            lambda: client.get("/dashboard/").status_code == 200, what="the page", within_s=10
        )
    assert [path for path, reply in gone.items() if reply.status_code == 500] == []
    for path in ("/dashboard/", "/login/"):
        assert gone[path].status_code == 503
        assert gone[path].headers["retry-after"]
        assert '<html lang="ko"' in gone[path].text
        assert "<h1" in gone[path].text

"""Fifty calls at once of a cent each against ten cents: ten pass, whatever else goes wrong.

Ten reach the upstream, not eleven (the limit holds) and not nine (no room is wasted); with and
without `max_tokens`, with one process and with four, with Valkey dying and with a worker killed.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis

from billing import ledger
from billing.models import Reservation
from tests.flows.conftest import House
from tests.flows.rows import (
    CENT,
    OPEN,
    Account,
    account,
    assert_the_books_agree,
    budget,
    eventually,
    paid_body,
    records_of,
    spent_by,
)
from tests.flows.server import Gateway, Reply, burst
from tests.services.valkey import running_valkey
from tests.upstreams.metered import INPUT_TOKENS, Manner, Metered

pytestmark = pytest.mark.postgresql
FIFTY, TEN = 50, 10
with_or_without = pytest.mark.parametrize("more", [{"max_tokens": 50}, {}], ids=["cap", "no cap"])


def ten_cents() -> Account:
    who = account("enterprise")
    budget(f"user:{who.email}", "0.10")
    return who


def fifty(gateway: Gateway, who: Account, upstream: Metered, **more: Any) -> list[Reply]:
    upstream.manner = Manner(wait_s=0.2)
    return burst(gateway, *[(who, paid_body(tag, **more)) for tag in range(FIFTY)])


def assert_ten_passed(who: Account, upstream: Metered, replies: list[Reply]) -> None:
    truly = sum(INPUT_TOKENS * 50_000 + sale.output_tokens * 100_000 for sale in upstream.sales)
    assert len(upstream.sales) == TEN
    assert [reply.status for reply in replies].count(200) == TEN
    assert {reply.error["code"] for reply in replies if reply.status != 200} == {"quota_exceeded"}
    assert spent_by(who) == (truly, 0)
    assert 9 * CENT < truly <= 10 * CENT
    assert_the_books_agree()


@with_or_without
def test_ten_of_fifty_pass_one_process(
    gateway: Gateway, upstream: Metered, more: dict[str, Any]
) -> None:
    who = ten_cents()
    assert_ten_passed(who, upstream, fifty(gateway, who, upstream, **more))


@with_or_without
def test_ten_of_fifty_pass_four_processes(
    four_workers: Gateway, upstream: Metered, more: dict[str, Any]
) -> None:
    who = ten_cents()
    assert_ten_passed(who, upstream, fifty(four_workers, who, upstream, **more))


def test_ten_of_fifty_streams_pass(gateway: Gateway, upstream: Metered) -> None:
    who = ten_cents()
    replies = fifty(gateway, who, upstream, max_tokens=50, stream=True)
    assert_ten_passed(who, upstream, replies)


def test_next_burst_gets_nothing_and_is_told_why(gateway: Gateway, upstream: Metered) -> None:
    who = ten_cents()
    fifty(gateway, who, upstream, max_tokens=50)
    before = spent_by(who)
    again = burst(gateway, *[(who, paid_body(f"again {tag}")) for tag in range(5)])
    assert {reply.status for reply in again} == {429}
    assert {reply.error["limit"] for reply in again} == {10 * CENT}
    assert spent_by(who) == before
    assert len(upstream.sales) == TEN


# --- without Valkey ------------------------------------------------------------------------------


class Mortal:
    """A gateway of two processes with a Valkey of its own, which can be killed."""

    def __init__(self, gateway: Gateway, url: str) -> None:
        self.gateway, self._url = gateway, url

    def kill_valkey(self) -> None:
        with suppress(redis.RedisError), redis.Redis.from_url(self._url) as client:
            client.shutdown(nosave=True, now=True)


@pytest.fixture(scope="module")
def mortal(the_house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mortal]:
    folder: Path = tmp_path_factory.mktemp("valkey")
    with (
        running_valkey(folder) as url,
        the_house.gateway(workers=2, REDIS_URL=url) as gateway,
    ):
        yield Mortal(gateway, url)


def test_ten_of_fifty_pass_while_valkey_dies(mortal: Mortal, upstream: Metered) -> None:
    who = ten_cents()
    death = threading.Timer(0.3, mortal.kill_valkey)
    death.start()
    replies = fifty(mortal.gateway, who, upstream)
    death.join()
    assert_ten_passed(who, upstream, replies)


def test_ten_of_fifty_pass_without_valkey(mortal: Mortal, upstream: Metered) -> None:
    mortal.kill_valkey()
    who = ten_cents()
    assert_ten_passed(who, upstream, fifty(mortal.gateway, who, upstream))


# --- a worker is killed ---------------------------------------------------------------------------


def kill_who_asked(gateway: Gateway, upstream: Metered) -> None:
    """SIGKILL for the process that waits for the upstream."""
    port = upstream.sales[-1].peer_port
    for process in gateway.worker_processes():
        if any(line.laddr.port == port for line in process.net_connections("tcp")):
            process.kill()
            process.wait(5)
            return
    raise AssertionError("nobody asked")


def let_leases_end(who: Account) -> list[Reservation]:
    mine = Reservation.objects.filter(state__in=OPEN, facts__usage__user_id=who.user.pk)
    mine.update(lease_until_ms=0)
    return list(mine)


@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "stream"])
def test_call_of_a_killed_worker_is_closed_by_the_sweeper(
    mortal: Mortal, upstream: Metered, is_stream: bool
) -> None:
    mortal.gateway.wait_until_ready()
    who = ten_cents()
    upstream.manner = Manner(wait_s=0 if is_stream else 8, piece_s=0.4)
    call = threading.Thread(
        target=lambda: _ignoring_errors(mortal.gateway, who, paid_body(stream=is_stream))
    )
    call.start()
    eventually(lambda: len(upstream.sales) == 1, what="a call under way")
    time.sleep(0.3)
    kill_who_asked(mortal.gateway, upstream)
    call.join(10)
    [left] = let_leases_end(who)
    assert spent_by(who) == (0, left.amount)

    ledger.sweep()

    [row] = records_of(who, count=1)
    assert (row.outcome, row.error_code, row.confidence) == (
        "incomplete", "worker_lost", "estimated",
    )
    assert 100 * 50_000 <= row.cost_nanos <= left.amount
    assert spent_by(who) == (row.cost_nanos, 0)
    assert_the_books_agree()


def test_killed_workers_are_replaced_and_the_limit_still_holds(
    mortal: Mortal, upstream: Metered
) -> None:
    mortal.gateway.wait_until_ready()
    who = ten_cents()
    assert_ten_passed(who, upstream, fifty(mortal.gateway, who, upstream, max_tokens=50))


def _ignoring_errors(gateway: Gateway, who: Account, body: dict[str, Any]) -> None:
    with suppress(httpx.TransportError):
        gateway.post(who, body)

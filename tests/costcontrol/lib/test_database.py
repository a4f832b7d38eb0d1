"""The bridge to the database's threads, while the server is away and after it."""

import asyncio
import threading

import pytest
from django.db import IntegrityError, OperationalError

from costcontrol.lib import database
from costcontrol.lib.database import Outage


def test_while_all_is_well_nobody_is_stopped() -> None:
    Outage().fail_fast()


def test_everybody_but_one_who_looks_fails_at_once() -> None:
    outage = Outage(pause_s=0)
    outage.note(is_away=True)
    outage.fail_fast()  # looks
    with pytest.raises(OperationalError):
        outage.fail_fast()


def test_nobody_looks_before_the_pause_is_over() -> None:
    outage = Outage()
    outage.note(is_away=True)
    with pytest.raises(OperationalError):
        outage.fail_fast()


def test_who_looked_and_found_it_lets_everybody_in() -> None:
    outage = Outage(pause_s=0)
    outage.note(is_away=True)
    outage.fail_fast()
    outage.note(is_away=False)
    outage.fail_fast()
    outage.fail_fast()


async def test_work_runs_in_a_thread_of_its_own() -> None:
    assert await database.run(threading.get_ident) != threading.get_ident()


async def test_what_must_be_written_is_tried_again_behind_the_caller() -> None:
    tries: list[int] = []

    async def write() -> None:
        tries.append(1)
        if len(tries) < 3:
            raise OperationalError("away")

    await database.insist(write, what="a test")
    assert len(tries) == 1
    async with asyncio.timeout(5):
        while len(tries) < 3:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_error_that_is_not_the_databases_is_not_hidden() -> None:
    async def write() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await database.insist(write, what="a test")


async def test_refused_row_does_not_look_like_an_outage() -> None:
    def refuse() -> None:
        raise IntegrityError("no")

    with pytest.raises(IntegrityError):
        await database.run(refuse)
    assert await database.run(lambda: 1) == 1

"""Rows that can wait, and checkpoints of running attempts."""

import asyncio
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from django.db import connection

from billing.models import UsageRecord
from costcontrol.lib import clock, database
from routing import keeper

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql]


@pytest.fixture(autouse=True)
def own_threads() -> Iterator[None]:
    """Connections of the bridge's threads end with the test: its database is flushed then."""
    yield
    keeper._rows.clear()
    database.close_threads()


def row(**changes: Any) -> UsageRecord:
    facts: dict[str, Any] = {
        "call_id": uuid4(), "attempt": 0, "at": clock.now(), "user_id": 1, "tier": "free",
        "requested_model": "auto", "outcome": "cached", "confidence": "exact",
    }
    return UsageRecord(**facts | changes)


@sync_to_async(thread_sensitive=False)
def written() -> int:
    count = UsageRecord.objects.count()
    connection.close()
    return count


async def test_rows_are_written_together_and_soon() -> None:
    for _ in range(120):
        keeper.write_soon(row())
    assert await written() == 0
    await asyncio.sleep(keeper.TICK_S + 0.5)
    assert await written() == 120


async def test_rows_are_written_once_however_many_ask_for_it_at_once() -> None:
    for _ in range(120):
        keeper.write_soon(row())
    await asyncio.gather(*(keeper.flush() for _ in range(3)))
    assert await written() == 120


async def test_row_that_no_database_takes_does_not_hold_up_the_others() -> None:
    twice, at = uuid4(), clock.now()  # of a reservation there is one row, with one time
    for reservation_id in (None, twice, twice, None):
        keeper.write_soon(row(reservation_id=reservation_id, at=at))
    await keeper.flush()
    assert await written() == 3
    await keeper.flush()
    assert await written() == 3


async def test_flood_of_rows_is_bounded() -> None:
    one = row()
    keeper._rows.extend([one] * keeper.MAX_ROWS)
    keeper.write_soon(row())
    assert len(keeper._rows) == keeper.MAX_ROWS
    keeper._rows.clear()

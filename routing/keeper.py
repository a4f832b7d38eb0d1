"""Housekeeping beside the calls: checkpoints of running attempts, and rows that can wait.

One task per process, alive only while there is something to keep. Cache answers cost nothing, so
their rows are written together twice a second instead of one by one; so are texts that are kept.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID
from weakref import WeakKeyDictionary

from django.db import DatabaseError, DataError, IntegrityError

from billing import ledger
from billing.models import CallUse, UsageRecord
from costcontrol.lib import database
from routing import texts
from routing.cache import servings
from routing.call import Call
from routing.models import CallText

if TYPE_CHECKING:
    from routing.meter import Meter

log = logging.getLogger(__name__)
TICK_S = 0.5
TICKS_A_CHECKPOINT = 2
MAX_ROWS = 20_000
MAX_TEXTS = 500
TEXTS_A_WRITE = 20
ROWS_A_WRITE = 50  # short turns, so that reservations in the same thread do not wait

_meters: dict[UUID, "Meter"] = {}
_rows: list[UsageRecord] = []
_uses: list[CallUse] = []
_texts: list[CallText] = []
_task: asyncio.Task[None] | None = None
_turns: "WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock]" = WeakKeyDictionary()


def watch(meter: "Meter") -> None:
    _meters[meter.reservation_id] = meter
    _wake()


def unwatch(meter: "Meter") -> None:
    _meters.pop(meter.reservation_id, None)


def write_soon(row: UsageRecord) -> None:
    """Queue a row about a call that cost nothing."""
    if len(_rows) < MAX_ROWS:
        _rows.append(row)
    _wake()


def keep_text(call: Call, answer: str, *, deltas: Sequence[Mapping[str, Any]] = ()) -> None:
    """Queue what was asked and answered, if texts are kept. What there is no room for is left
    out: texts are a convenience."""
    if not texts.are_kept() or len(_texts) >= MAX_TEXTS:
        return
    try:
        row = texts.row_of(call, answer, deltas=deltas)
    except Exception:  # whatever an upstream sent: the call goes on, and is settled
        log.exception("keeper: the text of call %s could not be kept", call.id)
        return
    _texts.append(row)
    _wake()


def keep_uses(call: Call) -> None:
    """Queue whose answers this call's prompt was made of. For reports: there may be too many."""
    if len(_uses) < MAX_ROWS:
        _uses.extend(CallUse(call_id=used, used_by=call.id) for used in call.request.uses)
    _wake()


def _wake() -> None:
    global _task
    if _task is None or _task.done() or _task.get_loop() is not asyncio.get_running_loop():
        _task = asyncio.create_task(_keep())


async def _keep() -> None:
    ticks = 0
    while _meters or _rows or _uses or _texts:
        await asyncio.sleep(TICK_S)
        ticks += 1
        try:
            await flush()
            if ticks % TICKS_A_CHECKPOINT == 0:
                await checkpoint()
        except DatabaseError as error:
            log.warning("keeper: the database is away, trying again (%s)", error)


async def flush() -> None:
    """Write the queued rows and texts; they stay queued if that fails. Whoever comes while that is
    being done waits: nothing is written twice."""
    async with _turn():
        await _flush_rows()
        await _flush_uses()
        await _flush_texts()


def _turn() -> asyncio.Lock:
    """A lock belongs to the loop that it is used in."""
    return _turns.setdefault(asyncio.get_running_loop(), asyncio.Lock())


async def _flush_rows() -> None:
    while batch := _rows[:ROWS_A_WRITE]:
        try:
            await database.run(servings.insert, batch)
        except (DataError, IntegrityError):
            await _write_each(batch)
        del _rows[: len(batch)]


async def _flush_uses() -> None:
    while batch := _uses[:ROWS_A_WRITE]:
        await database.run(ledger.insert_uses, batch)
        del _uses[: len(batch)]


async def _flush_texts() -> None:
    while batch := _texts[:TEXTS_A_WRITE]:
        try:
            await database.run(texts.insert, batch)
        except (DataError, IntegrityError):
            log.error("keeper: the texts of %d calls could not be written down", len(batch))
        del _texts[: len(batch)]


async def _write_each(rows: list[UsageRecord]) -> None:
    """One row that no database takes must not hold up the others for ever."""
    for row in rows:
        try:
            await database.run(servings.insert, [row])
        except (DataError, IntegrityError) as error:
            log.error("keeper: call %s could not be written down (%s)", row.call_id, error)


async def checkpoint() -> None:
    """Note what running attempts owe; an attempt whose lease is lost is told to stop."""
    if not _meters:
        return
    progress = {meter.reservation_id: int(meter.owed_so_far) for meter in _meters.values()}
    for reservation_id in await database.run(ledger.checkpoint, progress):
        if meter := _meters.get(reservation_id):
            meter.is_lost = True

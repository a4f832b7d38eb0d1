"""Group commit: what comes together is written together, in order, and in the end."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import InterfaceError, OperationalError, connection

from billing import ledger
from billing.models import Window
from routing.debates import commits, sayings
from routing.debates.commits import Commits, Line
from routing.models import Debate, Turn, TurnEvent
from tests.billing.books import counters, reserve, threads, window_make
from tests.billing.debate_money import hold
from tests.routing.debates.playing import debate_make, next_turn, person_make, run

pytestmark = [pytest.mark.usefixtures("stage"), pytest.mark.postgresql]


class Written:
    """What was told to be written, batch by batch."""

    def __init__(self) -> None:
        self.batches: list[list[TurnEvent]] = []
        self.news = asyncio.Event()
        self.commits = Commits(self._note)

    def _note(self, events: Sequence[TurnEvent]) -> None:
        self.batches.append(list(events))
        self.news.set()

    async def all(self) -> None:
        await self.commits.do(lambda _events: None)


async def a_line() -> Line:
    debate = await run(lambda: debate_make(person_make()))
    return Line((await run(next_turn, debate)).pk, 1)


async def rows() -> list[TurnEvent]:
    return await run(lambda: list(TurnEvent.objects.order_by("turn", "attempt", "seq")))


async def test_pieces_that_come_together_are_one_event() -> None:
    line, written = await a_line(), Written()
    for text in ("To ", "be, ", "or not"):
        written.commits.add(line, sayings.piece(text))
    await written.all()
    written.commits.add(line, sayings.piece(" to be."))
    await written.commits.close()
    assert [row.data["text"] for row in await rows()] == ["To be, or not", " to be."]
    assert [[event.seq for event in batch] for batch in written.batches] == [[1], [2]]


async def test_an_event_between_pieces_stays_between_them() -> None:
    line, written = await a_line(), Written()
    for event in (sayings.piece("a"), sayings.degraded("mid", "why", language="en"),
                  sayings.piece("b"), sayings.piece("c")):
        written.commits.add(line, event)
    await written.commits.close()
    assert [row.kind for row in await rows()] == ["delta", "degraded", "delta"]
    assert (await rows())[-1].data == {"text": "bc"}


async def test_nothing_waits_while_nothing_is_written() -> None:
    line, written = await a_line(), Written()
    await asyncio.sleep(commits.MIN_GAP_S)
    written.commits.add(line, sayings.piece("at once"))
    async with asyncio.timeout(1):
        await written.news.wait()
    await written.commits.close()


async def test_a_job_that_fails_takes_nobody_with_it() -> None:
    line, written = await a_line(), Written()
    written.commits.add(line, sayings.piece("kept"))
    failing = asyncio.create_task(written.commits.do(lambda _events: 1 // 0))
    counting = asyncio.create_task(written.commits.do(lambda _events: TurnEvent.objects.count()))
    with pytest.raises(ZeroDivisionError):
        await failing
    await counting
    assert len(await rows()) == 1
    await written.commits.close()


async def test_what_a_failed_job_wrote_is_undone() -> None:
    await a_line()
    written = Written()

    def work(_events: Any) -> None:
        Debate.objects.update(topic="changed")
        raise LookupError

    with pytest.raises(LookupError):
        await written.commits.do(work)
    assert not await run(lambda: Debate.objects.filter(topic="changed").exists())
    await written.commits.close()


async def test_while_the_database_is_away_everything_is_kept() -> None:
    line, written = await a_line(), Written()
    tries: list[int] = []

    def work(_events: Any) -> None:
        tries.append(1)
        if len(tries) < 3:
            raise OperationalError("gone")  # as the driver says it

    written.commits.add(line, sayings.piece("kept"))
    await written.commits.do(work)
    assert [row.data["text"] for row in await rows()] == ["kept"]
    assert [[event.seq for event in batch] for batch in written.batches] == [[1]]
    await written.commits.close()


async def test_what_belongs_to_a_deleted_debate_is_left_out() -> None:
    line, written = await a_line(), Written()
    gone = Line(uuid4(), 1)
    written.commits.add(gone, sayings.piece("whose?"))
    written.commits.add(line, sayings.piece("mine"))
    assert await written.commits.do(lambda _events: Turn.objects.count()) == 1
    assert [row.data["text"] for row in await rows()] == ["mine"]
    assert [event.turn_id for batch in written.batches for event in batch] == [line.turn_id]
    await written.commits.close()


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
async def test_a_database_that_goes_away_while_rows_are_written_one_by_one(error: Any) -> None:
    line, written, tries = await a_line(), Written(), []

    def work(_events: Any) -> int:
        tries.append(1)
        if len(tries) == 2:  # first together with what spoils it, then alone
            raise error("gone")
        return len(tries)

    written.commits.add(Line(uuid4(), 1), sayings.piece("whose?"))
    written.commits.add(line, sayings.piece("mine"))
    assert await written.commits.do(work) == 3
    assert [row.data["text"] for row in await rows()] == ["mine"]
    await written.commits.close()


async def test_what_cannot_be_written_at_all_is_sent_to_nobody_and_holds_nobody_up() -> None:
    line, written = await a_line(), Written()

    def work(events: list[TurnEvent]) -> None:
        events.append(TurnEvent(turn_id=line.turn_id, attempt=1, seq=1, data={"no": object()}))

    with pytest.raises(TypeError):
        await written.commits.do(work)
    async with asyncio.timeout(2):
        await written.all()
    assert not written.batches
    await written.commits.close()


async def test_what_locks_money_is_written_alone() -> None:
    """Windows of two debates, locked in one transaction, would meet other calls' the wrong way."""
    line, written = await a_line(), Written()
    savepoints: list[list[str | None]] = []

    def locking(_events: Any) -> None:
        savepoints.append(list(connection.savepoint_ids))

    written.commits.add(line, sayings.piece("before"))
    jobs = [written.commits.do(locking, is_alone=is_alone) for is_alone in (True, True, False)]
    await asyncio.gather(*jobs, written.all())
    await written.commits.close()
    assert savepoints[:2] == [[None], [None]]  # with nobody else to save
    assert savepoints[2] != [None]
    assert [row.data["text"] for row in await rows()] == ["before"]


def test_what_is_held_for_two_debates_locks_nobody_out() -> None:
    """Their users' windows are different, the platform's is the same: as for any other call."""
    platform, *own = (window_make(10**6, scope=scope) for scope in ("platform", "user", "user"))
    debates = [uuid4(), uuid4()]

    def held(debate: UUID, window: Window) -> Callable[[Any], None]:
        return lambda _events: hold(debate, window, platform, stage=100)

    async def both() -> None:
        written = Commits(lambda _events: None)
        works = map(held, debates, own)
        await asyncio.gather(*(written.do(work, is_alone=True) for work in works))
        await written.close()

    def work(number: int) -> None:
        for _ in range(15):
            if number == 0:
                asyncio.run(both())
                continue
            key, _reserved = reserve(own[1], platform, amount=10)
            ledger.settle(key, charged=1)

    threads(3, work)
    assert ledger.differences() == []
    assert counters(platform) == (30, 200)

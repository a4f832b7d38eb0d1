"""Texts of calls: kept only if asked for, bounded, looked at under audit, forgotten in time."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from asgiref.sync import sync_to_async
from django.db import connection
from pytest_django import Settings

from accounts.models import AuditEvent
from costcontrol.lib import database
from routing import keeper, tasks, texts
from routing.answers import write_hit
from routing.models import CallText
from routing.types import ChatRequest, Message
from tests.routing.calls import call_of, completion_of

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
QUESTION = Message("user", "What is virtue?")
pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]


@pytest.fixture(autouse=True)
def kept_for_a_week(settings: Settings) -> Iterator[None]:
    settings.KEEP_TEXT_DAYS = 7
    yield
    keeper._texts.clear()
    keeper._rows.clear()


def asked(*messages: Message) -> ChatRequest:
    return ChatRequest(messages or (QUESTION,))


def kept(*messages: Message, answer: str = "Knowledge.", **changes: Any) -> CallText:
    row = texts.row_of(replace(call_of(asked(*messages)), at=NOON), answer)
    for name, value in changes.items():
        setattr(row, name, value)
    texts.insert([row])
    return row


def test_text_is_read_back_and_the_look_is_in_the_audit_log() -> None:
    row = kept(Message("system", "You are Socrates."), QUESTION)
    text = texts.look(row.call_id, actor="alice@example.org", now=NOON)
    assert text is not None
    assert [(m.role, m.content) for m in text.messages] == [
        ("system", "You are Socrates."), ("user", "What is virtue?")
    ]
    assert (text.answer, text.is_cut) == ("Knowledge.", False)
    events = AuditEvent.objects.values_list("actor", "action", "target")
    assert list(events) == [("alice@example.org", "call_text_view", str(row.call_id))]


def test_each_look_is_written_down() -> None:
    row = kept()
    for _ in range(2):
        texts.look(row.call_id, actor="alice@example.org", now=NOON)
    assert AuditEvent.objects.count() == 2


def test_look_at_nothing_leaves_no_trace() -> None:
    assert texts.look(uuid4(), actor="alice@example.org", now=NOON) is None
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize(("late_s", "is_there"), [(-1, True), (0, False)])
def test_text_ends_with_its_days(late_s: int, is_there: bool) -> None:
    row = kept()
    then = NOON + timedelta(days=7, seconds=late_s)
    assert texts.is_there(row.call_id, now=then) is is_there
    assert (texts.look(row.call_id, actor="a", now=then) is not None) is is_there
    assert texts.purge(now=then) == (0 if is_there else 1)
    assert CallText.objects.exists() is is_there


def test_purge_takes_all_of_them_in_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "ROWS_A_DELETE", 2)
    for _ in range(5):
        kept()
    young = kept(expires_at=NOON + timedelta(days=30))
    assert texts.purge(now=NOON + timedelta(days=8)) == 5
    assert [row.call_id for row in CallText.objects.all()] == [young.call_id]


def test_purge_of_the_clock_takes_texts_too() -> None:
    kept(expires_at=datetime(2020, 1, 1, tzinfo=UTC))
    tasks.purge()
    assert not CallText.objects.exists()


def test_second_text_of_a_call_changes_nothing() -> None:
    row = kept(answer="first")
    kept(answer="second", call_id=row.call_id)
    assert CallText.objects.get().answer == "first"


@pytest.mark.parametrize(
    ("size", "is_cut"), [(texts.MAX_BYTES, False), (texts.MAX_BYTES + 1, True)]
)
def test_what_is_too_long_is_cut_and_says_so(size: int, is_cut: bool) -> None:
    for row in (kept(answer="a" * size), kept(Message("user", "a" * size))):
        text = texts.look(row.call_id, actor="a", now=NOON)
        assert text is not None
        assert text.is_cut is is_cut
        longest = max(len(text.answer), *(len(m.content) for m in text.messages))
        assert longest == texts.MAX_BYTES


def test_last_messages_are_the_ones_that_are_kept() -> None:
    old = Message("user", "o" * texts.MAX_BYTES)
    row = kept(old, Message("assistant", "Hm."), QUESTION)
    assert [m["role"] for m in row.messages] == ["user", "assistant", "user"]
    assert row.messages[-1]["content"] == "What is virtue?"
    assert len(row.messages[0]["content"]) < texts.MAX_BYTES
    assert row.is_cut


def test_what_is_replaced_counts_too() -> None:
    row = kept(Message("user", "o" * texts.MAX_BYTES * 2), Message("user", "\0" * texts.MAX_BYTES))
    assert sum(len(m["content"].encode()) for m in row.messages) <= texts.MAX_BYTES


def test_korean_is_cut_between_letters() -> None:
    row = kept(answer="덕" * texts.MAX_BYTES)
    assert row.answer == "덕" * (texts.MAX_BYTES // 3)


@pytest.mark.parametrize("odd", ["a\0b", "half \ud800 a pair", "<script>alert(1)</script>"])
def test_whatever_stands_in_a_text_is_stored(odd: str) -> None:
    row = kept(Message("user", odd), answer=odd)
    text = texts.look(row.call_id, actor="a", now=NOON)
    assert text is not None
    assert len(text.answer) == len(text.messages[0].content) == len(odd)


def test_tool_calls_stand_behind_the_text() -> None:
    deltas = [
        {"tool_calls": [{"index": 0, "function": {"name": "look", "arguments": "{\"a\""}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": ":1}"}}]},
    ]
    row = texts.row_of(call_of(asked()), "I look.", deltas=deltas)
    assert row.answer.startswith("I look.\n")
    assert '{\\"a\\":1}' in row.answer


async def test_nothing_is_queued_while_texts_are_not_kept(settings: Settings) -> None:
    settings.KEEP_TEXT_DAYS = 0
    keeper.keep_text(call_of(asked()), "Knowledge.")
    assert keeper._texts == []


async def test_what_cannot_be_kept_is_no_fault_of_the_call() -> None:
    keeper.keep_text(call_of(asked()), "Knowledge.", deltas=({"tool_calls": None},))
    assert keeper._texts == []


@pytest.mark.django_db(transaction=True)
class TestKeeper:
    @pytest.fixture(autouse=True)
    def own_threads(self) -> Iterator[None]:
        yield
        database.close_threads()

    @staticmethod
    @sync_to_async(thread_sensitive=False)
    def written() -> set[UUID]:
        found = set(CallText.objects.values_list("call_id", flat=True))
        connection.close()
        return found

    async def test_answer_from_the_cache_is_kept_like_any_other(self) -> None:
        call = call_of(asked())
        write_hit(call, completion_of("Knowledge."), layer="exact")
        await keeper.flush()
        assert await self.written() == {call.id}

    async def test_texts_are_written_soon(self) -> None:
        calls = [call_of(asked()) for _ in range(50)]
        for call in calls:
            keeper.keep_text(call, "Knowledge.")
        await asyncio.sleep(keeper.TICK_S + 0.5)
        assert await self.written() == {call.id for call in calls}

    async def test_flood_of_texts_is_bounded(self) -> None:
        for _ in range(keeper.MAX_TEXTS + 10):
            keeper.keep_text(call_of(asked()), "Knowledge.")
        assert len(keeper._texts) == keeper.MAX_TEXTS

"""Prompts and answers, kept beside their calls for some days if the operator wants that.

Off unless KEEP_TEXT_DAYS is set. Bounded in size, never logged, never in a list: one call's text is
read by people with the permission `routing.view_calltext`, and each look is audited. Synchronous.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts.services import audit
from routing.call import Call
from routing.deltas import merged
from routing.models import CallText
from routing.types import Message

MAX_BYTES = 64_000  # of the messages, and again of the answer
MAX_MESSAGES = 200
ROWS_A_DELETE = 1_000
PERMISSION = "routing.view_calltext"
LOOK = "call_text_view"


@dataclass(frozen=True, slots=True)
class Spoken:
    """One message as it was sent."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Text:
    """What was asked and answered. `is_cut`: what is missing was too long to keep."""

    messages: tuple[Spoken, ...]
    answer: str
    expires_at: datetime
    is_cut: bool


def are_kept() -> bool:
    return bool(settings.KEEP_TEXT_DAYS)


def row_of(call: Call, answer: str, *, deltas: Sequence[Mapping[str, Any]] = ()) -> CallText:
    """`deltas`: what the model answered beside text, such as tool calls."""
    if beside := merged(deltas):
        answer = f"{answer}\n{json.dumps(beside, ensure_ascii=False)}".lstrip()
    messages, is_short = _last_of(call.request.messages)
    kept = _cut(answer, MAX_BYTES)
    return CallText(
        call_id=call.id, user_id=call.caller.user_id, at=call.at, messages=messages, answer=kept,
        is_cut=is_short or len(kept) < len(answer),
        expires_at=call.at + timedelta(days=settings.KEEP_TEXT_DAYS),
    )


def _last_of(messages: Sequence[Message]) -> tuple[list[dict[str, str]], bool]:
    """The last messages that fit, in their order: the newest say most about a call."""
    kept: list[dict[str, str]] = []
    room = MAX_BYTES
    for message in reversed(messages):
        content = _cut(message.content, room)
        if len(kept) == MAX_MESSAGES or (message.content and not content):
            break
        kept.append({"role": _cut(message.role, 40), "content": content})
        room -= len(content.encode())
        if len(content) < len(message.content):
            break
    is_first_short = bool(kept) and len(kept[-1]["content"]) < len(messages[0].content)
    return kept[::-1], len(kept) < len(messages) or is_first_short


def _cut(text: str, room: int) -> str:
    """As much as fits, without what no database stores: NUL, and halves of surrogate pairs."""
    raw = text[:room].replace("\0", "\ufffd").encode(errors="replace")[:room]
    return raw.decode(errors="ignore")


@transaction.atomic
def insert(rows: Sequence[CallText]) -> None:
    """A call that is there already keeps its first text."""
    CallText.objects.bulk_create(rows, ignore_conflicts=True)


def is_there(call_id: UUID, *, now: datetime) -> bool:
    return CallText.objects.filter(call_id=call_id, expires_at__gt=now).exists()


@transaction.atomic
def look(call_id: UUID, *, actor: str, now: datetime) -> Text | None:
    """The text, after the look was written to the audit log. None: nothing is kept of this call."""
    row = CallText.objects.filter(call_id=call_id, expires_at__gt=now).first()
    if row is None:
        return None
    audit(actor, LOOK, str(call_id))
    messages = tuple(Spoken(m["role"], m["content"]) for m in row.messages)
    return Text(messages, row.answer, row.expires_at, row.is_cut)


def of_user(user_id: int, *, now: datetime) -> Iterator[dict[str, Any]]:
    """All that is kept of one person's calls, for the person. Whoever asks writes it down."""
    kept = CallText.objects.filter(user_id=user_id, expires_at__gt=now).order_by("at", "pk")
    columns = ("call_id", "at", "messages", "answer", "is_cut", "expires_at")
    yield from kept.values(*columns).iterator(chunk_size=100)


def purge(*, now: datetime) -> int:
    """Delete what has expired, in short turns, so that calls do not wait for it."""
    deleted = 0
    while ids := list(
        CallText.objects.filter(expires_at__lte=now).values_list("pk", flat=True)[:ROWS_A_DELETE]
    ):
        CallText.objects.filter(pk__in=ids).delete()
        deleted += len(ids)
    return deleted

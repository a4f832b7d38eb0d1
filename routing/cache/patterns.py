"""L2 and L3: answers that others may be given too, as rows. Synchronous, exact, never similar.

One key has several variants. A user is given one that they have not seen: the preferred one if it
is there, else the one that was served least. None left is a miss, whose answer becomes another
variant. What is only read by other prompts is nobody's to see, and may be given again.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import F

from billing.usage import Usage
from routing.cache import rows
from routing.cache.endings import Scope, end, expire, purge
from routing.cache.histories import History, history
from routing.cache.keys import jitter, key_of, owner_of, philosopher_of
from routing.cache.ratings import rate
from routing.call_kinds import CALL_KINDS, SEARCH
from routing.models import AnswerSeen, StoredAnswer
from routing.sources import is_found
from routing.types import Completion, ModelClass, Reuse, StopReason

__all__ = [
    "PATTERN", "PRECOMPUTED", "History", "Scope", "Stored", "count", "end", "expire", "history",
    "lookup", "purge", "rate", "seen", "seen_by", "served", "store", "take", "take_or_count",
    "text_is_shown",
]

PATTERN, PRECOMPUTED = "pattern", "precomputed"  # layers
SOFT_SHARE = 0.8  # of its time an answer counts as fresh
INSERT_SEEN = """
INSERT INTO routing_answerseen (user_id, answer_id, at) VALUES (%s, %s, %s)
ON CONFLICT (user_id, answer_id) DO NOTHING
"""
TRIES = 3  # against somebody who takes the same number
Origin = StoredAnswer.Origin


@dataclass(frozen=True, slots=True)
class Stored:
    """One variant, as it is served. `is_stale`: it is, and is to be made anew."""

    answer_id: int
    variant: int
    text: str
    completion: Completion
    layer: str
    origin: str
    is_stale: bool
    citations: tuple[Mapping[str, str], ...] = ()  # web pages that it was written from


@dataclass(frozen=True, slots=True)
class Made:
    """An answer that was just written, by which call, and for how much."""

    completion: Completion
    origin: str
    call_id: UUID
    cost_nanos: int
    at: datetime

    def columns(self, key: str, reuse: Reuse) -> dict[str, Any]:
        lasts = timedelta(days=reuse.ttl_days) * jitter(key)
        return {
            "text": self.completion.text, "usage": asdict(self.completion.usage),
            "deployment": self.completion.deployment,
            "model_class": str(self.completion.model_class), "origin": self.origin,
            "call_id": self.call_id, "cost_nanos": self.cost_nanos, "made_at": self.at,
            "soft_until": self.at + lasts * SOFT_SHARE, "hard_until": self.at + lasts,
        }


def lookup(
    reuse: Reuse, *, route: str, user_id: int, now: datetime, others: Collection[int] = ()
) -> Stored | None:
    """The variant for this user. Writes nothing: `take` also notes that they saw it."""
    row = rows.first_for(
        {user_id, *others}, key=key_of(reuse, route=route), prefer=reuse.prefer,
        is_shown=text_is_shown(reuse), now=now,
    )
    return None if row is None else _stored(row, now=now)


def take(
    reuse: Reuse, *, route: str, user_id: int, now: datetime, others: Collection[int] = ()
) -> Stored | None:
    """The same, and noted at once: asked twice at the same time, it is given once.

    `others` read along: they have not seen it either, and have now.
    """
    while found := lookup(reuse, route=route, user_id=user_id, now=now, others=others):
        if not text_is_shown(reuse):
            return found
        if seen(found.answer_id, user_id, now):
            seen_by(found.answer_id, others, now)
            return found
    return None


def take_or_count(
    reuse: Reuse, *, route: str, user_id: int, now: datetime
) -> tuple[Stored | None, int]:
    """Where there is none for this user: how many there are for others."""
    found = take(reuse, route=route, user_id=user_id, now=now)
    return found, 0 if found else count(reuse, route=route, now=now)


def text_is_shown(reuse: Reuse) -> bool:
    """To the user, who is never shown one text twice. Others only stand in prompts."""
    kind = CALL_KINDS.get(str(reuse.fields["kind"]))
    return kind is None or kind.is_streamed


def _stored(row: StoredAnswer, *, now: datetime) -> Stored:
    completion = Completion(
        row.text, StopReason.STOP, Usage(**row.usage), row.deployment,
        ModelClass(row.model_class), call_id=str(row.call_id),
    )
    layer = PATTERN if row.origin == Origin.LIVE else PRECOMPUTED
    return Stored(
        row.pk, row.variant, row.text, completion, layer, row.origin, row.soft_until <= now,
        tuple(row.citations),
    )


def seen(answer_id: int, user_id: int, now: datetime) -> bool:
    """Note who was given it. False: they had been given it before."""
    return bool(seen_by(answer_id, [user_id], now))


def seen_by(answer_id: int, user_ids: Collection[int], now: datetime) -> int:
    """The same for several. How many had not been given it before."""
    with connection.cursor() as cursor:
        return sum(_note(cursor, answer_id, user_id, now) for user_id in sorted(set(user_ids)))


def _note(cursor: CursorWrapper, answer_id: int, user_id: int, now: datetime) -> int:
    at = AnswerSeen._meta.get_field("at").get_db_prep_value(now, connection)
    cursor.execute(INSERT_SEEN, [user_id, answer_id, at])
    return int(cursor.rowcount)


def count(reuse: Reuse, *, route: str, now: datetime | None = None) -> int:
    """How many variants there are; with `now`, of those that are served."""
    key = key_of(reuse, route=route)
    if now is not None:
        return rows.count_live(key, now=now)
    return StoredAnswer.objects.filter(key=key, ended_at=None).count()


def served(answer_id: int, *, times: int, saved_nanos: int, now: datetime) -> None:
    """Count what it was good for. Never more than one statement an answer."""
    StoredAnswer.objects.filter(pk=answer_id).update(
        served=F("served") + times, saved_nanos=F("saved_nanos") + saved_nanos, served_at=now
    )


def store(
    reuse: Reuse, completion: Completion, *, route: str, origin: str, call_id: UUID,
    cost_nanos: int, now: datetime, user_id: int | None, variant: int | None = None,
    others: Collection[int] = (),
) -> StoredAnswer | None:
    """Another variant. None: it may not be stored, there are enough, somebody was faster, or the
    same text is there. Whom it was written for has seen it, and whoever read along (`others`)."""
    if not may_be_stored(completion, route=route) or _is_vain(reuse, completion):
        return None
    made = Made(completion, origin, call_id, cost_nanos, now)
    viewers = _viewers(reuse, user_id, others)
    for _try in range(TRIES):
        try:
            return _insert(reuse, made, route=route, viewers=viewers, wanted=variant)
        except IntegrityError:
            if variant is not None:
                return None
    return None


def _is_vain(reuse: Reuse, completion: Completion) -> bool:
    """A search that found nothing: the next debate searches again."""
    return reuse.fields["kind"] == SEARCH and not is_found(
        completion.text, searches=completion.usage.searches
    )


def _viewers(reuse: Reuse, user_id: int | None, others: Collection[int]) -> set[int]:
    if not text_is_shown(reuse):
        return set()
    return {*others} if user_id is None else {user_id, *others}


def may_be_stored(completion: Completion, *, route: str) -> bool:
    """Whole, all of it text, counted, and by exactly whom the route wants: no stand-in."""
    is_whole = completion.stop_reason == StopReason.STOP and not completion.delta
    is_usual = route == f"{completion.model_class} {completion.deployment}"
    is_counted = completion.usage.is_reported and not completion.usage.is_estimated
    return is_whole and is_usual and is_counted and bool(completion.text.strip())


@transaction.atomic
def _insert(
    reuse: Reuse, made: Made, *, route: str, viewers: Collection[int], wanted: int | None
) -> StoredAnswer | None:
    """Raises IntegrityError when somebody took the number meanwhile."""
    key = key_of(reuse, route=route)
    known = _still_known(key, made.at)
    number = _number([taken for taken, _text in known], reuse, wanted)
    if number is None or made.completion.text in [text for _taken, text in known]:
        return None
    row = StoredAnswer(
        key=key, variant=number, route=route, **_facts(reuse), **made.columns(key, reuse)
    )
    rows.insert(row)
    seen_by(row.pk, viewers, made.at)
    return row


def _still_known(key: str, now: datetime) -> list[tuple[int, str]]:
    """Variant and text; those that are too old end."""
    known = rows.known(key, now=now)
    if any(is_old for _variant, _text, is_old in known):
        old = StoredAnswer.objects.filter(key=key, ended_at=None, hard_until__lte=now)
        end(old, why=StoredAnswer.End.EXPIRED, now=now)
    return [(variant, text) for variant, text, is_old in known if not is_old]


def _number(taken: Sequence[int], reuse: Reuse, wanted: int | None) -> int | None:
    """The wanted one, the preferred one, else the first that is free; None: there are enough."""
    if len(taken) >= reuse.variants:
        return None
    if wanted is not None:
        return None if wanted in taken else wanted
    numbers: list[int] = [reuse.prefer, *range(len(taken) + 1)]
    return next(number for number in numbers if number not in taken)


def _facts(reuse: Reuse) -> dict[str, Any]:
    """What pages and purges look for, from the fields."""
    fields = dict(reuse.fields)
    return {
        "kind": str(fields["kind"]), "topic_key": str(fields["topic"]),
        "language": str(fields["lang"]), "side": str(fields.get("side") or ""),
        "philosopher": philosopher_of(fields), "owner_id": owner_of(fields), "fields": fields,
        "citations": [dict(each) for each in reuse.citations],
    }

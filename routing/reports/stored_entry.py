"""One stored answer: its life, its topic, and the other variants of its key."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from routing.cache.patterns import History, history
from routing.models import StoredAnswer, Topic

SERVINGS = 20
SIBLINGS = 8


@dataclass(frozen=True, slots=True)
class Entry:
    """`siblings`: of the same key, served ones first. `others`: so many more there are."""

    history: History
    topic: Topic | None
    siblings: tuple[StoredAnswer, ...]
    others: int


def entry(answer_id: int) -> Entry | None:
    """None: there is none, or it is what a user's own philosopher said, which is theirs."""
    found = history(answer_id, most=SERVINGS)
    if found is None or found.answer.owner_id is not None:
        return None
    answer = found.answer
    # Topic and kind, which one key has in common, have an index; the key alone has none.
    rows = StoredAnswer.objects.filter(
        key=answer.key, topic_key=answer.topic_key, kind=answer.kind
    ).exclude(pk=answer.pk)
    siblings = sorted(
        rows.order_by("-pk")[: SIBLINGS + 50],
        key=lambda row: (row.ended_at is not None, row.variant, -row.pk),
    )
    return Entry(
        found, Topic.objects.filter(pk=answer.topic_key).first(), tuple(siblings[:SIBLINGS]),
        max(len(siblings) - SIBLINGS, 0),
    )


def variants_of(ids: Iterable[int | None]) -> Mapping[int, int]:
    """The variant of each, from 0; not of what was deleted, or is a user's own. One query."""
    wanted = {each for each in ids if each is not None}
    if not wanted:
        return {}
    rows = StoredAnswer.objects.filter(pk__in=wanted, owner_id=None)
    return dict(rows.values_list("pk", "variant"))


def made_by(call_id: UUID) -> StoredAnswer | None:
    """What was stored of the answer of a call; what a user's own philosopher said is not told."""
    rows = StoredAnswer.objects.filter(call_id=call_id, owner_id=None)
    return rows.only("pk", "variant", "ended_at", "hard_until").first()

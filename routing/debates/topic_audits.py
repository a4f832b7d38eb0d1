"""A share of what was taken by likeness alone is judged by people, for ever: TOPIC_AUDIT_PERCENT.

Which ones is drawn by a digest of text, person and day, so that nobody can choose, asking twice is
one draw, and what many people type is drawn as often. What somebody typed is theirs: it is kept
until it is judged, KEPT at most, and goes with the account. What stays is that something was right
or wrong. Sync.
"""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils.crypto import salted_hmac

from routing.debates.topic_aliases import MAX_NORM, Words, words_quarantine
from routing.debates.topic_texts import checked, normalised
from routing.debates.topics import Resolved
from routing.models import TopicMatch

KEPT = timedelta(days=90)
STEPS = 10_000  # so finely is the share cut
Verdict = TopicMatch.Verdict


def match_note(found: Resolved, text: str, *, user_id: int, now: datetime) -> None:
    """Keep `text` to be judged, if it was taken by likeness alone and the lot falls on it."""
    norm = normalised(text)
    if found.how != "similar" or found.topic is None or len(norm) > MAX_NORM:
        return
    if not is_drawn(norm, user_id=user_id, day=f"{now:%Y-%m-%d}"):
        return
    from routing.embeddings import embedder  # numpy: only those load it who resolve

    if (model := embedder()) is None:
        return
    row, is_new = TopicMatch.objects.get_or_create(
        draw=_digest(norm, found.topic.key, model.hash),
        defaults={
            "topic": found.topic, "language": found.language, "embedder": model.hash,
            "embedder_name": model.name, "text": checked(text),
            "user_id": user_id, "similarity": found.similarity, "at": now,
        },
    )
    if not is_new:
        TopicMatch.objects.filter(pk=row.pk).update(times=F("times") + 1)


def is_drawn(norm: str, *, user_id: int, day: str) -> bool:
    lot = hashlib.sha256(f"audit {norm} {user_id} {day}".encode(errors="replace")).digest()
    return bool(int.from_bytes(lot[:8]) % STEPS < settings.TOPIC_AUDIT_PERCENT * STEPS / 100)


@transaction.atomic
def match_judge(row: TopicMatch, *, is_right: bool, now: datetime) -> None:
    """A wrong one is never taken or offered again, for nobody, as if it had been reported. Of the
    text nothing stays but, where it was wrong, the words in quarantine."""
    if not is_right:
        rows = words_quarantine(Words(row.text, row.language), row.topic, now=now)
        row.alias = rows[0]
    else:
        row.user_id = None
    row.verdict = Verdict.RIGHT if is_right else Verdict.WRONG
    row.judged_at, row.text = now, ""
    row.save()


def of_user(user_id: int) -> Iterator[dict[str, Any]]:
    """For the file that a person may take away: what waits to be judged, and what was wrong."""
    rows = TopicMatch.objects.filter(user_id=user_id).select_related("alias")
    for row in rows.order_by("at", "pk"):
        text = row.alias.text if row.alias else row.text
        if text:
            yield {"at": row.at, "text": text, "topic": row.topic_id, "verdict": row.verdict}


def forget(user_ids: Iterable[int]) -> int:
    """Accounts are closed: what was not judged goes, of the rest only the verdict stays."""
    rows = TopicMatch.objects.filter(user_id__in=list(user_ids))
    judged = rows.exclude(verdict=Verdict.WAITING).update(user_id=None, draw=None)
    waiting, _by_model = rows.filter(verdict=Verdict.WAITING).delete()
    return judged + waiting


def purge(*, now: datetime) -> int:
    """What nobody has judged in its days goes; of what was judged, the digest of the text."""
    old = TopicMatch.objects.filter(at__lt=now - KEPT)
    let_go = old.exclude(Q(verdict=Verdict.WAITING) | Q(draw=None)).update(draw=None)
    waiting, _by_model = old.filter(verdict=Verdict.WAITING).delete()
    return int(let_go) + waiting


def _digest(norm: str, topic: str, embedder: str) -> str:
    """Keyed: whoever has the table and guesses a text cannot tell whether it was typed."""
    said = "\0".join((norm, topic, embedder)).encode(errors="replace")
    return salted_hmac("topic match", said, algorithm="sha256").hexdigest()

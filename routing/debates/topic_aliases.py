"""Other words for a topic, from the people who chose it: the main lever, exact and testable.

A choice counts for the one who made it at once, and for everybody when a second one who pays for
themselves has made it too, or staff approve. What somebody reports as wrong is in quarantine at
once, for everybody and for good. Only words that the resolver would offer for a topic by itself
become everybody's without staff: nobody can teach it a topic that is not like the text at all.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from accounts.models import User
from accounts.types import Caller, Payer
from costcontrol.lib.errors import RateLimited
from costcontrol.lib.sentences import Sentence as _
from routing.debates.topic_texts import normalised
from routing.models import AliasVote, Topic, TopicAlias, TopicMatch

MOST_A_DAY = 20  # choices and reports of one user
DAY = timedelta(days=1)
MAX_NORM = 300
NEEDED = 2  # independent users
Status = TopicAlias.Status


@dataclass(frozen=True, slots=True)
class Known:
    """What aliases say about a text. `not_meant`: (topic, swapped) that were reported as wrong."""

    key: str = ""
    is_swapped: bool = False
    not_meant: frozenset[tuple[str, bool]] = frozenset()


@dataclass(frozen=True, slots=True)
class Words:
    """Words that somebody used: checked, in the language they are written in."""

    text: str
    language: str

    @property
    def norm(self) -> str:
        return normalised(self.text)


def known_as(norm: str, *, user_id: int | None) -> Known:
    """A user's own choice comes before everybody's. One query where nothing is known."""
    rows = list(
        TopicAlias.objects.filter(norm=norm).values_list("pk", "topic_id", "is_swapped", "status")
    )
    if not rows:
        return Known()
    votes = AliasVote.objects.filter(alias__norm=norm, user_id=user_id or 0)
    own = set(votes.values_list("alias_id", flat=True))
    by_status = {
        status: [(topic, swapped) for pk, topic, swapped, of in rows if of == status and (
            status != Status.PROPOSED or pk in own)]
        for status in Status.values
    }
    usable = by_status[Status.PROPOSED] + by_status[Status.ACTIVE]
    not_meant = frozenset(by_status[Status.QUARANTINED])
    return Known(*usable[0], not_meant) if usable else Known(not_meant=not_meant)


@transaction.atomic
def alias_choose(
    words: Words, topic: Topic, *, is_swapped: bool, caller: Caller, is_offered: bool,
    now: datetime,
) -> str:
    """`is_offered`: the resolver would offer this by itself. Returns the status of the alias; ""
    where the words are too long to be kept. Raises RateLimited."""
    if len(words.norm) > MAX_NORM:
        return ""
    _check_day(caller.user_id, now)
    alias_unchoose(words, user_id=caller.user_id)
    row, _is_new = TopicAlias.objects.select_for_update().get_or_create(
        norm=words.norm, topic=topic, is_swapped=is_swapped,
        defaults=_new(words, Status.PROPOSED, TopicAlias.Source.CHOSEN, now),
    )
    AliasVote.objects.get_or_create(alias=row, user_id=caller.user_id, defaults={"at": now})
    if row.status == Status.PROPOSED and is_offered and _voters_apart(row) >= NEEDED:
        _activate(row, now=now)
    return str(row.status)


def alias_unchoose(words: Words, *, user_id: int) -> None:
    """They mean something else by it now. What nobody means any more is gone."""
    votes = AliasVote.objects.filter(
        user_id=user_id, alias__norm=words.norm, alias__status=Status.PROPOSED
    )
    ids = list(votes.values_list("alias_id", flat=True))
    votes.delete()
    TopicAlias.objects.filter(pk__in=ids, votes=None).delete()


@transaction.atomic
def alias_report(words: Words, topic: Topic, *, user_id: int, now: datetime) -> None:
    """At once and for everybody, whichever way round it was taken. Raises RateLimited."""
    if len(words.norm) > MAX_NORM:
        return
    _check_day(user_id, now)
    for row in words_quarantine(words, topic, now=now):
        AliasVote.objects.get_or_create(alias=row, user_id=user_id, defaults={"at": now})


@transaction.atomic
def words_quarantine(words: Words, topic: Topic, *, now: datetime) -> list[TopicAlias]:
    """Whichever way round they are known; the first row is the one that is as it was typed."""
    rows = list(TopicAlias.objects.select_for_update().filter(norm=words.norm, topic=topic))
    if not any(not row.is_swapped for row in rows):
        rows.append(TopicAlias(
            norm=words.norm, topic=topic,
            **_new(words, Status.QUARANTINED, TopicAlias.Source.REPORTED, now),
        ))
    for row in rows:
        alias_quarantine(row, now=now)
    return sorted(rows, key=lambda row: row.is_swapped)


def alias_quarantine(row: TopicAlias, *, now: datetime) -> None:
    row.status, row.decided_at = Status.QUARANTINED, now
    row.save()


def alias_approve(row: TopicAlias, *, now: datetime) -> bool:
    """By staff. False: these words are in use for another topic."""
    return _activate(row, now=now)


def of_user(user_id: int) -> Iterator[dict[str, Any]]:
    """For the file that a person may take away."""
    votes = AliasVote.objects.filter(user_id=user_id).select_related("alias")
    for vote in votes.order_by("at", "pk"):
        row = vote.alias
        yield {"at": vote.at, "text": row.text, "topic": row.topic_id,
               "is_swapped": row.is_swapped, "status": row.status}


def forget(user_ids: Iterable[int]) -> int:
    """Accounts are closed: words that nobody else has used go with them."""
    gone: Collection[int] = list(user_ids)
    ids = set(AliasVote.objects.filter(user_id__in=gone).values_list("alias_id", flat=True))
    ids |= set(TopicMatch.objects.filter(user_id__in=gone).values_list("alias_id", flat=True))
    votes, _by_model = AliasVote.objects.filter(user_id__in=gone).delete()
    alone = TopicAlias.objects.filter(pk__in=ids, votes=None).exclude(
        source=TopicAlias.Source.STAFF
    )
    rows, _by_model = alone.delete()
    return votes + rows


def _activate(row: TopicAlias, *, now: datetime) -> bool:
    row.status, row.decided_at = Status.ACTIVE, now
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:  # one meaning is in use already: staff decide
        row.refresh_from_db()
        return False
    return True


def _voters_apart(row: TopicAlias) -> int:
    """How many who pay for themselves: two members of an organisation are one."""
    ids = row.votes.values_list("user_id", flat=True)
    people = User.objects.filter(pk__in=ids).select_related("member__organisation")
    return len({Payer.of(user) for user in people})


def _check_day(user_id: int, now: datetime) -> None:
    today = AliasVote.objects.filter(user_id=user_id, at__gt=now - DAY)
    if today.count() >= MOST_A_DAY:
        first = today.order_by("at").values_list("at", flat=True)[0]
        raise RateLimited(
            _("You have said what %(count)d texts mean today, and that is the most a day. Debates "
              "go on as usual: choose a topic from the list, or debate your text as it is.")
            % {"count": MOST_A_DAY},
            retry_after_s=max(1.0, (first + DAY - now).total_seconds()),
        )


def _new(words: Words, status: str, source: str, now: datetime) -> dict[str, Any]:
    return {"text": words.text, "language": words.language, "status": status, "source": source,
            "created_at": now}

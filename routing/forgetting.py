"""What people asked and were answered goes when their account is closed: kept texts, answers kept
for repeats, answers in the cache, philosophers that they made and what these said, which stored
answers they were given, every word of their debates. Usage rows stay: they hold counts and amounts,
no words.

The rows go in the transaction that closes the account, the cache right after it. A call that was
running meanwhile may still leave something: `stragglers`, an hour later, takes that too. Sync.
"""

import logging
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from functools import cache, partial
from itertools import islice
from typing import Any

import redis
from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from redis.backoff import NoBackoff
from redis.retry import Retry

from accounts.closing import shell_address
from accounts.models import User
from routing.cache import exact
from routing.cache.singleflight import entry_name
from routing.debates import own_texts, topic_aliases, topic_audits
from routing.models import (
    AnswerRating,
    AnswerSeen,
    CallText,
    IdempotentReply,
    Philosopher,
    StoredAnswer,
    WhatIfRun,
)

SCANNED_AT_ONCE = 1_000
DELETED_AT_ONCE = 500
LOOKED_BACK = timedelta(days=2)  # no call runs for so long
log = logging.getLogger(__name__)


def forget_on_closing(*, user: User, at: datetime, **_facts: Any) -> None:
    """Receiver of `account_closed`."""
    people = User.objects.filter(Q(pk=user.pk) | Q(owner=user))
    rows_delete(people, now=at)
    WhatIfRun.objects.filter(made_by=str(user)).update(made_by=shell_address(user))
    uuids = {str(uuid) for uuid in people.values_list("uuid", flat=True)}
    transaction.on_commit(partial(answers_forget, uuids))


def rows_delete(people: QuerySet[User], *, now: datetime) -> int:
    ids = people.values("pk")
    debates = own_texts.forget(people.values_list("pk", flat=True), now=now)
    texts, _ = CallText.objects.filter(user_id__in=ids).delete()
    replies, _ = IdempotentReply.objects.filter(user_id__in=ids).delete()
    philosophers, _ = Philosopher.objects.filter(owner_id__in=ids).delete()
    aliases = topic_aliases.forget(people.values_list("pk", flat=True))
    matches = topic_audits.forget(people.values_list("pk", flat=True))
    others = _of_stored_answers(ids) + aliases + matches
    return debates + texts + replies + philosophers + others


def _of_stored_answers(ids: QuerySet[User, Any]) -> int:
    """What their own philosophers said; which answers they were given, and what they thought of
    them. An answer that others may be given holds nothing of theirs, and stays."""
    spoken, _ = StoredAnswer.objects.filter(owner_id__in=ids).delete()
    seen, _ = AnswerSeen.objects.filter(user_id__in=ids).delete()
    ratings, _ = AnswerRating.objects.filter(user_id__in=ids).delete()
    return spoken + seen + ratings


def answers_forget(user_uuids: Collection[str]) -> int:
    """How many stored answers were deleted. Never fails: what a broker that is away keeps ends by
    itself within `CACHE_TTL_S`, and `stragglers` tries again."""
    exact.memory.forget(user_uuids)
    try:
        return sum(_client().unlink(*names) for names in _in_batches(_names(user_uuids)))
    except redis.RedisError as failure:
        log.warning("answers of a closed account stay in the cache for now: %s", failure)
        return 0


def stragglers(*, now: datetime) -> int:
    """What calls left that were running while their account was closed."""
    people = User.objects.filter(deleted_at__gt=now - LOOKED_BACK)
    uuids = {str(uuid) for uuid in people.values_list("uuid", flat=True)}
    if not uuids:
        return 0
    return rows_delete(people, now=now) + answers_forget(uuids)


def _names(user_uuids: Collection[str]) -> Iterator[bytes]:
    """The names of their answers, in one walk over all keys however many people it is about."""
    whose = next(iter(user_uuids)) if len(user_uuids) == 1 else "*"
    begin = len(entry_name(""))
    for name in _client().scan_iter(match=entry_name(f"{whose}:*"), count=SCANNED_AT_ONCE):
        if exact.user_of(name.decode()[begin:]) in user_uuids:
            yield name


def _in_batches(names: Iterator[bytes]) -> Iterator[tuple[bytes, ...]]:
    while batch := tuple(islice(names, DELETED_AT_ONCE)):
        yield batch


@cache
def _client() -> "redis.Redis":
    """A walk may take longer than a call's look into the cache."""
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=5, socket_connect_timeout=settings.REDIS_TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
    )

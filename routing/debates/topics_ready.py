"""Topics whose usual debate is stored: every opening of the usual cast, in one language, in a text
that the caller has not seen. Synchronous; one query for the cast and one for all answers.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from django.conf import settings
from django.db.models import Exists, OuterRef

from accounts.types import Caller
from routing import policy
from routing.cache.keys import key_of
from routing.debates import searching
from routing.debates.philosophers import character_from
from routing.debates.reuse import About, reuse_of
from routing.debates.topics import title_in
from routing.debates.types import SIDES, Cast, Character
from routing.models import AnswerSeen, Philosopher, StoredAnswer, Topic
from routing.snapshot import Snapshot

KIND = "opening_statement"
KEYS_A_QUERY = 5_000


def topics_ready(
    topics: Iterable[Topic], *, language: str, caller: Caller, snapshot: Snapshot, now: datetime
) -> set[str]:
    """Keys of those among them that are."""
    route = policy.usual_route(KIND, tier=caller.tier, language=language, snapshot=snapshot)
    if not route or not settings.CACHE_SHARED:
        return set()
    people = _people(language)
    has_search = searching.is_on(snapshot, tier=caller.tier, language=language)
    wanted = {
        topic.key: keys for topic in topics
        if (keys := _keys(
            topic, people, language=language, route=route, snapshot=snapshot,
            has_search=has_search,
        ))
    }
    stored = _stored({key for keys in wanted.values() for key in keys}, caller.user_id, now=now)
    return {topic for topic, keys in wanted.items() if keys <= stored}


def _people(language: str) -> Mapping[str, Character]:
    rows = Philosopher.objects.filter(owner_id=None, is_current=True, is_active=True)
    return {row.key: character_from(row, language) for row in rows}


def _keys(
    topic: Topic, people: Mapping[str, Character], *, language: str, route: str,
    snapshot: Snapshot, has_search: bool,
) -> set[str]:
    """Of the openings of its usual cast; empty: it has none, or nobody is given any."""
    sides = [[people.get(key) for key in topic.default_cast.get(side, ())] for side in SIDES]
    pro, con = (tuple(each for each in side if each) for side in sides)
    if not pro or not con or [len(pro), len(con)] != list(map(len, sides)):
        return set()
    about = About(
        topic.key, topic.epoch, title_in(topic, language), language, Cast(pro, con),
        has_search=has_search,
    )
    reuses = [
        reuse_of(KIND, about, kinds=snapshot.kinds, speaker=speaker)
        for speaker in about.cast.speakers
    ]
    keys = {key_of(reuse, route=route) for reuse in reuses if reuse}
    return keys if len(keys) == len(reuses) else set()


def _stored(keys: Collection[str], user_id: int, *, now: datetime) -> set[str]:
    seen = AnswerSeen.objects.filter(user_id=user_id, answer=OuterRef("pk"))
    unseen = StoredAnswer.objects.filter(ended_at=None, hard_until__gt=now).filter(~Exists(seen))
    wanted = sorted(keys)
    parts = [wanted[at : at + KEYS_A_QUERY] for at in range(0, len(wanted), KEYS_A_QUERY)]
    return {
        key for part in parts
        for key in unseen.filter(key__in=part).values_list("key", flat=True)
    }

"""Who can be cast: the catalogue's philosophers and a user's own, as rows and as characters.

A debate keeps the exact versions it was cast with: an edit never changes who spoke.
"""

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from django.db.models import F, Q, QuerySet

from costcontrol.lib.rows import asked
from costcontrol.lib.sentences import Sentence as _
from routing.debates.errors import PhilosopherUnknown
from routing.debates.types import LANGUAGES, SIDES, Brief, Cast, Character
from routing.models import Debate, Philosopher

VERSIONS = (
    "SELECT key, version, owner_id, name_ko, name_en, card FROM routing_philosopher WHERE key IN"
)


def philosophers_for(user_id: int) -> list[Philosopher]:
    """Whom this user may cast: the catalogue, then their own."""
    return list(_on_offer(user_id).order_by(F("owner_id").asc(nulls_first=True), "key"))


def philosopher_get(key: str, *, user_id: int) -> Philosopher:
    """The current version. Raises PhilosopherUnknown, also for somebody else's own."""
    row = _on_offer(user_id).filter(key=key).first()
    if row is None:
        raise unknown(key)
    return row


def unknown(key: str) -> PhilosopherUnknown:
    return PhilosopherUnknown(
        _("There is no philosopher “%(key)s”. GET /api/v1/philosophers lists those you can cast.")
        % {"key": key[:64]},
        param="cast",
    )


def _on_offer(user_id: int) -> QuerySet[Philosopher]:
    whose = Q(owner_id=None) | Q(owner_id=user_id)
    return Philosopher.objects.filter(whose, is_current=True, is_active=True)


def character_of(entry: Mapping[str, Any], language: str) -> Character:
    """The exact version that an entry of `Debate.cast` names. Raises PhilosopherUnknown."""
    return _characters([entry], language)[0]


def cast_of(debate: Debate) -> Cast:
    """One query for everybody."""
    entries = [entry for side in SIDES for entry in debate.cast.get(side, ())]
    people = _characters(entries, debate.language)
    pros = len(debate.cast.get("pro", ()))
    return Cast(pro=tuple(people[:pros]), con=tuple(people[pros:]))


def brief_of(debate: Debate) -> Brief:
    return Brief(
        topic=debate.topic, language=debate.language, cast=cast_of(debate), seat=debate.seat,
        moderator_style=debate.moderator_style, context=debate.context,
        topic_key=debate.topic_key, is_swapped=debate.is_swapped,
    )


def character_from(row: Philosopher, language: str) -> Character:
    return Character(row.key, row.version, name_in(row, language), card_in(row, language),
                     row.owner_id)


def name_in(row: Philosopher, language: str) -> str:
    return row.name_ko if language == "ko" else row.name_en


def card_in(row: Philosopher, language: str) -> dict[str, Any]:
    """The card of one language, with `strategies` in it. A user's own may have one language only:
    then that one, for it says better than nothing who speaks."""
    order = (language, *LANGUAGES)
    written: dict[str, Any] = next((row.card[code] for code in order if row.card.get(code)), {})
    return {**written, "strategies": row.card.get("strategies", {})}


def _characters(entries: Iterable[Mapping[str, Any]], language: str) -> list[Character]:
    wanted = [(str(entry["key"]), int(entry["version"])) for entry in entries]
    marks = ", ".join(["%s"] * len(wanted))
    found = asked(f"{VERSIONS} ({marks})", *(key for key, _version in wanted)) if wanted else []
    rows = {row[:2]: row for row in found}
    for key, version in wanted:
        if (key, version) not in rows:
            raise unknown(key)
    return [_understood(rows[name], language) for name in wanted]


@lru_cache(maxsize=512)
def _understood(row: tuple[Any, ...], language: str) -> Character:
    """A version is read each time, since it may be deleted, and its card understood once."""
    key, version, owner_id, name_ko, name_en, card = row
    return character_from(
        Philosopher(key=key, version=version, owner_id=owner_id, name_ko=name_ko,
                    name_en=name_en, card=json.loads(card)),
        language,
    )

"""Philosophers of a user's own, and the catalogue, as tests need them."""

from collections.abc import Mapping
from typing import Any

from routing.debates.cards import Draft
from routing.debates.own import own_make
from routing.debates.shipped import catalogue_load
from routing.models import Debate, Philosopher

ESSENCE = "Holds that all things flow."


def draft(name: str = "Hypatia", **card: Any) -> Draft:
    return Draft({"en": name}, {"en": {"essence": ESSENCE} | card}, {"paradox": 1.0})


def own(user_id: int, name: str = "Hypatia") -> Philosopher:
    return own_make(draft(name), user_id=user_id)


def catalogue() -> None:
    catalogue_load()


def debate_with(user_id: int, *people: Philosopher, **columns: Any) -> Debate:
    """The first speaks for, the second against."""
    sides = {side: [_entry(row)] for side, row in zip(("pro", "con"), people, strict=False)}
    facts: Mapping[str, Any] = {
        "topic": "Is all one?", "language": "en", "format": "1v1",
        "created_at": people[0].created_at,
    }
    return Debate.objects.create(user_id=user_id, cast=sides, **{**facts, **columns})


def _entry(row: Philosopher) -> dict[str, Any]:
    return {"key": row.key, "version": row.version, "name_ko": row.name_ko,
            "name_en": row.name_en}

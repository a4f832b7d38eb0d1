"""What the page to start a debate offers: topics, philosophers, styles of the moderator.

All of it goes to the page's script, which shows the part that is asked for, in the language of the
debate, which need not be that of the page.
"""

from collections.abc import Iterable
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from costcontrol.lib.sentences import said
from costcontrol.play import words
from routing.debates.categories import CATEGORIES
from routing.debates.philosophers import card_in, name_in, philosophers_for
from routing.debates.prompts import MODERATOR_STYLES
from routing.debates.types import LANGUAGES
from routing.models import Philosopher, Topic

STYLES: words.Words = {
    "casual": _("Casual: like a friendly host"),
    "formal": _("Formal: as in a parliament"),
    "witty": _("Witty: with a light hand"),
    "passionate": _("Passionate: carried away by the question"),
    "socratic": _("Socratic: asks more than it tells"),
}


def catalogue(user_id: int) -> dict[str, Any]:
    """For the script: topics, the most popular first, and who can be cast."""
    people = philosophers_for(user_id)
    return {
        "topics": [_topic(row) for row in Topic.objects.filter(is_active=True)],
        "people": {row.key: _person(row) for row in people},
    }


def categories(topics: Iterable[dict[str, Any]]) -> list[tuple[str, str]]:
    """(key, word) of those that have topics, by their words."""
    keys = {topic["category"] for topic in topics}
    found = [(key, category(key)) for key in keys]
    return sorted(found, key=lambda each: each[1])


def category(key: str) -> str:
    return said(CATEGORIES[key]) if key in CATEGORIES else key.replace("_", " ")


def styles() -> list[tuple[str, str]]:
    """(name, words), the usual first."""
    return [(name, words.word(STYLES, name)) for name in MODERATOR_STYLES]


def languages() -> list[tuple[str, str | Promise]]:
    """In the order in which the buttons stand."""
    known = {"ko": _("Korean"), "en": _("English")}
    return [(code, known[code]) for code in LANGUAGES]


def _topic(row: Topic) -> dict[str, Any]:
    return {"key": row.key, "category": row.category, "ko": row.ko, "en": row.en,
            "cast": row.default_cast}


def _person(row: Philosopher) -> dict[str, Any]:
    cards = {code: card_in(row, code) for code in LANGUAGES}
    return {
        "is_own": row.owner_id is not None,
        **{
            code: {"name": name_in(row, code), "essence": card.get("essence", ""),
                   "style": card.get("style", "")}
            for code, card in cards.items()
        },
    }

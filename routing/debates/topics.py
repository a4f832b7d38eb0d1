"""The questions of the catalogue, and which of them a typed text means.

For now a text means a topic if it is its title in either language, however it is spaced,
punctuated and capitalised. Everything else is a new topic: a guess that is wrong would let people
debate what they did not ask.
"""

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from costcontrol.lib.sentences import Sentence as _
from routing.classify import detect_language
from routing.debates.cards import is_unseen
from routing.debates.errors import LanguageUnavailable, TopicBlocked, TopicUnknown
from routing.debates.types import LANGUAGES
from routing.models import Topic

MAX_TOPIC_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a typed topic means. `topic` None: it is a new one, `text` in `language`.

    `is_swapped`: PRO of the text is CON of the topic. `choices`: what else it may mean.
    """

    topic: Topic | None
    is_swapped: bool
    choices: tuple[Topic, ...]
    language: str
    text: str


def topic_get(key: str) -> Topic:
    """Raises TopicUnknown, also for one that is not on offer any more."""
    is_name = key.isprintable()  # PostgreSQL refuses to look for a NUL
    row = Topic.objects.filter(key=key, is_active=True).first() if is_name else None
    if row is None:
        raise TopicUnknown(
            _("There is no topic “%(key)s”. GET /api/v1/topics lists what there is.")
            % {"key": key[:40]},
            param="topic",
        )
    return row


def resolve(text: str, *, language: str = "") -> Resolved:
    """Raises TopicBlocked (empty or too long) and LanguageUnavailable (neither of ours)."""
    wanted = checked(text)
    norm = normalised(wanted)
    for topic in Topic.objects.filter(is_active=True):
        for code, title in (("ko", topic.ko), ("en", topic.en)):
            if _title_normalised(title) == norm:
                spoken = language or code
                return Resolved(topic, False, (), spoken, title_in(topic, spoken))
    return Resolved(None, False, (), language or language_of(wanted), wanted)


def checked(text: str) -> str:
    """On one line. Raises TopicBlocked."""
    cleaned = " ".join(text.split())
    _check_length(cleaned)  # first: all else takes as long as a text is
    if any(unicodedata.category(sign) in ("Cc", "Cs") for sign in cleaned):
        raise TopicBlocked(
            _("The topic has control characters in it. Type it again as plain text."),
            param="topic",
        )
    cleaned = "".join(sign for sign in cleaned if not is_unseen(sign))  # turns no page around
    if not normalised(cleaned):
        raise TopicBlocked(_("The topic is empty. Ask a question that has two sides."),
                           param="topic")
    return cleaned


def _check_length(text: str) -> None:
    if len(text) > MAX_TOPIC_CHARACTERS:
        raise TopicBlocked(
            _(
                "The topic has %(count)d characters, and %(limit)d is the most. Ask it in one "
                "sentence; what else belongs to it can be sent as context."
            )
            % {"count": len(text), "limit": MAX_TOPIC_CHARACTERS},
            param="topic",
        )


def normalised(title: str) -> str:
    """Letters and digits only, one form of each: "Is it RIGHT?" and "is it right" are the same."""
    plain = unicodedata.normalize("NFKC", title).casefold()
    return "".join(sign for sign in plain if sign.isalnum())


_title_normalised = lru_cache(maxsize=8_192)(normalised)  # of the catalogue: the same each time


def language_of(text: str) -> str:
    """Raises LanguageUnavailable for a script that is neither Korean nor Latin."""
    code = detect_language(text)
    if code not in LANGUAGES:
        raise LanguageUnavailable(
            _(
                "Debates are in Korean or English. Write the topic in one of them, or send "
                "“language” to say in which of them to debate it."
            ),
            param="language",
        )
    return code


def title_in(topic: Topic, language: str) -> str:
    return topic.ko if language == "ko" else topic.en

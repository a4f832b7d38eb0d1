"""What a typed topic must be before anybody asks what it means, and when two are the same text."""

import hashlib
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

from costcontrol.lib.sentences import Sentence as _
from routing.classify import detect_language
from routing.debates.cards import is_unseen
from routing.debates.errors import LanguageUnavailable, TopicBlocked
from routing.debates.types import LANGUAGES

MAX_TOPIC_CHARACTERS = 300
Titles = Mapping[str, Mapping[str, str]]  # topic's key -> language -> title


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


title_normalised = lru_cache(maxsize=16_384)(normalised)  # of the catalogue: the same each time


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


def language_written(text: str) -> str:
    """Empty: in neither of ours."""
    code = detect_language(text)
    return code if code in LANGUAGES else ""


def text_hash(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()

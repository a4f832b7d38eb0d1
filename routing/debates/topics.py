"""Which topic of the catalogue a typed text means: the only place where anything is guessed.

In this order: its title, an alias, the nearest title. A title counts without asking only if it is
near enough by a calibration of this very embedder, no guard is heard, and no second one is as near.
Else the nearest are choices, for a person to decide; a denial is one with the sides exchanged.
Whatever is chosen, the debate is about the catalogue's own words. docs/topic-resolver.md
"""

from dataclasses import dataclass

from costcontrol.lib.sentences import Sentence as _
from routing.debates.errors import TopicUnknown
from routing.debates.topic_aliases import Known, known_as
from routing.debates.topic_texts import (
    Titles,
    checked,
    language_of,
    normalised,
    title_normalised,
)
from routing.debates.types import LANGUAGES
from routing.models import Topic


@dataclass(frozen=True, slots=True)
class Choice:
    """`is_swapped`: PRO of the text is CON of the topic."""

    topic: Topic
    is_swapped: bool = False


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a typed topic means. `topic` None: it is a new one, `text` in `language`.

    `is_swapped`: PRO of the text is CON of the topic. `choices`: what it may mean, the likeliest
    first; none if it is known. `how`: title, alias, similar or new;
    `similarity`: of what is similar.
    """

    topic: Topic | None
    is_swapped: bool
    choices: tuple[Choice, ...]
    language: str
    text: str
    how: str = "new"
    similarity: float = 0.0


@dataclass(frozen=True, slots=True)
class _Match:
    key: str
    is_swapped: bool
    how: str
    language: str
    similarity: float = 0.0


def topic_get(key: str) -> Topic:
    """Raises TopicUnknown, also for one that is not on offer any more."""
    is_name = key.isprintable()  # PostgreSQL refuses to look for a NUL
    row = Topic.objects.filter(key=key, is_active=True).first() if is_name else None
    if row is None:
        raise TopicUnknown(
            _("There is no topic “%(key)s”. GET /api/v1/topics lists what there is.")
            % {"key": key[:40].encode(errors="replace").decode()},  # half a character is no text
            param="topic",
        )
    return row


def resolve(text: str, *, language: str = "", user_id: int | None = None) -> Resolved:
    """`user_id`: whose own aliases count too. Raises TopicBlocked (empty or too long) and
    LanguageUnavailable (neither of ours)."""
    wanted = checked(text)
    norm, titles = normalised(wanted), titles_on_offer()
    if match := title_match(norm, titles):
        return _resolved(match, language)
    known = known_as(norm, user_id=user_id)
    spoken = language or language_of(wanted)
    if known.key in titles:
        return _resolved(_Match(known.key, known.is_swapped, "alias", spoken), spoken)
    return _by_likeness(wanted, titles, known, spoken)


def titles_on_offer() -> Titles:
    rows = Topic.objects.filter(is_active=True).values_list("key", *LANGUAGES)
    return {key: dict(zip(LANGUAGES, titles, strict=True)) for key, *titles in rows}


def title_match(norm: str, titles: Titles) -> _Match | None:
    for key, both in titles.items():
        for code, title in both.items():
            if title_normalised(title) == norm:
                return _Match(key, False, "title", code)
    return None


def title_in(topic: Topic, language: str) -> str:
    return topic.ko if language == "ko" else topic.en


def _resolved(match: _Match, language: str) -> Resolved:
    topic, spoken = Topic.objects.get(key=match.key), language or match.language
    return Resolved(
        topic, match.is_swapped, (), spoken, title_in(topic, spoken), match.how, match.similarity
    )


def _by_likeness(text: str, titles: Titles, known: Known, spoken: str) -> Resolved:
    from routing.debates.topic_likeness import likely  # numpy: only those load it who resolve

    found = likely(text, titles, not_meant=known.not_meant)
    if found.is_sure:
        key, _swapped = found.pairs[0]
        return _resolved(_Match(key, False, "similar", spoken, found.similarity), spoken)
    topics = Topic.objects.in_bulk([key for key, _swapped in found.pairs])
    choices = tuple(
        Choice(topics[key], is_swapped) for key, is_swapped in found.pairs if key in topics
    )
    return Resolved(None, False, choices, spoken, text)

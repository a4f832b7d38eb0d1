"""Vectors of the catalogue's titles: made where they are missing or of another title. Sync."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from routing.debates.topic_texts import text_hash
from routing.debates.types import LANGUAGES
from routing.embeddings import Embedder, to_bytes
from routing.models import Topic, TopicVector


@dataclass(frozen=True, slots=True)
class Embedded:
    """What it did, in vectors."""

    made: int
    kept: int


@dataclass(frozen=True, slots=True)
class Title:
    topic_key: str
    language: str
    text: str

    @property
    def place(self) -> tuple[str, str]:
        return (self.topic_key, self.language)


def topics_embed(embedder: Embedder) -> Embedded:
    """For all topics, also those off offer: they may come back. Idempotent. Raises EmbedderAway."""
    known = {
        (row.topic_id, row.language): row.text_hash
        for row in TopicVector.objects.filter(embedder=embedder.hash).defer("vector")
    }
    titles = [
        Title(topic.key, code, title)
        for topic in Topic.objects.order_by("key")
        for code, title in zip(LANGUAGES, (topic.ko, topic.en), strict=True)
    ]
    missing = [title for title in titles if known.get(title.place) != text_hash(title.text)]
    if missing:
        _write(embedder, missing)
    return Embedded(made=len(missing), kept=len(titles) - len(missing))


def _write(embedder: Embedder, titles: Sequence[Title]) -> None:
    """A new title is a new row, with a new number: that is how an index notices."""
    vectors = embedder.embed([title.text for title in titles])
    rows = [
        TopicVector(
            topic_id=title.topic_key, language=title.language, embedder=embedder.hash,
            text_hash=text_hash(title.text), vector=to_bytes(vector),
        )
        for title, vector in zip(titles, vectors, strict=True)
    ]
    places = {title.place for title in titles}
    with transaction.atomic():
        old = TopicVector.objects.filter(
            embedder=embedder.hash, topic_id__in={key for key, _language in places}
        ).defer("vector")
        stale = [row.pk for row in old if (row.topic_id, row.language) in places]
        TopicVector.objects.filter(pk__in=stale).delete()
        TopicVector.objects.bulk_create(rows, ignore_conflicts=True)  # two starts at once

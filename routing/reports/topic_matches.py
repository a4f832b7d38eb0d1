"""What people found when they judged texts that were taken for a topic by likeness alone."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Q, QuerySet

from routing.debates.topic_judging import upper_bound
from routing.models import TopicMatch

Verdict = TopicMatch.Verdict
SHOWN = 50


@dataclass(frozen=True, slots=True)
class MatchLine:
    """One that waits: what was typed, and the title that it was taken for."""

    id: int
    text: str
    title: str
    language: str
    similarity: float
    times: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Measured:
    """Of one embedder in one language. Texts are counted once, however often they were typed;
    `topics` and `topics_wrong`: those with anything judged, with anything wrong."""

    embedder: str
    language: str
    judged: int
    wrong: int
    topics: int
    topics_wrong: int
    last: datetime | None

    @property
    def rate(self) -> float:
        return self.wrong / self.judged

    @property
    def bound(self) -> float:
        """Of the texts: at most so many are wrong, with 95 % certainty."""
        return upper_bound(self.wrong, self.judged)

    @property
    def bound_by_topic(self) -> float:
        return upper_bound(self.topics_wrong, self.topics)


@dataclass(frozen=True, slots=True)
class Waiting:
    """`number`: of all, more than are shown."""

    lines: tuple[MatchLine, ...]
    number: int


def waiting(*, most: int = SHOWN) -> Waiting:
    """The oldest first: they are deleted first. Two queries."""
    rows = TopicMatch.objects.filter(verdict=Verdict.WAITING)
    found = rows.select_related("topic").order_by("at", "pk")[:most]
    return Waiting(tuple(map(_line, found)), rows.count())


def measured() -> tuple[Measured, ...]:
    """One for each embedder and language; those of today's embedder have the newest date."""
    found = []
    for name, hash_, language in _kinds():
        rows = TopicMatch.objects.filter(embedder=hash_, language=language)
        found.append(_measured(rows.exclude(verdict=Verdict.WAITING), name, language))
    return tuple(sorted(found, key=lambda each: (each.embedder, each.language)))


def judged_between(start: datetime, end: datetime, *, language: str = "") -> tuple[int, int]:
    """Of the texts that were taken then: how many are judged, and how many wrong. One query."""
    rows = TopicMatch.objects.filter(at__gte=start, at__lt=end).exclude(verdict=Verdict.WAITING)
    if language:
        rows = rows.filter(language=language)
    found = rows.aggregate(
        judged=Count("pk"), wrong=Count("pk", filter=Q(verdict=Verdict.WRONG))
    )
    return found["judged"], found["wrong"]


def _kinds() -> list[tuple[str, str, str]]:
    rows = TopicMatch.objects.exclude(verdict=Verdict.WAITING).order_by()
    return list(rows.values_list("embedder_name", "embedder", "language").distinct())


def _measured(rows: QuerySet[TopicMatch], name: str, language: str) -> Measured:
    counted = rows.aggregate(
        judged=Count("pk"), wrong=Count("pk", filter=Q(verdict=Verdict.WRONG)),
        topics=Count("topic", distinct=True),
        topics_wrong=Count("topic", distinct=True, filter=Q(verdict=Verdict.WRONG)),
        last=Max("judged_at"),
    )
    return Measured(name, language, **counted)


def _line(row: TopicMatch) -> MatchLine:
    title = row.topic.ko if row.language == "ko" else row.topic.en
    return MatchLine(row.pk, row.text, title, row.language, row.similarity, row.times, row.at)

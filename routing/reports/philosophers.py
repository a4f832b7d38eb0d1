"""What is stored of each philosopher of the catalogue: arguments, ratings, topics without it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, F, QuerySet, Sum

from routing.models import Philosopher, StoredAnswer, Topic
from routing.reports.arguments import Argument, Claim, Term, claims_of, recurring, terms
from routing.reports.stored import is_served

ARGUMENTS, OPENING = "core_arguments", "opening_statement"
ANSWERS_READ = 300
BEST = 8
WANTED = 10
MOST_ARGUMENTS, MOST_TERMS = 15, 20


@dataclass(frozen=True, slots=True)
class PhilosopherLine:
    """What is stored of one in all languages together."""

    key: str
    name_ko: str
    name_en: str
    entries: int
    topics: int
    served: int
    saved_nanos: int
    ups: int
    downs: int


@dataclass(frozen=True, slots=True)
class Spoken:
    """Of one language. `read`: answers whose arguments were compared; of `unreadable` more none
    could be read. `wanted`: the most popular topics without a stored opening."""

    language: str
    entries: int
    openings: int
    topics: int
    served: int
    read: int
    unreadable: int
    arguments: tuple[Argument, ...]
    terms: tuple[Term, ...]
    wanted: tuple[Topic, ...]
    missing: int


@dataclass(frozen=True, slots=True)
class Patterns:
    philosopher: Philosopher
    spoken: tuple[Spoken, ...]
    best: tuple[StoredAnswer, ...]  # rated well by the most
    topics: Mapping[str, Topic]

    @property
    def is_empty(self) -> bool:
        return not any(each.entries for each in self.spoken)


def lines(*, now: datetime) -> tuple[PhilosopherLine, ...]:
    """Everybody on offer, those of whom the most is stored first. Two queries."""
    rows = StoredAnswer.objects.filter(is_served(now), owner_id=None).exclude(philosopher="")
    sums = {
        row["philosopher"]: row
        for row in rows.values("philosopher").annotate(
            entries=Count("pk"), topics=Count("topic_key", distinct=True), times=Sum("served"),
            saved=Sum("saved_nanos"), good=Sum("ups"), bad=Sum("downs"),
        )
    }
    people = Philosopher.objects.filter(owner_id=None, is_current=True, is_active=True)
    found = [_line(person, sums.get(person.key)) for person in people]
    return tuple(sorted(found, key=lambda each: (-each.entries, each.name_en)))


def _line(person: Philosopher, row: Mapping[str, Any] | None) -> PhilosopherLine:
    names = ("entries", "topics", "times", "saved", "good", "bad")
    values = [row[name] or 0 if row else 0 for name in names]
    return PhilosopherLine(person.key, person.name_ko, person.name_en, *values)


def patterns(key: str, *, languages: Sequence[str], now: datetime) -> Patterns | None:
    """None: nobody of the catalogue is called so. Five queries, however much is stored."""
    person = Philosopher.objects.filter(key=key, owner_id=None, is_current=True).first()
    if person is None:
        return None
    rows = StoredAnswer.objects.filter(is_served(now), philosopher=key, owner_id=None)
    topics = {topic.pk: topic for topic in Topic.objects.filter(is_active=True)}
    sums = rows.values("language", "kind", "topic_key").annotate(
        entries=Count("pk"), times=Sum("served")
    )
    by_language: dict[str, list[Any]] = {language: [] for language in languages}
    for row in sums.order_by():
        by_language.setdefault(row["language"], []).append(row)
    read = _claims(rows.filter(kind=ARGUMENTS))
    return Patterns(
        person,
        tuple(_spoken(code, found, read.get(code, []), topics)
              for code, found in by_language.items()),
        tuple(rows.filter(ups__gt=F("downs")).order_by(F("downs") - F("ups"), "-served")[:BEST]),
        topics,
    )


def _claims(rows: QuerySet[StoredAnswer]) -> Mapping[str, list[tuple[Claim, ...]]]:
    """By language, of each answer; an empty one could not be read."""
    found: dict[str, list[tuple[Claim, ...]]] = {}
    columns = ("pk", "language", "text", "topic_key", "side")
    newest = rows.order_by("-pk").values_list(*columns)[:ANSWERS_READ]
    for pk, language, text, topic, side in reversed(newest):  # the oldest names an argument
        claims = tuple(Claim(said, topic, side, pk) for said in claims_of(text))
        found.setdefault(language, []).append(claims)
    return found


def _spoken(
    language: str, rows: Sequence[Mapping[str, Any]], read: Sequence[tuple[Claim, ...]],
    topics: Mapping[str, Topic],
) -> Spoken:
    claims = [claim for each in read for claim in each]
    has_opening = {row["topic_key"] for row in rows if row["kind"] == OPENING}
    missing = [topic for key, topic in topics.items() if key not in has_opening]
    return Spoken(
        language, sum(row["entries"] for row in rows),
        sum(row["entries"] for row in rows if row["kind"] == OPENING),
        len({row["topic_key"] for row in rows if row["topic_key"]}),
        sum(row["times"] or 0 for row in rows),
        sum(1 for each in read if each), sum(1 for each in read if not each),
        recurring(claims, language=language)[:MOST_ARGUMENTS],
        terms(claims, language=language)[:MOST_TERMS], tuple(missing[:WANTED]), len(missing),
    )

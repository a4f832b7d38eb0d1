"""Other words for topics: proposals that wait, words in use, words in quarantine, calibrations."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count

from routing.embedding_money import why_not
from routing.embeddings import Remote, embedder
from routing.models import TopicAlias, TopicCalibration

Status = TopicAlias.Status
SHOWN = 50


@dataclass(frozen=True, slots=True)
class WordsLine:
    """`people`: how many said so; never who."""

    id: int
    text: str
    language: str
    topic_key: str
    topic_ko: str
    topic_en: str
    is_swapped: bool
    source: str
    note: str
    people: int
    created_at: datetime
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class WordsList:
    """`number`: of all, more than are shown."""

    lines: tuple[WordsLine, ...]
    number: int


@dataclass(frozen=True, slots=True)
class InForce:
    """What the resolver goes by in one language. `calibration` None: only exact words."""

    language: str
    calibration: TopicCalibration | None
    is_stale: bool  # there is one, but of another embedder


@dataclass(frozen=True, slots=True)
class Resolver:
    """`embedder`: its name; empty: it is off or not there. `why_not`: why it would not be asked
    now, in a sentence: its budget is used up, or it has no price."""

    embedder: str
    languages: tuple[InForce, ...]
    why_not: str = ""


def words(*, most: int = SHOWN) -> Mapping[str, WordsList]:
    """By status: proposals that the most people made first, others newest first. Four queries."""
    numbers = dict(
        TopicAlias.objects.order_by().values_list("status").annotate(number=Count("pk"))
    )
    return {
        status: WordsList(_lines(status, most), numbers.get(status, 0)) for status in Status.values
    }


def _lines(status: str, most: int) -> tuple[WordsLine, ...]:
    rows = TopicAlias.objects.filter(status=status).select_related("topic")
    order = ("-people", "created_at") if status == Status.PROPOSED else ("-created_at", "-pk")
    found = rows.annotate(people=Count("votes")).order_by(*order)[:most]
    return tuple(
        WordsLine(
            row.pk, row.text, row.language, row.topic_id, row.topic.ko, row.topic.en,
            row.is_swapped, row.source, row.note, row.people, row.created_at, row.decided_at,
        )
        for row in found
    )


def resolver(languages: tuple[str, ...], *, now: datetime) -> Resolver:
    """One query; some more where the embedder is somebody else's."""
    current = embedder()
    newest: dict[str, TopicCalibration] = {}
    stale: set[str] = set()
    for row in TopicCalibration.objects.filter(is_active=True):  # newest first
        if current is not None and row.embedder == current.hash:
            newest.setdefault(row.language, row)
        else:
            stale.add(row.language)
    return Resolver(
        current.name if current else "",
        tuple(InForce(code, newest.get(code), code in stale) for code in languages),
        why_not(current.source, now=now) if isinstance(current, Remote) else "",
    )

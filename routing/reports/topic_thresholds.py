"""What was taken for a topic by likeness alone, by how alike it was; and what another threshold
would have made of it.

Only what was taken is recorded, never what was asked about: nothing here can tell what a threshold
below those of the past would take.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass

from django.db.models import Count, F, Min, Q, QuerySet
from django.db.models.functions import Floor

from routing.models import TopicMatch

Verdict = TopicMatch.Verdict
STEPS = 100  # bars of one hundredth each
HAIR = 1e-6  # 0.29 x 100 is 28.999999999999996


@dataclass(frozen=True, slots=True)
class Bar:
    """Texts that were at least `step` hundredths alike, and less than one more."""

    step: int
    right: int = 0
    wrong: int = 0
    waiting: int = 0

    @property
    def all(self) -> int:
        return self.right + self.wrong + self.waiting


@dataclass(frozen=True, slots=True)
class Tried:
    """At a threshold: of the recorded texts so many are `taken` without asking, so many `asked`
    about; and of each so many were judged, and wrong."""

    taken: int
    judged: int
    wrong: int
    asked: int
    asked_judged: int
    asked_wrong: int

    @property
    def asked_right(self) -> int:
        return self.asked_judged - self.asked_wrong


@dataclass(frozen=True, slots=True)
class Records:
    """What is known of one embedder in one language."""

    embedder: str
    name: str
    language: str

    def bars(self) -> tuple[Bar, ...]:
        """Without gaps, from the lowest to 1. One query."""
        step = Floor(F("similarity") * STEPS + HAIR)
        counted = self._rows().order_by().annotate(step=step).values_list("step", "verdict")
        found: dict[int, Counter[str]] = defaultdict(Counter)
        for place, verdict, number in counted.annotate(number=Count("pk")):
            found[min(int(place), STEPS - 1)][verdict] += number
        return tuple(_bar(each, found[each]) for each in range(min(found, default=STEPS), STEPS))

    def tried(self, threshold: float) -> Tried:
        """One query."""
        is_taken, is_judged = Q(similarity__gte=threshold), ~Q(verdict=Verdict.WAITING)
        is_wrong = Q(verdict=Verdict.WRONG)
        counts = self._rows().aggregate(
            taken=Count("pk", filter=is_taken),
            judged=Count("pk", filter=is_taken & is_judged),
            wrong=Count("pk", filter=is_taken & is_wrong),
            asked=Count("pk", filter=~is_taken),
            asked_judged=Count("pk", filter=~is_taken & is_judged),
            asked_wrong=Count("pk", filter=~is_taken & is_wrong),
        )
        return Tried(**counts)

    def lowest(self) -> float | None:
        found: float | None = self._rows().aggregate(least=Min("similarity"))["least"]
        return found

    def _rows(self) -> QuerySet[TopicMatch]:
        return TopicMatch.objects.filter(embedder=self.embedder, language=self.language)


def languages_recorded() -> dict[str, int]:
    """How many texts there are in each. One query."""
    rows = TopicMatch.objects.order_by().values_list("language")
    return dict(rows.annotate(number=Count("pk")))


def newest_records(language: str) -> Records | None:
    """Of the embedder that was asked last. One query."""
    rows = TopicMatch.objects.filter(language=language).order_by("-at", "-pk")
    row = rows.values_list("embedder", "embedder_name").first()
    return Records(*row, language) if row else None


def _bar(step: int, verdicts: Counter[str]) -> Bar:
    kinds = (Verdict.RIGHT, Verdict.WRONG, Verdict.WAITING)
    return Bar(step, *(verdicts[each] for each in kinds))

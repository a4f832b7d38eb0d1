"""What earlier runs taught: how often answers on topics of a rank were served, against what had
been expected for the time since. Simple on purpose, and shown with every estimate.

    factor of a band of ranks = (served + CAUTION) / (expected + CAUTION)

`CAUTION` uses pull it to 1 while there is little to learn from; it stays between a quarter and 4.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from routing.models import PrecomputeItem, PrecomputeRun, Topic

BANDS = (10, 50, 200)  # ranks 1-10, 11-50, 51-200, and beyond
CAUTION = 20.0
LEAST, MOST = 0.25, 4.0
LOOK_BACK = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Lesson:
    """Of one band of ranks: uses that were expected by now, and uses that there were."""

    expected: float = 0.0
    served: int = 0

    @property
    def factor(self) -> float:
        raw = (self.served + CAUTION) / (self.expected + CAUTION)
        return min(MOST, max(LEAST, raw))


@dataclass(frozen=True, slots=True)
class Lessons:
    bands: Mapping[int, Lesson] = field(default_factory=dict)

    def factor(self, rank: int) -> float:
        lesson = self.bands.get(band_of(rank))
        return lesson.factor if lesson else 1.0

    def as_json(self) -> list[dict[str, float | int | str]]:
        return [
            {"ranks": ranks_in(band), "expected": round(lesson.expected, 2),
             "served": lesson.served, "factor": round(lesson.factor, 3)}
            for band, lesson in sorted(self.bands.items())
        ]


def band_of(rank: int) -> int:
    return next((at for at, last in enumerate(BANDS) if rank <= last), len(BANDS))


def ranks_in(band: int) -> str:
    first = BANDS[band - 1] + 1 if band else 1
    return f"{first}-{BANDS[band]}" if band < len(BANDS) else f"{first}-"


def lessons_of(*, now: datetime) -> Lessons:
    """From the answers that runs of the last months made. Not what was made anew: that was asked
    for before, whatever its rank."""
    rows = PrecomputeItem.objects.filter(
        status=PrecomputeItem.Status.MADE, answer__isnull=False,
        run__kind=PrecomputeRun.Kind.AHEAD,
        run__created_at__gte=now - LOOK_BACK,
    ).values_list(
        "key", "topic_key", "expected_uses", "answer__made_at", "answer__served",
        "answer__hard_until", "answer__ended_at",
    )
    ranks = dict(Topic.objects.values_list("pk", "popularity_rank"))
    return Lessons(_by_band(rows, ranks, now=now))


def _by_band(
    rows: Iterable[tuple[str, str, float, datetime, int, datetime, datetime | None]],
    ranks: Mapping[str, int], *, now: datetime,
) -> dict[int, Lesson]:
    """Expected for each key once, served over all its variants. What was taken down early could
    be used as long as it was there."""
    expected: dict[int, dict[str, float]] = defaultdict(dict)
    served: dict[int, int] = defaultdict(int)
    for key, topic, uses, made, times, until, ended in rows:
        band = band_of(ranks.get(topic, 10**6))
        share = (min(now, ended or now, until) - made) / (until - made) if until > made else 1.0
        expected[band][key] = max(expected[band].get(key, 0.0), uses * max(0.0, min(1.0, share)))
        served[band] += times
    return {band: Lesson(sum(by_key.values()), served[band]) for band, by_key in expected.items()}

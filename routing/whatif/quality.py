"""How good the answers would be: only where somebody said how good they are.

The one thing that is measured is what users think of stored answers (`AnswerRating`): good or bad.
A mix of models is as good as its models, weighted by calls. A model with few ratings is not known,
and where too many calls go to such models, nothing is said about the mix. The interval takes two
good and two bad ratings more for each model (Agresti and Coull), so that 30 of 30 is not certainty.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import sqrt
from typing import Any

from django.db.models import Count, Q

from routing.models import AnswerRating

LEAST = 30  # ratings of a model, below which it is not known
LEAST_SHARE = 0.9  # of calls that go to models that are known
Z = 1.96  # 95%
MORE = 2


@dataclass(frozen=True, slots=True)
class Rated:
    """Of one model, or of a mix. Shares of good ratings; None: not measured."""

    ratings: int
    good: float | None = None
    low: float | None = None
    high: float | None = None
    covered: float = 1.0  # share of the calls that go to models that are known

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def ratings() -> dict[str, tuple[int, int]]:
    """By model: how many, and how many of them good."""
    rows = AnswerRating.objects.values_list("answer__deployment").annotate(
        number=Count("pk"), good=Count("pk", filter=Q(rating__gt=0))
    )
    return {deployment: (number, good) for deployment, number, good in rows.order_by()}


def of_model(number: int, good: int) -> Rated:
    if number < LEAST:
        return Rated(number)
    return _mixed([(1.0, number, good)], number, 1.0)


def of_mix(calls: Mapping[str, int], rated: Mapping[str, tuple[int, int]]) -> Rated:
    """`calls`: by model, answered by a model; stored answers are in neither."""
    known = {name: rated[name] for name in calls if rated.get(name, (0, 0))[0] >= LEAST}
    whole, covered = sum(calls.values()), sum(calls[name] for name in known)
    share, number = (covered / whole if whole else 0.0), sum(each[0] for each in known.values())
    if not covered or share < LEAST_SHARE:
        return Rated(number, covered=share)
    parts = [(calls[name] / covered, *known[name]) for name in sorted(known)]
    return _mixed(parts, number, share)


def _mixed(parts: list[tuple[float, int, int]], number: int, covered: float) -> Rated:
    value = sum(weight * good / count for weight, count, good in parts)
    middle = spread = 0.0
    for weight, count, good in parts:
        size = count + 2 * MORE
        share = (good + MORE) / size
        middle += weight * share
        spread += weight**2 * share * (1 - share) / size
    reach = Z * sqrt(spread)
    return Rated(number, value, max(0.0, middle - reach), min(1.0, middle + reach), covered)

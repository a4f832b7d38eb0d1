"""The two sides of an experiment, each for itself: how many, what they cost, how sure that is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist, fmean, variance

from billing.reports.savings_check import CERTAINTY, DebateCost, Interval, student_t

LEAST_FOR_INTERVAL = 5  # debates; of fewer a mean says nothing


@dataclass(frozen=True, slots=True)
class Arm:
    """`cost` None: too few debates. `ids`: the newest last."""

    ids: tuple[str, ...]
    cost: Interval | None

    @property
    def debates(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many, in basis points: the truth is between `low` and `high` with 95%
    certainty, after Wilson."""

    value: int
    low: int
    high: int
    of: int


def arms_of(debates: Iterable[DebateCost], strata: Mapping[str, str]) -> tuple[Arm, Arm]:
    """Held out, and all others; debates of which only a part was held out are in neither."""
    sides: tuple[list[DebateCost], list[DebateCost]] = ([], [])
    for row in debates:
        if row.debate_id in strata and row.answered and row.held_out in (0, row.answered):
            sides[row.held_out == 0].append(row)
    held, others = (_arm(side) for side in sides)
    return held, others


def _arm(side: Sequence[DebateCost]) -> Arm:
    costs = [float(row.cost_nanos) for row in side]
    return Arm(tuple(row.debate_id for row in side), mean_of(costs))


def mean_of(values: Sequence[float]) -> Interval | None:
    """With the interval by Student's t."""
    if len(values) < LEAST_FOR_INTERVAL:
        return None
    mean = fmean(values)
    quantile = student_t((1 + CERTAINTY) / 2, len(values) - 1)
    reach = quantile * sqrt(variance(values) / len(values))
    return Interval(round(mean), round(max(0.0, mean - reach)), round(mean + reach))


def share_of(number: int, of: int) -> Share | None:
    """None: of nothing."""
    if not of:
        return None
    z = NormalDist().inv_cdf((1 + CERTAINTY) / 2)
    part, spread = number / of, z * z / of
    middle = (part + spread / 2) / (1 + spread)
    reach = z * sqrt(part * (1 - part) / of + spread / (4 * of)) / (1 + spread)
    low, high = max(0.0, middle - reach), min(1.0, middle + reach)
    return Share(round(10_000 * part), round(10_000 * low), round(10_000 * high), of)

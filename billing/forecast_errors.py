"""From past errors to an interval (conformal prediction with rolling origins).

For each distance the scores are ln(actual / forecast) of every past day. The band leaves as many of
them out on each side as the coverage allows, counted as if the next truth were one of them. What
lies further ahead than the history can tell gets the scores of the furthest known distance, wider.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from billing.forecast_model import Path

MIN_ERRORS = 10  # below, the errors of a shorter distance say more
ORIGINS = 120  # the newest
LEARNING, KEPT = 14, 20  # the first forecasts knew no weekdays: left out, where enough remain
SUMMED = 7  # percent more for sums of many days: they overlap, so their errors are few
LEAST = 0.02  # no band is narrower, to either side
MOST = math.log(20)


@dataclass(frozen=True, slots=True)
class Band:
    """Factors around a forecast, as logarithms: `low` is below 0, `high` above."""

    low: float
    high: float

    def around(self, middle: float, *, floor: float) -> tuple[int, int, int]:
        low = (middle + floor) * math.exp(self.low) - floor
        high = (middle + floor) * math.exp(self.high) - floor
        return max(0, round(low)), round(middle), max(0, round(high))


def bands(path: Path, *, ahead: int, coverage: int) -> tuple[list[Band], list[Band]]:
    """For each day ahead, and for all days up to each."""
    each, summed = _scores(path, ahead)
    return _bands(each, coverage), _bands(summed, coverage, more=SUMMED)


def _scores(path: Path, ahead: int) -> tuple[list[list[float]], list[list[float]]]:
    """By distance, those of single days and those of sums."""
    each: list[list[float]] = [[] for _ in range(ahead)]
    summed: list[list[float]] = [[] for _ in range(ahead)]
    past = len(path.origins) - 1
    for place in range(_first(past), past):
        start = path.origins[place] + 1
        actual = path.history[start:start + ahead]
        total = expected = 0.0
        for n, middle in enumerate(path.ahead(len(actual), place=place)):
            total, expected = total + actual[n], expected + middle
            each[n].append(_score(actual[n], middle, path.floor))
            summed[n].append(_score(total, expected, path.floor))
    return each, summed


def rest_of_day(path: Path, rests: Sequence[int], *, coverage: int) -> tuple[int, int, int]:
    """Low, middle and high of what is to come of the running day. `rests` came later in the day
    than it is now on the newest days of the history. The middle takes what part of them it was; the
    scores are its shares of what was forecast for these days. (No logarithms: late in the day the
    rest is often nothing. No mean of shares: one day out of all proportion would double it.)"""
    began, past = len(path.history) - len(rests), len(path.origins) - 1
    shares = [
        rests[day - began] / (path.ahead(1, place=place)[0] + path.floor)
        for place in range(_first(past), past) if (day := path.origins[place] + 1) >= began
    ]
    expected, outside = path.ahead(1)[0], (100 - coverage) / 200
    ordered, whole = sorted(shares), expected + path.floor
    low = max(0.0, -_upper([-share for share in reversed(ordered)], outside)) * whole
    middle, high = _part(path, rests) * expected, _upper(ordered, outside) * whole
    return round(min(low, middle)), round(middle), round(max(middle, high))


def _part(path: Path, rests: Sequence[int]) -> float:
    """Of what these days cost."""
    cost = sum(path.history[len(path.history) - len(rests):])
    return min(1.0, sum(rests) / cost) if cost else 0.0


def _first(past: int) -> int:
    """From which of so many past forecasts on their errors count."""
    return max(0, past - ORIGINS, min(LEARNING, past - KEPT))


def _score(actual: float, middle: float, floor: float) -> float:
    return math.log((actual + floor) / (middle + floor))


def _bands(
    scores: Sequence[Sequence[float]], coverage: int, *, more: int = 0
) -> list[Band]:
    found: list[Band] = []
    low, high, known = 0.0, 0.0, 1
    for n, here in enumerate(scores, start=1):
        if len(here) >= MIN_ERRORS or n == 1:
            low, high, known = *_quantiles(here, coverage + min(more, n - 1)), n
        further = math.sqrt(n / known)
        found.append(Band(max(-MOST, low * further), min(MOST, high * further)))
    return found


def _quantiles(scores: Sequence[float], coverage: int) -> tuple[float, float]:
    outside = (100 - coverage) / 200
    if not scores:
        return -MOST, MOST
    ordered = sorted(scores)
    high = _upper(ordered, outside)
    low = -_upper([-score for score in reversed(ordered)], outside)
    return min(low, -LEAST), max(high, LEAST)


def _upper(ordered: Sequence[float], outside: float) -> float:
    """The rank at which a new score is above in `outside` of cases. Where that is beyond the
    largest, the largest, moved out by how much is lacking."""
    rank = math.ceil((len(ordered) + 1) * (1 - outside))
    if rank <= len(ordered):
        return ordered[rank - 1]
    needed = math.ceil(1 / outside) - 1
    spread = ordered[-1] - ordered[len(ordered) // 2]
    return ordered[-1] + spread * (needed - len(ordered)) / needed

"""Days that cost far more or less than their weekday usually does, and what made the difference.

A pure function of daily sums. Each day is held against the forecast that the days before it would
have made, give or take what such forecasts usually miss; `docs/forecast.md` has the arithmetic.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median

from billing.forecast_model import MIN_DAYS, Path, fit

RATE = (0.2,)  # how fast the level follows: the same for all days, whatever came after them
WIDTH = 3.2  # times the usual miss
REMEMBERED = 56  # days of misses
MIN_MISS = 0.06  # a very regular history is not held to less
LEAST_PART = 0.25  # of what was expected: less is not worth a look
TO_NORMAL = 1.4826  # a median deviation, as a standard deviation
WEEKS = 4
MAX_CONTRIBUTORS = 5

Parts = Mapping[str, Mapping[str, Sequence[int]]]  # dimension -> key -> nanos per day


@dataclass(frozen=True, slots=True)
class Contributor:
    """One value of one dimension, and by how much it differs from what it usually costs. The
    differences of all values of a dimension add up to that of the day."""

    dimension: str
    key: str
    delta_nanos: int


@dataclass(frozen=True, slots=True)
class Anomaly:
    """`scope`: what the history is of, as the caller named it."""

    day: date
    scope: str
    value: int
    expected_low: int
    expected: int
    expected_high: int
    contributors: tuple[Contributor, ...] = ()

    @property
    def delta_nanos(self) -> int:
        return self.value - self.expected

    @property
    def is_high(self) -> bool:
        return self.value > self.expected_high


def is_known(history: Sequence[int]) -> bool:
    """Two weeks before the last day are needed to know what is usual."""
    return len(history) > MIN_DAYS and any(history)


def anomalies(
    history: Sequence[int], *, first_day: date, days: int = 28, parts: Parts | None = None,
    scope: str = "platform", least_nanos: int = 0,
) -> tuple[Anomaly, ...]:
    """Among the last `days`, newest first. `history` and each of `parts`: nanos of days without a
    gap, oldest first. For a day that is not over yet, hand in the same hours of every day.
    `least_nanos`: smaller differences are left out."""
    if not is_known(history):
        return ()
    path = fit(history, first_weekday=first_day.weekday(), rates=RATE)
    since = max(MIN_DAYS, len(history) - days)
    found = [
        _anomaly(path, place, first_day, scope, parts or {})
        for place in range(since, len(history))
        if _is_outside(path, place, least_nanos)
    ]
    return tuple(reversed(found))


def expected_band(
    history: Sequence[int], *, first_day: date
) -> Iterator[tuple[date, int, int, int]]:
    """Of each day after the first two weeks: low, middle, high."""
    if not is_known(history):
        return
    path = fit(history, first_weekday=first_day.weekday(), rates=RATE)
    for place in range(MIN_DAYS, len(history)):
        yield first_day + timedelta(days=place), *_band(path, place)


def _is_outside(path: Path, place: int, least_nanos: int) -> bool:
    value = path.history[place]
    low, middle, high = _band(path, place)
    return not low <= value <= high and abs(value - middle) >= max(1, least_nanos)


def _band(path: Path, place: int) -> tuple[int, int, int]:
    """What the days before `place` lead to expect of it."""
    middle = _expected(path, place)
    misses = _misses(path, place)
    centre = median(misses)
    usual = max(MIN_MISS, TO_NORMAL * median(abs(miss - centre) for miss in misses))
    high = max(centre + WIDTH * usual, math.log(1 + LEAST_PART))
    low = min(centre - WIDTH * usual, math.log(1 - LEAST_PART))
    return (
        max(0, round((middle + path.floor) * math.exp(low) - path.floor)), round(middle),
        round((middle + path.floor) * math.exp(high) - path.floor),
    )


def _expected(path: Path, place: int) -> float:
    return path.ahead(1, place=place - 1 - path.origins[0])[0]


def _misses(path: Path, place: int) -> list[float]:
    """ln(actual / expected) of the days before, which had a forecast."""
    first = max(path.origins[0] + 1, place - REMEMBERED)
    return [
        math.log((path.history[each] + path.floor) / (_expected(path, each) + path.floor))
        for each in range(first, place)
    ]


def _anomaly(path: Path, place: int, first_day: date, scope: str, parts: Parts) -> Anomaly:
    low, middle, high = _band(path, place)
    found = [
        each
        for dimension, keys in parts.items()
        for each in contributors(keys, dimension=dimension, place=place, expected=middle)
    ]
    day = first_day + timedelta(days=place)
    return Anomaly(day, scope, path.history[place], low, middle, high, tuple(found))


def contributors(
    keys: Mapping[str, Sequence[int]], *, dimension: str, place: int, expected: int
) -> list[Contributor]:
    """Those that differ most, in the direction of the whole difference first. What is usual for
    one key is its part of the same weekday in the weeks before."""
    usual = {key: _usual(values, place) for key, values in keys.items()}
    whole = sum(usual.values())
    scale = expected / whole if whole else 0.0
    deltas = {
        key: values[place] - round(usual[key] * scale) for key, values in keys.items()
    }
    sign = 1 if sum(deltas.values()) >= 0 else -1
    ranked = sorted(deltas.items(), key=lambda item: (-sign * item[1], item[0]))
    return [
        Contributor(dimension, key, delta) for key, delta in ranked[:MAX_CONTRIBUTORS] if delta
    ]


def _usual(values: Sequence[int], place: int) -> float:
    """On the same weekday of the weeks before, on average."""
    places = [place - 7 * week for week in range(1, WEEKS + 1) if place >= 7 * week]
    return sum(values[each] for each in places) / len(places) if places else 0.0

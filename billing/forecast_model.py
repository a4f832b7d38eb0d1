"""A smoother over daily sums: level, damped trend and factors of the weekdays, on logarithms.

It goes through the history once, from the oldest day on, and keeps what it believed after each day:
so its past forecasts, which the interval is made of, are those it would have made then. A surprise
counts for no more than `CLIP` times the usual one: a launch day does not become the new level.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean, median

MIN_DAYS = 14
START = 7  # days that the first belief is made of
RATES = (0.1, 0.2, 0.35)  # how fast the level follows; whichever forecast best is taken
TREND_RATE, DAMPING, MAX_TREND = 0.06, 0.97, 0.03  # a day
SEASON_PRIOR = 1.0  # weeks of no difference between weekdays, which the first weeks weigh against
SEASON_MEMORY = 8.0  # weeks
CLIP = 2.5
FIRST_SIGMA, SIGMA_RATE, MIN_SIGMA = 0.15, 0.06, 0.03
FLOOR = 0.02  # of an early day: what is added before a logarithm is taken
FLOOR_DAYS = 14
SPARSE = 0.25  # from this share of days without spend on there is no weekly shape to be found
AVERAGED = 28  # days
JUDGED_AHEAD = 7


@dataclass(frozen=True, slots=True)
class Belief:
    """After one day: the level and trend in logarithms, a factor for each weekday."""

    level: float
    trend: float
    season: tuple[float, ...]
    average: float  # of the last days, in nanos; what a sparse history is forecast by


@dataclass(frozen=True)
class Path:
    """Beliefs after day `origins[n]`; the last one is of now."""

    history: tuple[int, ...]
    first_weekday: int
    method: str
    floor: float
    origins: tuple[int, ...]
    beliefs: tuple[Belief, ...] = field(repr=False)

    def ahead(self, days: int, *, place: int = -1) -> list[float]:
        """The days after one of the origins; the last one unless told."""
        belief = self.beliefs[place]
        if self.method == "average":
            return [belief.average] * days
        weekday = self.first_weekday + self.origins[place] + 1
        return [
            max(0.0, math.exp(_middle(belief, n, weekday + n)) - self.floor) for n in range(days)
        ]


def fit(
    history: Sequence[int], *, first_weekday: int, rates: Sequence[float] = RATES
) -> Path:
    """Needs START days at least."""
    values = tuple(history)
    spent = [value for value in values if value][:FLOOR_DAYS]
    floor = FLOOR * fmean(spent) if spent else 1.0
    recent = values[-2 * AVERAGED:]
    is_sparse = sum(not value for value in recent) > SPARSE * len(recent)
    method = "average" if is_sparse else "weekly"
    origins = tuple(range(START - 1, len(values)))
    paths = [
        Path(values, first_weekday, method, floor, origins,
             _beliefs(values, first_weekday, floor, rate))
        for rate in (rates[:1] if is_sparse else rates)
    ]
    return min(paths, key=_missed) if len(paths) > 1 else paths[0]


def _beliefs(
    values: Sequence[int], first_weekday: int, floor: float, rate: float
) -> tuple[Belief, ...]:
    logs = [math.log(value + floor) for value in values]
    level, trend, sigma = median(logs[:START]), 0.0, FIRST_SIGMA
    season, weights = [0.0] * 7, [SEASON_PRIOR] * 7
    found = [Belief(level, trend, tuple(season), fmean(values[:START]))]
    for place in range(START, len(values)):
        weekday = (first_weekday + place) % 7
        before = level + DAMPING * trend
        surprise = logs[place] - before - season[weekday]
        most = CLIP * sigma
        heard = min(max(surprise, -most), most)
        level, trend = before + rate * heard, DAMPING * trend + rate * TREND_RATE * heard
        trend = min(max(trend, -MAX_TREND), MAX_TREND)
        weights[weekday] = min(weights[weekday] + 1, SEASON_MEMORY)
        season[weekday] += (1 - rate) * heard / weights[weekday]
        _balance(season)
        sigma = max(MIN_SIGMA, sigma + SIGMA_RATE * (1.25 * min(abs(surprise), 2 * most) - sigma))
        average = fmean(values[max(0, place + 1 - AVERAGED):place + 1])
        found.append(Belief(level, trend, tuple(season), average))
    return tuple(found)


def _balance(season: list[float]) -> None:
    """The factors of a week make no difference together: that is the level's."""
    mean = sum(season) / 7
    for weekday in range(7):
        season[weekday] -= mean


def _middle(belief: Belief, days: int, weekday: int) -> float:
    """`days` after the day that follows the belief."""
    trend = belief.trend * DAMPING * (1 - DAMPING ** (days + 1)) / (1 - DAMPING)
    return belief.level + trend + belief.season[weekday % 7]


def _missed(path: Path) -> float:
    """How far off a week's forecasts were, in logarithms, on average."""
    misses: list[float] = []
    for place, origin in enumerate(path.origins[:-1]):
        actual = path.history[origin + 1:origin + 1 + JUDGED_AHEAD]
        ahead = path.ahead(len(actual), place=place)
        misses.append(abs(math.log((sum(actual) + path.floor) / (sum(ahead) + path.floor))))
    return fmean(misses) if misses else 0.0

"""Was the forecast right? It is made again for days of the past, from the days before them only.

Beside it stands the plain guess that every day costs what the 7 days before cost on average.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from billing.forecast import forecast

HORIZONS = (1, 3, 7, 14, 30)
FIRST_ORIGIN = 35  # days of history: before, weekdays are hardly known
NAIVE_DAYS = 7


@dataclass(frozen=True, slots=True)
class Score:
    """Of one distance. `covered`, `total_covered`: in how many of `tried` the interval held the
    day, and the sum up to it. Errors are sums of nanos over all that was tried."""

    horizon: int
    tried: int
    covered: int
    total_covered: int
    error_nanos: int
    naive_error_nanos: int

    @property
    def coverage(self) -> int | None:
        """Basis points."""
        return round(10_000 * self.covered / self.tried) if self.tried else None

    @property
    def total_coverage(self) -> int | None:
        return round(10_000 * self.total_covered / self.tried) if self.tried else None

    @property
    def against_naive(self) -> int | None:
        """The mean error as a share of that of the plain guess, in basis points."""
        naive = self.naive_error_nanos
        return round(10_000 * self.error_nanos / naive) if naive else None


def backtest(
    history: Sequence[int], *, first_day: date, horizons: Sequence[int] = HORIZONS, step: int = 1,
) -> tuple[Score, ...]:
    """From every `step`th day on, as far ahead as the truth is known."""
    tries: dict[int, list[Score]] = {horizon: [] for horizon in horizons}
    for origin in range(FIRST_ORIGIN, len(history), step):
        found = forecast(history[:origin], first_day=first_day, days=max(horizons))
        if not found.is_known:
            continue
        naive = sum(history[origin - NAIVE_DAYS:origin]) // NAIVE_DAYS
        for horizon in horizons:
            if origin + horizon > len(history):
                continue
            day, total = found.days[horizon - 1], found.totals[horizon - 1]
            truth, whole = history[origin + horizon - 1], sum(history[origin:origin + horizon])
            tries[horizon].append(Score(
                horizon, 1, int(day.low <= truth <= day.high),
                int(total.low <= whole <= total.high),
                abs(truth - day.middle), abs(truth - naive),
            ))
    return tuple(summed(horizon, found) for horizon, found in tries.items())


def summed(horizon: int, scores: Iterable[Score]) -> Score:
    """Of several series, or of several days."""
    found = list(scores)
    return Score(
        horizon, sum(each.tried for each in found), sum(each.covered for each in found),
        sum(each.total_covered for each in found), sum(each.error_nanos for each in found),
        sum(each.naive_error_nanos for each in found),
    )

"""What the next days will cost, with an interval that is made of the forecast's own past errors.

A pure function of daily sums: `docs/forecast.md` explains it. The middle comes from a smoother that
knows the days of the week (`forecast_model.py`); low and high from how far the same smoother was
off at the same distance on every day of the history (`forecast_errors.py`).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache

from billing.forecast_errors import Band, bands, rest_of_day
from billing.forecast_model import MIN_DAYS, Path, fit

COVERAGE = 90  # percent of truths that the interval is made to hold
MAX_HISTORY = 224  # days; what is older says nothing about next week
MAX_DAYS = 92
REMEMBERED = 16  # histories; a long one is 100 kB


@dataclass(frozen=True, slots=True)
class Expected:
    """Nanos of one day, or of all days from the first one up to it."""

    day: date
    low: int
    middle: int
    high: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """`totals[n]`: days 0 to n together; its interval is narrower than the sum of theirs.

    `method`: "weekly", "average" (most days have no spend), or "unknown" (too little history: no
    days at all). `errors`: how many past forecasts of one day the interval is made of.
    """

    days: tuple[Expected, ...]
    totals: tuple[Expected, ...]
    method: str
    coverage: int
    errors: int = 0

    @property
    def is_known(self) -> bool:
        return bool(self.days)


@dataclass(frozen=True, slots=True)
class Reach:
    """On which day a limit is reached: if much is spent, as expected, if little is spent.
    None: not within the days asked about."""

    earliest: date | None
    likely: date | None
    latest: date | None

    @property
    def is_safe(self) -> bool:
        return self.earliest is None


def forecast(
    history: Sequence[int], *, first_day: date, days: int, so_far: int = 0,
    rests: Sequence[int] = (),
) -> Forecast:
    """`history`: nanos of whole days without a gap, oldest first, `first_day` the first of them.
    The first day forecast is the one after; `so_far` is what was already spent on it, and `rests`
    what came later in the day than it is now on the newest days of `history` (none: it has not
    begun)."""
    unknown = Forecast((), (), "unknown", COVERAGE)
    if len(history) < MIN_DAYS or not any(history):
        return unknown
    start = first_day + timedelta(days=len(history))
    kept = history[-MAX_HISTORY:]
    weekday = (start - timedelta(days=len(kept))).weekday()
    path, each, summed = _learned(tuple(kept), weekday, min(days, MAX_DAYS))
    found = Forecast(
        _expected(path, each, start),
        tuple(_growing(_expected(path, summed, start, is_total=True))),
        path.method, COVERAGE, errors=len(path.origins) - 1,
    )
    if not rests:
        return found
    return _with_today(found, so_far, rest_of_day(path, rests, coverage=COVERAGE))


@lru_cache(maxsize=REMEMBERED)
def _learned(
    history: tuple[int, ...], first_weekday: int, ahead: int
) -> tuple[Path, Sequence[Band], Sequence[Band]]:
    """Remembered: a page asks twice, and whole days are the same all day long."""
    path = fit(history, first_weekday=first_weekday)
    return path, *bands(path, ahead=ahead, coverage=COVERAGE)


def _expected(
    path: Path, found: Sequence[Band], start: date, *, is_total: bool = False
) -> tuple[Expected, ...]:
    now = path.ahead(len(found))
    middles = _running(now) if is_total else now
    return tuple(
        Expected(start + timedelta(days=n), *band.around(middle, floor=path.floor))
        for n, (band, middle) in enumerate(zip(found, middles, strict=True))
    )


def _running(values: Sequence[float]) -> list[float]:
    sums: list[float] = []
    for value in values:
        sums.append(value + (sums[-1] if sums else 0.0))
    return sums


def _with_today(found: Forecast, so_far: int, rest: tuple[int, int, int]) -> Forecast:
    """The first day costs what was spent on it, and what is to come; by as much totals are more, or
    less."""
    first = found.days[0]
    today = Expected(first.day, *(so_far + nanos for nanos in rest))
    more = today.middle - first.middle
    totals = [_more(each, more, least=today.low) for each in found.totals[1:]]
    return replace(
        found, days=(today, *found.days[1:]), totals=tuple(_growing([today, *totals]))
    )


def _more(each: Expected, by: int, *, least: int) -> Expected:
    return Expected(each.day, max(least, each.low + by), each.middle + by, each.high + by)


def _growing(totals: Iterable[Expected]) -> Iterator[Expected]:
    """More days cost no less than fewer; each has errors of its own, so it has to be said."""
    low = middle = high = 0
    for each in totals:
        low, middle, high = max(low, each.low), max(middle, each.middle), max(high, each.high)
        yield Expected(each.day, low, middle, high)


def days_to_limit(
    found: Forecast, *, cap_nanos: int, spent_nanos: int = 0, is_daily: bool = False,
    until: date | None = None,
) -> Reach:
    """When a budget is used up. `spent_nanos`: in its period before the first day forecast.
    Daily: the first day that costs the cap by itself. `until`: the last day of the period."""
    asked = found.days if is_daily else found.totals
    within = [each for each in asked if until is None or each.day <= until]
    left = cap_nanos if is_daily else cap_nanos - spent_nanos
    return Reach(
        earliest=next((each.day for each in within if each.high >= left), None),
        likely=next((each.day for each in within if each.middle >= left), None),
        latest=next((each.day for each in within if each.low >= left), None),
    )

"""What reports hand to pages, exports and commands: values in their units, nothing formatted.

`key` names a line or a part for code: a class, a cause, an error code. What people read is made of
it where it is shown.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from billing.reports.ranges import Bucket, Range


class Unit(StrEnum):
    NANOS = "nanos"
    CALLS = "calls"
    MS = "ms"
    BASIS_POINTS = "bp"  # hundredths of a percent


@dataclass(frozen=True, slots=True)
class Filters:
    """What a report is narrowed to; empty: everything."""

    tier: str = ""
    language: str = ""
    deployment: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """What every report is asked. `now` ends the range early: the future has no calls."""

    range: Range
    now: datetime
    filters: Filters = Filters()


@dataclass(frozen=True, slots=True)
class Line:
    """One value a bucket. None: nothing was measured, which is not 0."""

    key: str
    values: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Series:
    """Lines over time. `buckets` are as many as each line has values."""

    buckets: tuple[Bucket, ...]
    lines: tuple[Line, ...]
    unit: Unit

    @property
    def is_empty(self) -> bool:
        return not any(value for line in self.lines for value in line.values)


@dataclass(frozen=True, slots=True)
class Part:
    """One share of a whole, by calls and by money."""

    key: str
    calls: int
    cost_nanos: int


@dataclass(frozen=True, slots=True)
class Kpi:
    """One figure and what it was in the period before. None: not known, which is not 0."""

    key: str
    unit: Unit
    value: int | None
    previous: int | None
    is_less_better: bool = True

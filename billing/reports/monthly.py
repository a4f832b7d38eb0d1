"""The report of one month, for whoever keeps the books: read once, shown, exported and mailed.

Every figure is one of another page: spend by slices, savings and refusals from the facts of the
overview, revenue and margin from theirs. Here they are only put together.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from billing.forecast import Expected, forecast
from billing.reports import anomaly_days, errors, facts, savings
from billing.reports.anomaly_days import Outcome
from billing.reports.day_history import MAX_DAYS, History, history
from billing.reports.facts import Facts
from billing.reports.monthly_money import Income, income
from billing.reports.monthly_records import Correction, ReachedLimit, corrections, limits_reached
from billing.reports.ranges import Range, Step
from billing.reports.shapes import Question
from billing.reports.slices import Ask, SliceRow, load
from billing.reports.spend import Saved
from costcontrol.lib.money import share_nanos

GROUPS = ("tier", "deployment", "call_kind", "language", "user")
MOST = 10  # lines of one group; the others are one line together
OTHER = "other"
SUMMED = ("calls", "cost_nanos", "estimated_nanos")


@dataclass(frozen=True, slots=True)
class GroupLine:
    key: str
    calls: int
    cost_nanos: int


@dataclass(frozen=True, slots=True)
class Monthly:
    """`until`: the end of what it covers, the month's end or now. `before_nanos` None: the calls
    began in the month before, or it is not over. `expected` None: too little was known when the
    month began. Causes of `saved` add up to it."""

    month: str
    range: Range
    until: datetime
    is_over: bool
    calls: int
    cost_nanos: int
    estimated_nanos: int
    before_nanos: int | None
    saved: Saved | None
    causes: Mapping[str, int]
    groups: Mapping[str, tuple[GroupLine, ...]]
    debates: int
    debates_nanos: int
    refusals: Mapping[str, int]
    income: Income
    expected: Expected | None
    odd: Outcome
    limits: tuple[ReachedLimit, ...]
    corrections: tuple[Correction, ...]
    missing_hours: int

    @property
    def is_empty(self) -> bool:
        return not (self.calls or self.cost_nanos)

    @property
    def debate_nanos(self) -> int | None:
        return share_nanos(self.debates_nanos, self.debates) if self.debates else None

    @property
    def off_forecast_nanos(self) -> int | None:
        return self.cost_nanos - self.expected.middle if self.expected and self.is_over else None


def month_range(month: date, *, zone: str) -> Range:
    """All days of the month of this day, added up together."""
    first = month.replace(day=1)
    after = (first + timedelta(days=32)).replace(day=1)
    return Range(first, after - timedelta(days=1), zone, by=Step.MONTH)


def month_before(month: date) -> date:
    return (month.replace(day=1) - timedelta(days=1)).replace(day=1)


def last_month(*, zone: str, now: datetime) -> date:
    """The first day of the last month that is over."""
    return month_before(now.astimezone(ZoneInfo(zone)).date())


def monthly(month: date, *, zone: str, now: datetime) -> Monthly:
    days = month_range(month, zone=zone)
    is_over = now >= days.end
    until = days.end - timedelta.resolution if is_over else now
    read = facts.load(Question(days, until))
    groups = {name: _sums(days, until, name) for name in GROUPS}
    past = history(zone=zone, now=days.end if is_over else now, days=MAX_DAYS)
    whole = groups["tier"]
    return Monthly(
        month=f"{days.first:%Y-%m}", range=days, until=until, is_over=is_over, calls=read.calls,
        cost_nanos=read.cost_nanos,
        estimated_nanos=sum(row.estimated_nanos for row in whole.values()),
        before_nanos=_before(days, now) if is_over else None,
        saved=savings.saved(read), causes=_causes(read),
        groups={name: _lines(sums) for name, sums in groups.items()},
        debates=read.debates.debates if read.debates else 0,
        debates_nanos=read.debates.cost_nanos if read.debates else 0,
        refusals=_refusals(read), income=income(days, until=until),
        expected=_expected(past, days), odd=_odd(past, days, until),
        limits=limits_reached(days.start, until), corrections=corrections(days.start, until),
        missing_hours=read.missing_hours,
    )


@dataclass(slots=True)
class _Sum:
    calls: int = 0
    cost_nanos: int = 0
    estimated_nanos: int = 0

    def add(self, row: SliceRow) -> None:
        self.calls += row.calls
        self.cost_nanos += row.cost_nanos
        self.estimated_nanos += row.estimated_nanos


def _sums(days: Range, until: datetime, name: str) -> Mapping[str, _Sum]:
    found: dict[str, _Sum] = {}
    for row in load(Ask(days, until, group_by=name, only=SUMMED), is_whole=True).rows:
        found.setdefault(row.key, _Sum()).add(row)
    return found


def _lines(sums: Mapping[str, _Sum]) -> tuple[GroupLine, ...]:
    """Dearest first; what is beyond MOST is one line, so that they add up."""
    ranked = sorted(sums.items(), key=lambda item: (-item[1].cost_nanos, item[0]))
    lines = [GroupLine(key, each.calls, each.cost_nanos) for key, each in ranked[:MOST]]
    rest = [each for _key, each in ranked[MOST:]]
    if rest:
        lines.append(GroupLine(
            OTHER, sum(each.calls for each in rest), sum(each.cost_nanos for each in rest)
        ))
    return tuple(lines)


def _before(days: Range, now: datetime) -> int | None:
    """What the month before cost; None where the calls began in it or after it."""
    before = month_range(month_before(days.first), zone=days.zone)
    began = facts.calls_began()
    if began is None or began > before.start:
        return None
    return load(Ask(before, now)).total.cost_nanos


def _causes(read: Facts) -> Mapping[str, int]:
    sums = {line.key: sum(filter(None, line.values)) for line in savings.by_cause(read).lines}
    return {key: nanos for key, nanos in sums.items() if nanos}


def _refusals(read: Facts) -> Mapping[str, int]:
    return {
        line.key: sum(filter(None, line.values)) for line in errors.refusals(read).lines
    }


def _expected(past: History, days: Range) -> Expected | None:
    """What the forecast on the first morning of the month would have said of all of it."""
    known = (days.first - past.first_day).days
    if known <= 0:
        return None
    found = forecast(past.costs[:known], first_day=past.first_day, days=days.days)
    return found.totals[-1] if found.is_known else None


def _odd(past: History, days: Range, until: datetime) -> Outcome:
    """Days of this month only."""
    ahead = (past.today - days.first).days
    found = anomaly_days.find(past, now=until, days=max(1, ahead), explained=3, with_today=False)
    return Outcome(found.is_known, tuple(
        each for each in found.days if days.first <= each.day <= days.last
    ), None, found.days_needed)

"""What pages hand to the templates in templates/components/: values and words, no markup.

A cell holds a value in its own unit; templates/components and the `show` tags format it.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Kind(StrEnum):
    """How a cell's value is shown. Numbers stand right, in figures of one width."""

    TEXT = "text"
    MONEY = "money"  # nanos
    MINOR = "minor"  # minor units of a customer's currency
    COUNT = "count"
    SHARE = "share"  # basis points
    DURATION = "duration"  # ms
    RATE = "rate"  # a price as it was written down: words, which stand where numbers do
    WHEN = "when"
    LINK = "link"
    BADGE = "badge"


NUMBERS = frozenset({Kind.MONEY, Kind.MINOR, Kind.COUNT, Kind.SHARE, Kind.DURATION, Kind.RATE})


class Tone(StrEnum):
    """What a badge means. Its word always says it too: colour is never the only mark."""

    OK = "ok"
    WARN = "warn"
    BAD = "bad"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Badge:
    text: str
    tone: Tone = Tone.OFF


@dataclass(frozen=True, slots=True)
class Cell:
    """One value in a table, a list or a KPI. None: not known, which is shown as a dash, never 0."""

    kind: Kind
    value: str | int | datetime | Badge | None
    href: str = ""  # LINK, and numbers that lead to what they are made of
    zone: str = "UTC"  # WHEN
    places: int | None = None  # MONEY; None: as many as the amount deserves
    currency: str = ""  # MINOR
    note: str = ""  # a second, softer line

    @property
    def is_number(self) -> bool:
        return self.kind in NUMBERS


def text(value: str | None, *, note: str = "") -> Cell:
    return Cell(Kind.TEXT, value, note=note)


def money(nanos: int | None, *, places: int | None = None, note: str = "") -> Cell:
    return Cell(Kind.MONEY, nanos, places=places, note=note)


def minor(amount: int | None, currency: str, *, note: str = "") -> Cell:
    return Cell(Kind.MINOR, amount, currency=currency, note=note)


def count(number: int | None, *, note: str = "", href: str = "") -> Cell:
    return Cell(Kind.COUNT, number, note=note, href=href)


def share(basis_points: int | None, *, note: str = "") -> Cell:
    return Cell(Kind.SHARE, basis_points, note=note)


def duration(ms: int | None, *, note: str = "") -> Cell:
    return Cell(Kind.DURATION, ms, note=note)


def when(moment: datetime | None, *, zone: str, note: str = "") -> Cell:
    return Cell(Kind.WHEN, moment, zone=zone, note=note)


def link(label: str, href: str, *, note: str = "") -> Cell:
    return Cell(Kind.LINK, label, href=href, note=note)


def badge(label: str, tone: Tone = Tone.OFF, *, note: str = "") -> Cell:
    return Cell(Kind.BADGE, Badge(label, tone), note=note)


@dataclass(frozen=True, slots=True)
class Column:
    label: str
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows have one cell a column; the first one names the row."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    empty_text: str = ""
    is_caption_hidden: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart and the same numbers as a table. `json` is a Plotly figure, see docs/design.md."""

    id: str
    title: str
    table: Table
    json: str = ""
    note: str = ""
    csv_url: str = ""
    is_empty: bool = False
    empty_text: str = ""
    height: str = "medium"  # small, medium, large


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a figure since the period before. `is_good` None: neither."""

    basis_points: int
    is_good: bool | None = None
    than: str = ""  # "than the 30 days before"


@dataclass(frozen=True, slots=True)
class KpiCard:
    label: str
    cell: Cell
    change: Change | None = None
    note: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True)
class BudgetBar:
    """How full one budget is: spent, held for calls in flight, left."""

    label: str
    cap_nanos: int
    spent_nanos: int
    held_nanos: int = 0
    projected_nanos: int | None = None
    soft_percent: int | None = None
    note: str = ""

    @property
    def left_nanos(self) -> int:
        return max(self.cap_nanos - self.spent_nanos - self.held_nanos, 0)

    @property
    def spent_width(self) -> int:
        """Thousandths of the bar, like all its lengths: pages have no inline styles."""
        return self._part(self.spent_nanos)

    @property
    def held_width(self) -> int:
        return min(self._part(self.held_nanos), 1000 - self.spent_width)

    @property
    def projected_at(self) -> int | None:
        return None if self.projected_nanos is None else self._part(self.projected_nanos)

    @property
    def soft_at(self) -> int | None:
        return None if self.soft_percent is None else self.soft_percent * 10

    @property
    def tone(self) -> Tone:
        used = self._part(self.spent_nanos + self.held_nanos)
        if used >= 1000:
            return Tone.BAD
        return Tone.WARN if self.soft_at is not None and used >= self.soft_at else Tone.OK

    def _part(self, nanos: int) -> int:
        return min(1000, nanos * 1000 // self.cap_nanos) if self.cap_nanos > 0 else 1000


@dataclass(frozen=True, slots=True)
class Step:
    """One row of a waterfall: what happened, when it began and how long it took."""

    title: str
    begin_ms: int
    length_ms: int | None  # None: not recorded
    note: str = ""
    tone: Tone = Tone.OK
    color: str = ""  # a chart colour's name, else the tone's


@dataclass(frozen=True, slots=True)
class Bar:
    """A step with its place in the picture, in thousandths of the width."""

    step: Step
    x: int
    width: int


@dataclass(frozen=True, slots=True)
class Waterfall:
    caption: str
    steps: tuple[Step, ...] = field(default=())

    @property
    def total_ms(self) -> int:
        return max((step.begin_ms + (step.length_ms or 0) for step in self.steps), default=0)

    @property
    def bars(self) -> list[Bar]:
        total = max(self.total_ms, 1)
        return [_bar(step, total) for step in self.steps]


def _bar(step: Step, total_ms: int) -> Bar:
    length = step.length_ms or 0
    width = max(length * 1000 // total_ms, 4)  # what took no time is still seen
    return Bar(step, x=min(step.begin_ms * 1000 // total_ms, 1000 - width), width=width)


@dataclass(frozen=True, slots=True)
class Task:
    """One point of a checklist."""

    title: str
    is_done: bool
    note: str = ""
    href: str = ""
    action: str = ""  # the words of its link

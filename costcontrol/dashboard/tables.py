"""Reports -> the table beside each chart: the same numbers, for those who read or compare."""

from collections.abc import Callable, Iterable, Sequence

from django.utils.translation import gettext as _

from billing.reports.ranges import Range, Step
from billing.reports.shapes import Line, Part, Series, Unit
from costcontrol.dashboard.components import (
    Cell,
    Column,
    Table,
    count,
    duration,
    money,
    share,
    text,
)
from costcontrol.dashboard.labels import bucket_label, label

PLACES = 4  # the same for a whole column: what is compared stands point under point


def dollars(nanos: int | None) -> Cell:
    return money(nanos, places=PLACES)


CELLS: dict[Unit, Callable[[int | None], Cell]] = {
    Unit.NANOS: dollars,
    Unit.CALLS: count,
    Unit.MS: duration,
    Unit.BASIS_POINTS: share,
}


def summed_table(series: Series, *, caption: str, days: Range) -> Table:
    """With a column and a row of sums, so that the parts can be checked against the whole."""
    lines = [line for line in series.lines if any(line.values)]
    whole = Line("", tuple(_sum(line.values[i] for line in lines) for i in _places(series)))
    lines = [*lines, whole]
    cell = CELLS[series.unit]
    total = (text(_("Total")), *(cell(_sum(line.values)) for line in lines))
    rows = _rows(series, lines, days)
    return _table(caption, [*map(_name, lines)], (total, *rows), days)


def plain_table(series: Series, *, caption: str, days: Range) -> Table:
    """Values that have no sum: percentiles."""
    names = [*map(_name, series.lines)]
    return _table(caption, names, _rows(series, series.lines, days), days)


def parts_table(parts: Sequence[Part], *, caption: str, days: Range) -> Table:
    del days
    whole = (sum(part.calls for part in parts), sum(part.cost_nanos for part in parts))
    names = (_("Calls"), _("Share of calls"), _("Spent"), _("Share of dollars"))
    columns = (Column(_("Route")), *(Column(name, is_number=True) for name in names))
    rows = [_part_row(label(part.key), part.calls, part.cost_nanos, whole) for part in parts]
    total = _part_row(_("Total"), *whole, whole)
    return Table(caption, columns, (total, *rows), is_caption_hidden=True)


def _part_row(name: str, calls: int, nanos: int, whole: tuple[int, int]) -> tuple[Cell, ...]:
    shares = (_basis_points(calls, whole[0]), _basis_points(nanos, whole[1]))
    return (text(name), count(calls), share(shares[0]), dollars(nanos), share(shares[1]))


def _basis_points(part: int, whole: int) -> int | None:
    return round(10_000 * part / whole) if whole else None


def _rows(series: Series, lines: Sequence[Line], days: Range) -> tuple[tuple[Cell, ...], ...]:
    """Newest first: that is what is asked for most."""
    cell = CELLS[series.unit]
    return tuple(
        (
            text(bucket_label(series.buckets[place], step=days.step, zone=days.zone)),
            *(cell(line.values[place]) for line in lines),
        )
        for place in reversed(_places(series))
    )


def _table(
    caption: str, names: Sequence[str], rows: tuple[tuple[Cell, ...], ...], days: Range
) -> Table:
    columns = (Column(step_title(days.step)), *(Column(name, is_number=True) for name in names))
    return Table(caption, columns, rows, is_caption_hidden=True)


def step_title(step: Step) -> str:
    titles = {Step.HOUR: _("Hour"), Step.DAY: _("Day"), Step.WEEK: _("Week from")}
    return titles.get(step, _("Month"))


def _name(line: Line) -> str:
    return label(line.key) if line.key else _("Total")


def _places(series: Series) -> range:
    return range(len(series.buckets))


def _sum(values: Iterable[int | None]) -> int | None:
    """None where nothing is known, which is not 0."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None

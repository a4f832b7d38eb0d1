"""The rows of one cube, in one query: whole months, days and hours out of its tables, everything
else out of the usage rows. The spans go along as a table of values, however many there are."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from billing.measures import Cube, DayGrain
from billing.models_rollup import Grain
from billing.reports import day_reading
from billing.reports.day_reading import Days
from billing.reports.reading_sql import (
    FILTERS,
    Params,
    fetch,
    joined,
    values_of_days,
    values_of_spans,
    where_of,
)
from billing.reports.shapes import Filters
from billing.reports.spans import Source, Span

Part = tuple[str, Params]


@dataclass(frozen=True, slots=True)
class _Asked:
    """`kind`: the only kind of call that it is about; empty: all."""

    cube: Cube
    dimensions: tuple[str, ...]
    filters: Filters
    kind: str

    @property
    def names(self) -> set[str]:
        filters = (name for name in FILTERS if getattr(self.filters, name))
        return {*self.dimensions, *filters, *(["call_kind"] if self.kind else [])}

    @property
    def hour_grain(self) -> str:
        """The whole, unless somebody asks for what it leaves out."""
        if not self.cube.has_grains:
            return ""
        is_fine = self.names & set(self.cube.only_fine)
        return f" AND grain = {(Grain.FINE if is_fine else Grain.WHOLE).value}"

    @property
    def day_grain(self) -> DayGrain | None:
        return self.cube.day_grain(self.names)

    @property
    def has_days(self) -> bool:
        """Where no grain of days knows what is asked, hours do."""
        return bool(self.cube.daily) and not (self.cube.day_grains and self.day_grain is None)

    @property
    def key(self) -> str:
        return ", ".join(["bucket", *(f"d{number}" for number in range(len(self.dimensions)))])

    def where(self, source: Source) -> Part:
        sql, params = where_of(self.filters, source)
        if not self.kind:
            return sql, params
        column = "call_kind" if source == Source.ROLLED else "call_kind || ''"
        return f"{sql} AND {column} = %s", [*params, self.kind]


def rows_of(
    cube: Cube, dimensions: tuple[str, ...], spans: Sequence[Span], filters: Filters, *,
    kind: str = "",
) -> list[tuple[Any, ...]]:
    """Bucket, dimensions, measures; each combination once."""
    asked = _Asked(cube, dimensions, filters, kind)
    days, hours = day_reading.split(spans) if asked.has_days else ([], spans)
    months: list[Days] = []
    if cube.monthly and asked.day_grain and asked.day_grain.has_months:
        months, days = day_reading.months(days)
    parts = (
        _days(asked, cube.monthly, "month", months), _days(asked, cube.daily, "day", days),
        _hours(asked, hours), _live(asked, hours),
    )
    found = [part for part in parts if part]
    return fetch(*_merged(asked, found)) if found else []


def _merged(asked: _Asked, parts: Sequence[Part]) -> Part:
    """Each part adds up what it has; together they are few rows."""
    if len(parts) == 1:
        return parts[0]
    sums = ", ".join(measure.of_hours for measure in asked.cube.measures)
    union = " UNION ALL ".join(
        f"SELECT * FROM ({sql}) AS part{number}" for number, (sql, _) in enumerate(parts)
    )
    return (
        f"SELECT {asked.key}, {sums} FROM ({union}) AS parts GROUP BY {asked.key}",
        [value for _, params in parts for value in params],
    )


def _days(asked: _Asked, rows: str, unit: str, days: Sequence[Days]) -> Part | None:
    if not days:
        return None
    grain = asked.day_grain
    within = f" AND grain = {int(grain.value)}" if grain else asked.hour_grain
    return _summed(
        asked, rows, f"{unit} >= low AND {unit} < high{within}", Source.ROLLED,
        values_of_days(days),
    )


def _hours(asked: _Asked, spans: Sequence[Span]) -> Part | None:
    within = f"hour >= low AND hour < high{asked.hour_grain}"
    table = values_of_spans(spans, Source.ROLLED)
    return _summed(asked, asked.cube.table, within, Source.ROLLED, table) if table[1] else None


def _live(asked: _Asked, spans: Sequence[Span]) -> Part | None:
    within = f"at >= low AND at < high AND {asked.cube.rows}"
    table = values_of_spans(spans, Source.LIVE)
    return _summed(asked, "billing_usagerecord", within, Source.LIVE, table) if table[1] else None


def _summed(asked: _Asked, rows: str, within: str, source: Source, table: Part) -> Part:
    where, more = asked.where(source)
    is_live = source == Source.LIVE
    names = [f"{sql} AS d{number}" for number, sql in enumerate(asked.dimensions)]
    columns = ["span.bucket AS bucket", *names, *_sums(asked, is_live)]
    return (
        f"WITH {table[0]} SELECT {', '.join(columns)}"
        f" FROM {joined(rows, within + where)}"
        f" GROUP BY {', '.join(['span.bucket', *asked.dimensions])}"
    ), [*table[1], *more]


def _sums(asked: _Asked, is_live: bool) -> Iterable[str]:
    for measure in asked.cube.measures:
        yield f"{measure.of_rows if is_live else measure.of_hours} AS {measure.name}"

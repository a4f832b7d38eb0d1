"""The calls of the last days as a chart, a table and a file, cut at the reader's days."""

from collections.abc import Iterator
from dataclasses import replace

from django.urls import reverse
from django.utils.translation import gettext as _

from billing.reports.own_usage import MODEL, STORED, OwnUsage
from billing.reports.ranges import Step
from costcontrol.dashboard import figures
from costcontrol.dashboard.components import Cell, Column, Figure, Table, count, text
from costcontrol.dashboard.csvs import Row
from costcontrol.dashboard.labels import bucket_label

COLORS = {MODEL: "calls", STORED: "exact"}  # of the page, by key


def figure(usage: OwnUsage, *, of_organisation: bool) -> Figure:
    title = _("Calls answered, by day")
    is_empty = usage.series.is_empty
    return Figure(
        id="own-usage",
        title=title,
        note=_note(of_organisation),
        table=_table(usage, title),
        json="" if is_empty else _json(usage),
        csv_url=f"{reverse('mine:usage_csv')}?days={usage.range.days}",
        is_empty=is_empty,
        empty_text=_("No call was answered in these days."),
        height="small",
    )


def _note(of_organisation: bool) -> str:
    if of_organisation:
        return _("Of all members together. Stored answers and templates take nothing from the "
                 "plan.")
    return _("Stored answers and templates take nothing from the plan.")


def _json(usage: OwnUsage) -> str:
    series = usage.series
    named = tuple(replace(line, key=str(_names()[line.key])) for line in series.lines)
    drawn = figures.counted_bars(replace(series, lines=named), days=usage.range)
    colors = {name: COLORS[key] for key, name in _names().items()}
    for trace in drawn.data:
        trace.meta = {"color": colors[trace.name]}
    return str(drawn.to_json())


def _names() -> dict[str, str]:
    return {MODEL: _("Answered by a model"), STORED: _("Without a model")}


def _table(usage: OwnUsage, title: str) -> Table:
    """Newest first."""
    names = (
        _("Calls answered"), _("of these without a model"), _("refused"), _("tokens read"),
        _("tokens written"),
    )
    columns = (Column(_("Day")), *(Column(name, is_number=True) for name in names))
    rows = tuple(reversed(tuple(_table_rows(usage))))
    return Table(title, columns, rows, is_caption_hidden=True)


def _table_rows(usage: OwnUsage) -> Iterator[tuple[Cell, ...]]:
    for bucket, calls in zip(usage.days, usage.calls, strict=True):
        day = bucket_label(bucket, step=Step.DAY, zone=usage.range.zone)
        numbers = (
            calls.answered, calls.from_cache, calls.refused, calls.input_tokens,
            calls.output_tokens,
        )
        yield (text(day), *map(count, numbers))


def csv_rows(usage: OwnUsage) -> Iterator[Row]:
    """Machine names in the first row, oldest first."""
    yield [
        "day", "zone", "calls_answered", "calls_from_cache", "calls_refused", "input_tokens",
        "output_tokens",
    ]
    for bucket, calls in zip(usage.days, usage.calls, strict=True):
        day = bucket_label(bucket, step=Step.DAY, zone=usage.range.zone)
        yield [
            day, usage.range.zone, calls.answered, calls.from_cache, calls.refused,
            calls.input_tokens, calls.output_tokens,
        ]

"""How alike the texts were that were taken for a topic: bars, their table, and their file."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.translation import gettext as _

from costcontrol.dashboard.components import Column, Figure, Table, count, text
from costcontrol.dashboard.csvs import Row
from costcontrol.dashboard.labels import language as language_name
from routing.reports.topic_thresholds import Bar, Records

if TYPE_CHECKING:
    from plotly.graph_objects import Figure as PlotlyFigure

HEADER = ("embedder", "language", "from_percent", "to_percent", "right", "wrong", "not_judged")


@dataclass(frozen=True, slots=True)
class Box:
    """A choice of a list."""

    value: str
    label: str
    is_chosen: bool


def figure_of(bars: Sequence[Bar], language: str) -> Figure:
    title = _("Taken without asking, by similarity")
    return Figure(
        id="similarity", title=title,
        note=_("Of the texts that were drawn in this language (%(language)s): how alike they were "
               "to the title that they were taken for, and what people found when they judged "
               "them.") % {"language": language_name(language)},
        table=_table(bars, title), json=_drawn(bars).to_json() if bars else "",
        csv_url=f"{reverse('dashboard:caches_similarity_csv')}?language={language}",
        is_empty=not bars,
        empty_text=_("No text that was taken for alike was drawn in this language yet."),
    )


def export(records: Records | None) -> Iterator[Row]:
    yield HEADER
    if records is None:
        return
    for bar in records.bars():
        yield (records.name, records.language, bar.step, bar.step + 1, bar.right, bar.wrong,
               bar.waiting)


def _table(bars: Sequence[Bar], title: str) -> Table:
    names = (_("Right"), _("Wrong"), _("Not judged"), _("Total"))
    columns = (Column(_("Similarity")), *(Column(name, is_number=True) for name in names))
    whole = (sum(bar.right for bar in bars), sum(bar.wrong for bar in bars),
             sum(bar.waiting for bar in bars), sum(bar.all for bar in bars))
    rows = [
        (text(_name(bar)), *map(count, (bar.right, bar.wrong, bar.waiting, bar.all)))
        for bar in reversed(bars)
    ]
    return Table(title, columns, ((text(_("Total")), *map(count, whole)), *rows),
                 is_caption_hidden=True)


def _drawn(bars: Sequence[Bar]) -> "PlotlyFigure":
    from plotly.graph_objects import Figure as PlotlyFigure

    traces = [
        _trace(_("Right"), "exact", bars, [bar.right for bar in bars]),
        _trace(_("Wrong"), "failed", bars, [bar.wrong for bar in bars]),
        _trace(_("Not judged"), "other", bars, [bar.waiting for bar in bars]),
    ]
    return PlotlyFigure(data=traces, layout={
        "template": "none", "barmode": "stack", "hovermode": "x unified",
        "xaxis": {"type": "category"}, "yaxis": {"rangemode": "tozero", "tickformat": ",.0f"},
    })


def _trace(name: str, color: str, bars: Sequence[Bar], values: list[int]) -> dict[str, Any]:
    return {
        "type": "bar", "name": name, "meta": {"color": color}, "x": [_name(bar) for bar in bars],
        "y": values, "hovertemplate": "%{y:,.0f}",
    }


def _name(bar: Bar) -> str:
    return f"{bar.step}–{bar.step + 1} %"

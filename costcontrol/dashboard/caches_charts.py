"""The two charts about caches: what each layer answered, and what that saved."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from billing.reports import layers
from billing.reports.layers import LayerFacts
from billing.reports.shapes import Series
from costcontrol.dashboard import figures, tables
from costcontrol.dashboard.caches_state import CachesState
from costcontrol.dashboard.components import Figure
from costcontrol.dashboard.csvs import Row, series_rows


@dataclass(frozen=True, slots=True)
class Chart:
    id: str
    title: str | Promise
    note: str | Promise
    empty: str | Promise
    report: Callable[[LayerFacts], Series]


CHARTS = (
    Chart(
        "answers", _("Answered without a model, by layer"),
        _("Calls that a cache answered, and those that a template did, which are no hits."),
        _("No call of these days was answered without a model."), layers.answers,
    ),
    Chart(
        "saved", _("Saved, by layer (estimated)"),
        _("What each answer would have cost on its baseline model. What making them ahead cost is "
          "not taken off here: see the page about savings."),
        _("Nothing was saved by a layer in these days."), layers.saved,
    ),
)
BY_ID: Mapping[str, Chart] = {chart.id: chart for chart in CHARTS}


def draw(chart: Chart, facts: LayerFacts, state: CachesState) -> Figure:
    series, title, days = chart.report(facts), str(chart.title), state.shared.range
    is_empty = series.is_empty
    query = state.as_query()
    csv_url = reverse("dashboard:caches_csv", args=[chart.id])
    return Figure(
        id=chart.id, title=title, note=str(chart.note),
        table=tables.summed_table(series, caption=title, days=days),
        json="" if is_empty else figures.stacked_bars(series, days=days).to_json(),
        csv_url=f"{csv_url}?{query}" if query else csv_url,
        is_empty=is_empty, empty_text=str(chart.empty),
    )


def export(chart: Chart, facts: LayerFacts, *, zone: str) -> Iterator[Row]:
    return series_rows(chart.report(facts), zone=zone)

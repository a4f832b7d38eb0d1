"""The charts of the overview. To add one: a report, a function for its figure, and an entry here.

`note` is the definition of what is shown, in words. The table and the export beside a chart are
made of the same report as its figure, so they cannot tell anything else.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from billing.reports import errors, latency, routes, savings, spend
from billing.reports.facts import Facts
from billing.reports.ranges import Range
from costcontrol.dashboard import figures, tables
from costcontrol.dashboard.components import Figure, Table
from costcontrol.dashboard.csvs import Row, parts_rows, series_rows
from costcontrol.dashboard.filters import State

if TYPE_CHECKING:
    from plotly.graph_objects import Figure as PlotlyFigure


@dataclass(frozen=True, slots=True)
class Chart:
    """`report` answers from facts; `figure` and `table` show its answer."""

    id: str
    title: str | Promise
    note: str | Promise
    empty: str | Promise
    report: Callable[[Facts], Any]
    figure: Callable[..., "PlotlyFigure"]
    table: Callable[..., Table]
    height: str = "medium"


CHARTS: tuple[Chart, ...] = (
    Chart(
        id="spend",
        title=_("Spend, by class of model"),
        note=_(
            "What the ledger booked, at the price of the moment of each call. "
            "Failed attempts that were billed are in it."
        ),
        empty=_("Nothing was spent: all calls were answered by free models or stored answers."),
        report=spend.by_class,
        figure=figures.stacked_bars,
        table=tables.summed_table,
    ),
    Chart(
        id="savings",
        title=_("Saved, by cause (estimated)"),
        note=_(
            "What the same tokens would have cost on the baseline model without any cache, less "
            "what was paid. The causes add up to the total; failed attempts are taken off."
        ),
        empty=_("Nothing to compare: no call of this range has a baseline price."),
        report=savings.by_cause,
        figure=figures.stacked_bars,
        table=tables.summed_table,
    ),
    Chart(
        id="routes",
        title=_("Who answers the calls, and who gets the money"),
        note=_("Each route's share of all calls beside its share of all dollars."),
        empty=_("No call was answered."),
        report=routes.mix,
        figure=figures.shares,
        table=tables.parts_table,
        height="large",
    ),
    Chart(
        id="latency",
        title=_("Time to answer"),
        note=_(
            "From the request to the last word, read from histograms (within 12%). Stored answers "
            "are far faster, so they have an axis of their own."
        ),
        empty=_("No call was answered, so there is no time to measure."),
        report=latency.percentiles,
        figure=figures.two_panels,
        table=tables.plain_table,
        height="large",
    ),
    Chart(
        id="errors",
        title=_("Errors, by cause"),
        note=_(
            "Failed attempts, and calls that ended in an error. A failed attempt is retried or "
            "goes to the next model; most calls still succeed."
        ),
        empty=_("Nothing failed."),
        report=errors.by_code,
        figure=figures.counted_bars,
        table=tables.summed_table,
    ),
    Chart(
        id="refusals",
        title=_("Refused calls, by reason"),
        note=_("Calls that were turned away on purpose: quotas, budgets, plans. Not errors."),
        empty=_("No call was refused."),
        report=errors.refusals,
        figure=figures.counted_bars,
        table=tables.summed_table,
    ),
)
BY_ID: Mapping[str, Chart] = {chart.id: chart for chart in CHARTS}


def draw(chart: Chart, facts: Facts, state: State) -> Figure:
    """The chart, its table and the address of its export."""
    answer = chart.report(facts)
    title, days = str(chart.title), state.range
    is_empty = not answer if isinstance(answer, tuple) else answer.is_empty
    return Figure(
        id=chart.id,
        title=title,
        note=str(chart.note),
        table=chart.table(answer, caption=title, days=days),
        json="" if is_empty else chart.figure(answer, days=days).to_json(),
        csv_url=f"{reverse('dashboard:csv', args=[chart.id])}?{state.as_query()}",
        is_empty=is_empty,
        empty_text=str(chart.empty),
        height=chart.height,
    )


def export(chart: Chart, facts: Facts, days: Range) -> Iterator[Row]:
    answer = chart.report(facts)
    return parts_rows(answer) if isinstance(answer, tuple) else series_rows(answer, zone=days.zone)

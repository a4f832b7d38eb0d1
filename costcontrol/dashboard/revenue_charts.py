"""The charts about revenue. To add one: a report, a figure function, and an entry here.

A chart is drawn from `RevenueFacts`; its table and its export are made of the same values.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.reports import churn, collected, packs
from billing.reports.months import name_of
from billing.reports.shapes import Series, Unit
from costcontrol.dashboard.components import Cell, Column, Figure, Table, count, money, text
from costcontrol.dashboard.csvs import Row
from costcontrol.dashboard.revenue import RevenueFacts
from costcontrol.lib.money import to_usd

if TYPE_CHECKING:
    from plotly.graph_objects import Figure as PlotlyFigure

LABELS: Mapping[str, str | Promise] = {
    "new": gettext_lazy("New customers"),
    "upgraded": gettext_lazy("Upgrades"),
    "downgraded": gettext_lazy("Downgrades"),
    "lost": gettext_lazy("Customers who left"),
    "sold": gettext_lazy("Credit sold"),
    "given": gettext_lazy("Credit given by staff"),
    "used": gettext_lazy("Credit used"),
    "lapsed": gettext_lazy("Credit lapsed"),
    "earned": gettext_lazy("Brings in"),
    "cost": gettext_lazy("Cost of models"),
}
BELOW = frozenset(("downgraded", "lost"))  # drawn under the axis
COLORS = {
    "new": "c2", "upgraded": "c1", "downgraded": "c5", "lost": "c4", "sold": "c2", "given": "c3",
    "used": "c1", "lapsed": "c4", "earned": "dollars", "cost": "calls", "krw": "c1", "usd": "c2",
}
FEW = 6
SHOWN: Mapping[Unit, tuple[Callable[[int], float | int], Callable[[int | None], Cell]]] = {
    Unit.NANOS: (lambda nanos: float(to_usd(nanos)), lambda nanos: money(nanos, places=2)),
    Unit.CALLS: (int, count),
}


@dataclass(frozen=True, slots=True)
class RevenueChart:
    id: str
    title: str | Promise
    note: str | Promise
    empty: str | Promise
    figure: Callable[[RevenueFacts], "PlotlyFigure"]
    table: Callable[[RevenueFacts, str], Table]
    rows: Callable[[RevenueFacts], Iterator[Row]]
    is_empty: Callable[[RevenueFacts], bool]


def draw(chart: RevenueChart, facts: RevenueFacts, *, query: str) -> Figure:
    is_empty, title = chart.is_empty(facts), str(chart.title)
    return Figure(
        id=chart.id, title=title, note=str(chart.note),
        table=chart.table(facts, title),
        json="" if is_empty else chart.figure(facts).to_json(),
        csv_url=f"{reverse('dashboard:revenue_csv', args=[chart.id])}{query}",
        is_empty=is_empty, empty_text=str(chart.empty),
    )


def label(key: str) -> str:
    return str(LABELS.get(key, key.upper()))


# --- by month -----------------------------------------------------------------------------


def _collected(facts: RevenueFacts) -> Series:
    return collected.series(facts.collected, facts.months, facts.rates)


def _movements(facts: RevenueFacts) -> Series:
    return churn.series(facts.movements)


def _credit(facts: RevenueFacts) -> Series:
    return packs.series(facts.credit)


def _months(facts: RevenueFacts) -> list[str]:
    return [name_of(month, zone=facts.zone) for month in facts.months]


def monthly_bars(series: Series, facts: RevenueFacts, *, barmode: str = "relative") -> Any:
    show = SHOWN[series.unit][0]
    traces = [
        {
            "type": "bar", "name": label(line.key), "x": _months(facts),
            "y": [None if v is None else show(-v if line.key in BELOW else v) for v in line.values],
            "meta": {"color": COLORS.get(line.key, f"c{place % 8 + 1}")},
            "hovertemplate": "%{y:$,.2f}" if series.unit == Unit.NANOS else "%{y:,.0f}",
        }
        for place, line in enumerate(series.lines)
        if any(line.values)
    ]
    return _figure(traces, series.unit, barmode=barmode)


def _figure(traces: list[dict[str, Any]], unit: Unit, **layout: Any) -> Any:
    from plotly.graph_objects import Figure as PlotlyFigure

    yaxis: dict[str, Any] = {"rangemode": "tozero", "tickformat": ",.0f"}
    if unit == Unit.NANOS:
        yaxis |= {"tickprefix": "$"}
    elif sum(abs(value or 0) for trace in traces for value in trace["y"]) <= FEW:
        yaxis |= {"dtick": 1}  # there is no half a customer
    return PlotlyFigure(data=traces, layout={
        "template": "none", "xaxis": {"type": "category"}, "yaxis": yaxis, "showlegend": True,
        "hovermode": "x unified", **layout,
    })


def monthly_table(series: Series, facts: RevenueFacts, caption: str) -> Table:
    """Newest first, as all tables are."""
    cell = SHOWN[series.unit][1]
    rows = tuple(
        (text(name), *(cell(line.values[place]) for line in series.lines))
        for place, name in reversed([*enumerate(_months(facts))])
    )
    columns = (Column(_("Month")), *(Column(label(line.key), is_number=True)
                                     for line in series.lines))
    return Table(caption, columns, rows, is_caption_hidden=True)


def monthly_rows(series: Series, facts: RevenueFacts) -> Iterator[Row]:
    is_money = series.unit == Unit.NANOS
    yield ["month", *(f"{line.key}_{'nanos' if is_money else 'count'}" for line in series.lines)]
    for place, name in enumerate(_months(facts)):
        yield [name, *(line.values[place] for line in series.lines)]


def collected_rows(facts: RevenueFacts) -> Iterator[Row]:
    """In the currency that was paid, and in US dollars by the rate of the page."""
    yield ["month", "currency", "paid_minor", "refunded_minor", "kept_minor", "kept_nanos",
           "krw_per_usd"]
    for each in facts.collected:
        nanos = facts.rates.nanos(each.kept_minor, each.currency)
        yield [name_of(each.month, zone=facts.zone), each.currency, each.paid_minor,
               each.refunded_minor, each.kept_minor, nanos, facts.rates.krw_per_usd]


def _of(
    series: Callable[[RevenueFacts], Series], rows: Callable[[RevenueFacts], Iterator[Row]] | None,
    *, barmode: str = "relative",
) -> dict[str, Any]:
    return {
        "figure": lambda facts: monthly_bars(series(facts), facts, barmode=barmode),
        "table": lambda facts, caption: monthly_table(series(facts), facts, caption),
        "rows": rows or (lambda facts: monthly_rows(series(facts), facts)),
        "is_empty": lambda facts: series(facts).is_empty,
    }


# --- by plan ------------------------------------------------------------------------------


def margin_bars(facts: RevenueFacts) -> Any:
    plans = facts.margins.plans
    names = [plan.tier or _("no plan") for plan in plans]
    pairs = (("earned", [plan.earned_nanos for plan in plans]),
             ("cost", [plan.cost_nanos for plan in plans]))
    traces = [
        {"type": "bar", "name": label(key), "x": names, "meta": {"color": COLORS[key]},
         "y": [float(to_usd(nanos)) for nanos in values], "hovertemplate": "%{y:$,.2f}"}
        for key, values in pairs
    ]
    return _figure(traces, Unit.NANOS, barmode="group")


def margin_table(facts: RevenueFacts, caption: str) -> Table:
    columns = (Column(_("Plan")), *(Column(name, is_number=True) for name in (
        label("earned"), label("cost"), _("Margin"),
    )))
    rows = tuple(
        (text(plan.tier or _("no plan")), *(
            money(nanos, places=2) for nanos in (plan.earned_nanos, plan.cost_nanos, plan.nanos)
        ))
        for plan in facts.margins.plans
    )
    return Table(caption, columns, rows, is_caption_hidden=True)


def margin_rows(facts: RevenueFacts) -> Iterator[Row]:
    yield ["from", "to", "plan", "users", "paying", "earned_nanos", "cost_nanos", "margin_nanos",
           "cost_median_nanos", "cost_mean_nanos", "cost_p95_nanos"]
    for plan in facts.margins.plans:
        yield [facts.days.first.isoformat(), facts.days.last.isoformat(), plan.tier, plan.users,
               plan.paying, plan.earned_nanos, plan.cost_nanos, plan.nanos,
               plan.cost.median_nanos, plan.cost.mean_nanos, plan.cost.p95_nanos]


CHARTS: Sequence[RevenueChart] = (
    RevenueChart(
        "collected", gettext_lazy("Collected, by currency"),
        gettext_lazy(
            "Paid invoices less refunds, in US dollars. A refund is taken off the month in which "
            "its invoice was paid."
        ),
        gettext_lazy("Nothing was paid yet."),
        **_of(_collected, collected_rows),
    ),
    RevenueChart(
        "movements", gettext_lazy("Who came, changed and left"),
        gettext_lazy(
            "Customers with a new subscription, changes between two paid plans, and customers "
            "whose last subscription ended."
        ),
        gettext_lazy("Nobody came or left."),
        **_of(_movements, None),
    ),
    RevenueChart(
        "margin-by-plan", gettext_lazy("What plans bring in and cost"),
        gettext_lazy("The last 30 days: the part of each price for these days, and model calls."),
        gettext_lazy("No plan brought anything in, and no call cost anything."),
        margin_bars, margin_table, margin_rows,
        lambda facts: not (facts.margins.earned_nanos or facts.margins.cost_nanos),
    ),
    RevenueChart(
        "credit", gettext_lazy("Credit, in model calls"),
        gettext_lazy("What was sold beforehand or given by staff, what was used, what lapsed."),
        gettext_lazy("No credit was sold or given."),
        **_of(_credit, None, barmode="group"),
    ),
)
BY_ID: Mapping[str, RevenueChart] = {chart.id: chart for chart in CHARTS}

"""The picture of the forecast: what days cost, what was expected, and what is to come."""

from datetime import date
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from billing.forecast import Forecast
from billing.reports.anomaly_days import Outcome
from billing.reports.day_history import History
from costcontrol.lib.money import to_usd

if TYPE_CHECKING:
    from plotly.graph_objects import Figure as PlotlyFigure

HOVER = "%{y:$,.2f}"
SHADE = "rgba(118, 128, 124, 0.16)"  # seen on light and on dark


def forecast_figure(
    past: History, found: Forecast, odd: Outcome, *, first: date
) -> "PlotlyFigure":
    """Solid up to yesterday, dashed from today on; the band is drawn between two thin lines."""
    from plotly.graph_objects import Figure as PlotlyFigure

    days = [(day, cost) for day, cost in zip(past.days, past.costs, strict=True) if day >= first]
    traces = [
        *_band(found),
        _line(_("Spent"), [day for day, _cost in days], [cost for _day, cost in days], "dollars"),
        *_ahead(past, found), *_marks(odd, first),
    ]
    return PlotlyFigure(data=traces, layout={
        "template": "none", "hovermode": "x unified",
        "xaxis": {"type": "date", "nticks": 8, "tickformat": "%m-%d", "hoverformat": "%Y-%m-%d"},
        "yaxis": {"tickprefix": "$", "rangemode": "tozero"},
    })


def _band(found: Forecast) -> list[dict[str, Any]]:
    days = [each.day for each in found.days]
    edge = {"line": {"width": 0.5, "dash": "dot"}}
    return [
        _line(_("At least"), days, [each.low for each in found.days], "other") | edge,
        _line(_("At most"), days, [each.high for each in found.days], "other")
        | {**edge, "fill": "tonexty", "fillcolor": SHADE},
    ] if days else []


def _ahead(past: History, found: Forecast) -> list[dict[str, Any]]:
    """Joined to the last day that is known."""
    if not found.days:
        return []
    days = [past.days[-1], *(each.day for each in found.days)]
    middles = [past.costs[-1], *(each.middle for each in found.days)]
    line = _line(_("Expected"), days, middles, "dollars")
    return [line | {"line": {"dash": "dash", "width": 2}}]


def _marks(odd: Outcome, first: date) -> list[dict[str, Any]]:
    shown = [each for each in odd.days if each.day >= first]
    if not shown:
        return []
    line = _line(
        _("Out of the ordinary"), [each.day for each in shown], [each.value for each in shown],
        "failed",
    )
    return [line | {"mode": "markers", "marker": {"size": 11, "symbol": "diamond"}}]


def _line(name: str, days: list[date], nanos: list[int], color: str) -> dict[str, Any]:
    return {
        "type": "scatter", "mode": "lines", "name": name, "meta": {"color": color},
        "x": [day.isoformat() for day in days], "y": [float(to_usd(each)) for each in nanos],
        "hovertemplate": HOVER,
    }

"""Reports -> Plotly figures: bars and lines, as plain as they can be.

A figure has no colours and no template of its own. Each trace says in `meta.color` which colour of
the page it wants, so that the script that draws it can follow the page from light to dark.
Amounts become floats here, because they are only drawn; tables and exports keep the integers.
Plotly is imported when the first figure is made (28 MB): a worker that only answers calls never is.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from billing.reports.ranges import Range, Step
from billing.reports.shapes import Line, Part, Series, Unit
from costcontrol.dashboard.labels import bucket_label, label
from costcontrol.lib.money import NANOS_PER_USD, to_usd

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

PALETTE = 8  # `c1` to `c8`: for keys that have no colour of their own
FEW_CALLS = 6
PLACES = ((10 * NANOS_PER_USD, 0), (NANOS_PER_USD // 10, 2))
HOVER = {
    Unit.NANOS: "%{y:$,.4f}",
    Unit.MS: "%{y:,.0f} ms",
    Unit.CALLS: "%{y:,.0f}",
}
TICKS = {
    Unit.NANOS: {"tickprefix": "$"},
    Unit.MS: {"ticksuffix": " ms", "tickformat": ",.0f"},
    Unit.CALLS: {"tickformat": ",.0f"},
}


def stacked_bars(series: Series, *, days: Range) -> "Figure":
    """One bar a bucket, one segment a line; negative values hang below."""
    lines = [line for line in series.lines if any(line.values)]
    traces = [
        _trace("bar", line, series, days) | {"meta": {"color": line.key}} for line in lines
    ]
    return _figure(traces, series, days, barmode="relative")


def counted_bars(series: Series, *, days: Range) -> "Figure":
    """Bars whose keys are not known beforehand: colours in the order of the lines."""
    lines = [line for line in series.lines if any(line.values)]
    traces = [
        _trace("bar", line, series, days) | {"meta": {"color": f"c{place % PALETTE + 1}"}}
        for place, line in enumerate(lines)
    ]
    return _figure(traces, series, days, barmode="stack", showlegend=True)


def two_panels(series: Series, *, days: Range) -> "Figure":
    """Provider calls above, stored answers below: a thousand times faster, so on their own axis."""
    traces = []
    for line in series.lines:
        is_cache = line.key.startswith("cache.")
        name = line.key.replace(".", "_").removeprefix("provider_")
        more = {"mode": "lines+markers", "connectgaps": False, "meta": {"color": name}}
        if is_cache:
            more |= {"yaxis": "y2", "line": {"dash": "dot"}}
        traces.append(_trace("scatter", line, series, days) | more)
    below = {"domain": [0, 0.34], "anchor": "x", "rangemode": "tozero", "nticks": 4}
    return _figure(
        traces, series, days,
        yaxis={"domain": [0.44, 1], "title": {"text": _("Provider calls")}},
        yaxis2=TICKS[series.unit] | below | {"title": {"text": _("Stored answers")}},
    )


def shares(parts: Sequence[Part], *, days: Range) -> "Figure":
    """Each route's share of the calls beside its share of the money, biggest on top."""
    del days
    names = [label(part.key) for part in parts]
    traces = [
        _share_trace(_("Share of calls"), "calls", names, [part.calls for part in parts]),
        _share_trace(_("Share of dollars"), "dollars", names, [p.cost_nanos for p in parts]),
    ]
    layout = {
        "xaxis": {"ticksuffix": "%", "rangemode": "tozero"},
        "yaxis": {"autorange": "reversed", "automargin": True},
    }
    return _new(traces, barmode="group", hovermode="y unified", **layout)


def _share_trace(
    name: str, color: str, names: list[str], amounts: list[int]
) -> dict[str, Any]:
    whole = sum(amounts)
    return {
        "type": "bar", "orientation": "h", "name": name, "meta": {"color": color}, "y": names,
        "x": [round(100 * amount / whole, 2) if whole else 0 for amount in amounts],
        "hovertemplate": "%{x:.1f}%",
    }


def _trace(kind: str, line: Line, series: Series, days: Range) -> dict[str, Any]:
    show = _shown[series.unit]
    return {
        "type": kind,
        "name": label(line.key),
        "x": [bucket_label(each, step=days.step, zone=days.zone) for each in series.buckets],
        "y": [None if value is None else show(value) for value in line.values],
        "hovertemplate": HOVER[series.unit],
    }


def _figure(
    traces: list[dict[str, Any]], series: Series, days: Range,
    yaxis: dict[str, Any] | None = None, **layout: Any,
) -> "Figure":
    is_hourly = days.step == Step.HOUR
    xaxis: dict[str, Any] = {"type": "category" if is_hourly else "date", "nticks": 8}
    if not is_hourly:
        xaxis |= {"tickformat": "%m-%d", "hoverformat": "%Y-%m-%d"}
    yaxis = TICKS[series.unit] | {"rangemode": "tozero"} | (yaxis or {})
    if series.unit == Unit.NANOS:
        yaxis["tickformat"] = f",.{_places(series)}f"
    if series.unit == Unit.CALLS and _highest(series) <= FEW_CALLS:
        yaxis["dtick"] = 1  # else there are ticks between whole calls
    return _new(traces, xaxis=xaxis, yaxis=yaxis, hovermode="x unified", **layout)


def over_time(traces: list[dict[str, Any]], series: Series, days: Range) -> "Figure":
    """Traces that somebody else made, stacked if they are bars. `series`: what they show."""
    return _figure(traces, series, days, barmode="relative", showlegend=True)


def drawn(values: Iterable[int | None], unit: Unit) -> list[float | int | None]:
    """Numbers as a chart has them: dollars, not nanos."""
    show = _shown[unit]
    return [None if value is None else show(value) for value in values]


def _highest(series: Series) -> int:
    columns = zip(*(line.values for line in series.lines), strict=True)
    return max((sum(filter(None, column)) for column in columns), default=0)


def _places(series: Series) -> int:
    """Decimals of dollars, so that neighbouring ticks differ."""
    most = max((abs(value or 0) for line in series.lines for value in line.values), default=0)
    return next((places for least, places in PLACES if most >= least), 4)


def _new(traces: list[dict[str, Any]], **layout: Any) -> "Figure":
    from plotly.graph_objects import Figure

    return Figure(data=traces, layout={"template": "none", **layout})


_shown: dict[Unit, Callable[[int], float | int]] = {
    Unit.NANOS: lambda nanos: float(to_usd(nanos)),
    Unit.CALLS: int,
    Unit.MS: int,
}

"""The two pictures of the savings page: from the baseline to the spend, and over time."""

from typing import TYPE_CHECKING, Any

from costcontrol import formats
from costcontrol.dashboard.savings_tables import Step
from costcontrol.lib.money import to_usd

if TYPE_CHECKING:
    from plotly.graph_objects import Figure as PlotlyFigure

COLORS = {"baseline": "other", "spend": "calls", "uncompared": "other"}


def waterfall(steps: tuple[Step, ...]) -> "PlotlyFigure":
    """Each step begins where the one before it ended; what is 0 has no bar."""
    from plotly.graph_objects import Figure as PlotlyFigure

    traces, level = [], 0
    for step in steps:
        if step.is_total:
            level = 0
        if step.nanos or step.is_total:
            traces.append(_bar(step, level))
        level += step.nanos
    return PlotlyFigure(data=traces, layout={
        "template": "none", "barmode": "overlay", "showlegend": False, "hovermode": "closest",
        "xaxis": {"rangemode": "tozero", "tickprefix": "$"},
        "yaxis": {"type": "category", "autorange": "reversed", "automargin": True},
    })


def _bar(step: Step, level: int) -> dict[str, Any]:
    return {
        "type": "bar", "orientation": "h", "name": step.name, "y": [step.name],
        "x": [float(to_usd(step.nanos))],
        "base": [float(to_usd(level))], "meta": {"color": COLORS.get(step.key, step.key)},
        "hovertemplate": f"{formats.money(step.nanos)}<extra></extra>",
    }

"""The picture of a what-if: what each class of model costs, by the rules of then and changed."""

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from costcontrol import formats
from costcontrol.dashboard.labels import label
from costcontrol.lib.money import to_usd
from routing.types import ModelClass
from routing.whatif.outcome import Outcome
from routing.whatif.tally import Tally

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


def side_by_side(found: Outcome) -> "Figure":
    from plotly.graph_objects import Figure

    figures = found.figures
    traces = [
        _trace(_("By the rules of then"), "other", figures.same),
        _trace(_("With the changes"), "calls", figures.now),
    ]
    return Figure(data=traces, layout={
        "template": "none", "barmode": "group", "hovermode": "closest",
        "xaxis": {"rangemode": "tozero", "tickprefix": "$"},
        "yaxis": {"type": "category", "autorange": "reversed", "automargin": True},
    })


def _trace(name: str, color: str, side: Tally) -> dict[str, Any]:
    nanos = [side.class_nanos[each] for each in ModelClass]
    return {
        "type": "bar", "orientation": "h", "name": name, "meta": {"color": color},
        "y": [label(each) for each in ModelClass], "x": [float(to_usd(each)) for each in nanos],
        "text": [formats.money(each) for each in nanos], "textposition": "none",
        "hovertemplate": "%{y}: %{text}",
    }

"""The explorer's chart: a bar of parts a bucket, and the period before as a dashed line."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from billing.reports.ranges import Step
from billing.reports.shapes import Line, Series, Unit
from billing.reports.slices import SliceRow, Slices
from costcontrol.dashboard import figures
from costcontrol.dashboard.explorer_measures import Measure
from costcontrol.dashboard.explorer_parts import OTHER, Answer, Part, buckets_of_tokens, by_bucket
from costcontrol.dashboard.explorer_state import ExplorerState
from costcontrol.dashboard.filter_names import CLASSES, LAYERS
from costcontrol.dashboard.labels import bucket_label

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

PALETTE = 10  # `c1` to `c10`
Named = tuple[str, str, tuple[int | None, ...]]  # name, colour, a value a bucket


def lines_of(state: ExplorerState, answer: Answer, names: dict[str, str]) -> list[Named]:
    """What is stacked or drawn, with the colour of each."""
    if not state.group:
        return _together(state, answer.all)
    colors = _colors(answer.parts)
    return [
        (names[part.key], colors[part.key], values(state.measure, part.by_bucket))
        for part in answer.parts
    ]


def _together(state: ExplorerState, whole: Part) -> list[Named]:
    if state.measure.key == "tokens":
        return [
            (str(measure.title), f"c{number}", values(measure, part.by_bucket))
            for number, (measure, part) in enumerate(buckets_of_tokens(whole), 1)
        ]
    color = "dollars" if state.measure.unit == Unit.NANOS else "calls"
    return [(str(state.measure.title), color, values(state.measure, whole.by_bucket))]


def _colors(parts: Iterable[Part]) -> dict[str, str]:
    """Classes and layers have colours of their own everywhere."""
    keys = [part.key for part in parts if part.key != OTHER]
    own = {*CLASSES, *LAYERS} >= {key for key in keys if key != "none"}
    found = {key: key if own else f"c{n % PALETTE + 1}" for n, key in enumerate(keys)}
    return found | {OTHER: "other"} | ({"none": "other"} if own else {})


def values(
    measure: Measure, rows: Iterable[SliceRow | None]
) -> tuple[int | None, ...]:
    return tuple(None if row is None else measure.value(row) for row in rows)


def series_of(lines: Iterable[Named], now: Slices, unit: Unit) -> Series:
    """For the table of the chart."""
    return Series(now.buckets, tuple(Line(name, found) for name, _color, found in lines), unit)


def chart(
    state: ExplorerState, lines: list[Named], now: Slices, before: Slices | None
) -> "Figure":
    days, measure = now.answered.range, state.measure
    labels = [bucket_label(each, step=days.step, zone=days.zone) for each in now.buckets]
    kind = "scatter" if measure.is_ratio else "bar"
    traces = [_trace(kind, name, color, found, labels, measure) for name, color, found in lines]
    if before is not None and days.step != Step.MONTH:  # months differ in length
        old = values(measure, by_bucket(before.rows, before))
        traces.append(_before(old, labels, measure))
    return figures.over_time(traces, series_of(lines, now, measure.unit), days)


def _trace(
    kind: str, name: str, color: str, found: Iterable[int | None], labels: list[str],
    measure: Measure,
) -> dict[str, Any]:
    trace = {
        "type": kind, "name": name, "x": labels, "meta": {"color": color},
        "y": figures.drawn(found, measure.unit), "hovertemplate": figures.HOVER[measure.unit],
    }
    if kind == "bar":
        return trace
    mode = "lines+markers" if len(labels) <= 100 else "lines"
    return trace | {"mode": mode, "connectgaps": False}


def _before(
    found: tuple[int | None, ...], labels: list[str], measure: Measure
) -> dict[str, Any]:
    """Day by day beside the day that has the same place in the range."""
    same = (*found, *[None] * len(labels))[: len(labels)]
    trace = _trace("scatter", _("The period before"), "before", same, labels, measure)
    return trace | {"mode": "lines", "line": {"dash": "dash"}}

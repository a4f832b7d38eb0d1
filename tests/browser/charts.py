"""Whether the charts that a page asked for are really there.

Plotly draws nothing, silently, for a trace type that its bundle does not have.
"""

from typing import Any

from playwright.sync_api import Page

DRAWN = """() => [...document.querySelectorAll("figure[data-chart]")].map(figure => {
  const data = figure.querySelector('script[type="application/json"]')
  const plot = figure.querySelector(".js-plotly-plot")
  const shapes = [...figure.querySelectorAll(".trace path, .slice path")].filter(path => {
    const box = path.getBoundingClientRect()
    return box.width > 0 || box.height > 0
  })
  return {
    name: figure.id || figure.dataset.chart,
    asked: JSON.parse(data ? data.textContent : "{}").data || [],
    drawn: plot ? plot._fullData.map(trace => trace.type) : null,
    traces: new Set(shapes.map(path => path.closest(".trace, .slice"))).size,
  }
})"""


def faults(page: Page, *, asked: int) -> list[str]:
    """`asked` charts with something in them, each trace of the type asked for and visible."""
    return faults_of(page.evaluate(DRAWN), asked=asked)


def faults_of(charts: list[dict[str, Any]], *, asked: int) -> list[str]:
    """The same, of what `DRAWN` has seen."""
    found = [fault for chart in charts for fault in _faults(chart)]
    if len(charts) != asked:
        found.append(f"{len(charts)} charts, not {asked}: {[chart['name'] for chart in charts]}")
    return found


def _faults(chart: dict[str, Any]) -> list[str]:
    types = [trace.get("type", "scatter") for trace in chart["asked"]]
    if chart["drawn"] != types:
        return [f"chart {chart['name']}: asked for {types}, drawn {chart['drawn']}"]
    visible = sum(_has_something(trace) for trace in chart["asked"])
    if not visible or chart["traces"] < visible:
        return [f"chart {chart['name']}: {chart['traces']} traces to be seen, not {visible}"]
    return []


def _has_something(trace: dict[str, Any]) -> bool:
    along = trace.get("x") if trace.get("orientation") == "h" else trace.get("y")
    return any(along or trace.get("values") or [])

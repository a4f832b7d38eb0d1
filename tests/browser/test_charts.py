"""The check of charts sees a chart that is not what was asked for."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Page

from tests.browser import charts

pytestmark = pytest.mark.browser
PLOTLY = Path(settings.BASE_DIR) / "costcontrol" / "static" / "vendor" / "plotly-basic.min.js"
BARS = {"type": "bar", "x": ["a", "b"], "y": [1, 2]}
HEAT = {"type": "heatmap", "z": [[1, 2], [3, 4]], "y": [1, 2]}  # not in the bundle
FIGURE = """<figure data-chart id="one"><div class="plot"></div>
<script type="application/json">{"data": %s}</script></figure>"""


def drawn(page: Page, *traces: dict[str, Any], instead: list[dict[str, Any]] | None = None) -> None:
    page.set_content(FIGURE % json.dumps(traces))
    page.add_script_tag(path=PLOTLY)
    page.evaluate(
        "data => Plotly.newPlot(document.querySelector('.plot'), data)", instead or list(traces)
    )


def test_bars_and_lines_that_are_there_are_fine(page: Page) -> None:
    drawn(page, BARS, {"x": ["a", "b"], "y": [3, 4]})
    assert charts.faults(page, asked=1) == []


def test_type_that_the_bundle_does_not_have_is_found(page: Page) -> None:
    drawn(page, HEAT)
    assert len(charts.faults(page, asked=1)) == 1


def test_trace_that_draws_nothing_is_found(page: Page) -> None:
    drawn(page, BARS, instead=[BARS | {"visible": False}])
    assert len(charts.faults(page, asked=1)) == 1


def test_chart_that_was_never_drawn_is_found(page: Page) -> None:
    page.set_content(FIGURE % json.dumps([BARS]))
    assert len(charts.faults(page, asked=1)) == 1


def test_chart_that_is_missing_is_found(page: Page) -> None:
    page.set_content("<main></main>")
    assert len(charts.faults(page, asked=1)) == 1

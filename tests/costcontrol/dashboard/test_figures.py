"""Figures: real Plotly, plain, and with the numbers of their report."""

import json
import subprocess
import sys
from datetime import date
from typing import Any

import plotly.graph_objects

from billing.reports.ranges import Range
from billing.reports.shapes import Line, Part, Series, Unit
from costcontrol.dashboard import figures

WEEK = Range(date(2026, 11, 19), date(2026, 11, 25), "Asia/Seoul")
FALL_BACK = Range(date(2026, 11, 1), date(2026, 11, 1), "America/New_York")


def series(unit: Unit = Unit.NANOS, days: Range = WEEK, **lines: list[int | None]) -> Series:
    named = (Line(key.replace("_p", ".p"), tuple(values)) for key, values in lines.items())
    return Series(days.buckets, tuple(named), unit)


def drawn(figure: plotly.graph_objects.Figure) -> dict[str, Any]:
    assert isinstance(figure, plotly.graph_objects.Figure)
    return json.loads(figure.to_json())


def test_money_is_drawn_in_dollars_by_local_day() -> None:
    figure = drawn(figures.stacked_bars(series(local=[1_500_000_000] * 7), days=WEEK))
    trace = figure["data"][0]
    assert trace["type"] == "bar"
    assert trace["y"] == [1.5] * 7
    assert (trace["x"][0], trace["x"][-1]) == ("2026-11-19", "2026-11-25")


def test_traces_name_their_colour_and_have_none() -> None:
    figure = drawn(figures.stacked_bars(series(local=[1] * 7, mid=[2] * 7), days=WEEK))
    assert [trace["meta"]["color"] for trace in figure["data"]] == ["local", "mid"]
    assert "color" not in json.dumps([t.get("marker") for t in figure["data"]])
    assert figure["layout"]["template"]["data"].keys() <= {"scatter"}  # that of "none"


def test_lines_without_any_value_are_left_out() -> None:
    figure = drawn(figures.stacked_bars(series(local=[0] * 7, mid=[2] * 7), days=WEEK))
    assert len(figure["data"]) == 1


def test_what_failed_hangs_below() -> None:
    figure = drawn(figures.stacked_bars(series(route=[5] * 7, failed=[-2] * 7), days=WEEK))
    assert figure["layout"]["barmode"] == "relative"


def test_what_was_not_measured_is_a_gap_and_not_zero() -> None:
    latency = series(Unit.MS, provider_p50=[None, *[800] * 6], cache_p50=[4] * 7)
    figure = drawn(figures.two_panels(latency, days=WEEK))
    assert figure["data"][0]["y"] == [None, *[800] * 6]
    assert figure["data"][0]["connectgaps"] is False


def test_stored_answers_have_an_axis_of_their_own() -> None:
    latency = series(Unit.MS, provider_p50=[800] * 7, cache_p50=[4] * 7)
    figure = drawn(figures.two_panels(latency, days=WEEK))
    assert [trace.get("yaxis", "y") for trace in figure["data"]] == ["y", "y2"]
    upper, lower = figure["layout"]["yaxis"]["domain"], figure["layout"]["yaxis2"]["domain"]
    assert lower[1] < upper[0]


def test_shares_are_of_calls_and_of_dollars() -> None:
    parts = [Part("a", 1, 900), Part("b", 3, 100)]
    calls, dollars = drawn(figures.shares(parts, days=WEEK))["data"]
    assert (calls["x"], dollars["x"]) == ([25, 75], [90, 10])


def test_shares_of_nothing_are_zero() -> None:
    _calls, dollars = drawn(figures.shares([Part("a", 1, 0)], days=WEEK))["data"]
    assert dollars["x"] == [0]


def test_the_hour_that_a_day_has_twice_is_two_bars() -> None:
    hours = len(FALL_BACK.buckets)
    counted = Series(FALL_BACK.buckets, (Line("x", (1,) * hours),), Unit.CALLS)
    names = drawn(figures.counted_bars(counted, days=FALL_BACK))["data"][0]["x"]
    assert hours == 25
    assert len(set(names)) == 25
    assert {"11-01 01:00 (EDT)", "11-01 01:00 (EST)"} <= set(names)


def test_plotly_is_not_loaded_before_the_first_figure() -> None:
    code = (
        "import django; django.setup(); import costcontrol.urls, sys;"
        "sys.exit(any(name.startswith('plotly') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=False).returncode == 0


def test_few_calls_are_counted_in_whole_steps() -> None:
    errors = series(Unit.CALLS, a=[2] * 7, b=[4, None, *[0] * 5])
    few = drawn(figures.counted_bars(errors, days=WEEK))
    many = drawn(figures.counted_bars(series(Unit.CALLS, a=[7] * 7), days=WEEK))
    assert few["layout"]["yaxis"]["dtick"] == 1
    assert "dtick" not in many["layout"]["yaxis"]

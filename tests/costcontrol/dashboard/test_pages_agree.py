"""One question, the same nanos on every page and in every file: random ledgers, three zones, both
changes of the clocks, some hours rolled up and some not."""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command

from billing import savings
from billing.models import UsageRecord
from billing.reports import deployments, facts, kpis, savings_report, slices
from billing.reports.facts import filters_known
from billing.reports.monthly import month_before, monthly
from costcontrol.dashboard import (
    charts,
    explorer_export,
    explorer_parts,
    filters,
    forecast_tables,
    report_tables,
    savings_tables,
)
from costcontrol.dashboard.csvs import Row
from costcontrol.dashboard.explorer_state import ExplorerState
from costcontrol.dashboard.explorer_state import state_of as explorer_state
from costcontrol.dashboard.filters import State
from costcontrol.dashboard.forecast_facts import facts_of, page_state
from costcontrol.lib import clock
from tests.billing.test_slices_agree import ZONES, Case, is_asked, play

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
DAYS = 7
FILTERS: tuple[dict[str, str], ...] = ({}, {"tier": "free"})


@dataclass(frozen=True)
class Figures:
    """`saved` None: no call could be compared."""

    calls: int
    cost_nanos: int
    estimated_nanos: int
    saved_nanos: int
    is_compared: bool


def figures(rows: Iterable[UsageRecord]) -> Figures:
    """Row by row, by no SQL."""
    rows = list(rows)
    return Figures(
        sum(row.outcome not in ("failed", "corrected") for row in rows),
        sum(row.cost_nanos for row in rows),
        sum(row.cost_nanos for row in rows if row.confidence == "estimated"),
        sum(savings.saved_nanos(row) or 0 for row in rows),
        any(row.outcome not in ("failed", "refused", "corrected") and row.baseline_nanos is not None
            and not savings.own_cause(row) for row in rows),
    )


def asked_of(case: Case, state: State, start: datetime, end: datetime) -> list[UsageRecord]:
    return [
        row for row in case.rows
        if start <= row.at < end and row.at <= case.now and is_asked(row, state.slices)
    ]


def records(rows: Iterable[Row]) -> list[dict[str, Any]]:
    header, *lines = rows
    return [dict(zip(map(str, header), line, strict=True)) for line in lines]


def nanos(found: Iterable[Mapping[str, Any]], name: str = "cost_nanos") -> int:
    return sum(int(each[name]) for each in found)


@pytest.mark.parametrize("seed", range(21, 25))
def test_one_question_has_one_answer(seed: int) -> None:
    case = play(seed)
    for zone in ZONES:
        for chosen in FILTERS:
            query = {"range": f"{DAYS}d", "zone": zone} | chosen
            state = filters.state_of(query, choices=filters_known(), now=case.now)
            assert not state.notes
            rows = asked_of(case, state, state.range.start, state.range.end)
            expected = figures(rows)
            overview_says(state, expected)
            explorer_says(explorer_state(query, now=case.now), expected)
            routes_say(state, rows)
            savings_say(state, expected)
            forecast_says(page_state(query, now=case.now), case)
        command_says(case, zone)
        report_says(case, zone)


def overview_says(state: State, expected: Figures) -> None:
    found = facts.load(state.question)
    values = {each.key: each.value for each in kpis.kpis(found, None)}
    is_known = expected.is_compared or expected.saved_nanos
    saved = expected.saved_nanos if is_known else None
    assert (found.calls, values["spend"], values["saved"]) == (
        expected.calls, expected.cost_nanos, saved
    )
    for chart, total in (("spend", expected.cost_nanos), ("savings", expected.saved_nanos)):
        lines = records(charts.export(charts.BY_ID[chart], found, state.range))
        assert sum(
            value or 0 for line in lines for name, value in line.items() if name.endswith("_nanos")
        ) == total
    parts = records(charts.export(charts.BY_ID["routes"], found, state.range))
    assert nanos(parts) == expected.cost_nanos


def explorer_says(state: ExplorerState, expected: Figures) -> None:
    now = slices.load(state.ask)
    before = slices.load_previous(now.answered)
    found = explorer_parts.answer(now, before, state.measure)
    whole = found.all.whole
    assert figures_of(vars_of(whole)) == expected
    assert sum(part.whole.cost_nanos for part in found.parts) == whole.cost_nanos
    old = facts.load_previous(state.shared.question)
    assert (before is None) == (old is None)
    if before and old and found.all.before:
        assert sum(part.before.cost_nanos for part in found.parts if part.before) == (
            found.all.before.cost_nanos
        ) == old.cost_nanos
        assert found.all.before.calls == old.calls
    for name in explorer_export.FILES:
        text = "".join(explorer_export.csv_texts(state, name))
        said = json.loads("".join(explorer_export.json_texts(state, name)))["rows"]
        for lines in (list(csv.DictReader(io.StringIO(text))), said):
            lines = [line for line in lines if line.get("period", "now") == "now"]
            summed = {key: nanos(lines, key) for key in explorer_parts.NAMES}
            assert figures_of(summed) == expected


def vars_of(row: Any) -> dict[str, int]:
    return {name: getattr(row, name) for name in explorer_parts.NAMES}


def figures_of(sums: Mapping[str, int]) -> Figures:
    return Figures(
        sums["calls"], sums["cost_nanos"], sums["estimated_nanos"], sums["saved_nanos"],
        bool(sums["compared"]),
    )


def routes_say(state: State, rows: list[UsageRecord]) -> None:
    """What no model was asked for is in no line."""
    found = deployments.load(state.range, now=state.question.now, filters=state.slices).by_name
    tried = [row for row in rows if row.deployment and not row.cache_layer]
    assert sum(each.cost_nanos for each in found.values()) == sum(row.cost_nanos for row in tried)
    assert sum(each.attempts for each in found.values()) == sum(
        row.outcome != "corrected" for row in tried
    )
    assert sum(each.failed for each in found.values()) == sum(
        row.outcome == "failed" for row in tried
    )


def savings_say(state: State, expected: Figures) -> None:
    report = savings_report.load(state.question, against=None)
    whole = report.whole
    assert (whole.cost_nanos, whole.saved_nanos, whole.is_known) == (
        expected.cost_nanos, expected.saved_nanos, expected.is_compared
    )
    for name in ("tiers", "kinds", "languages"):
        lines = records(savings_tables.export(report, name) or ())
        assert nanos(lines) == expected.cost_nanos
        assert nanos(lines, "saved_nanos") == expected.saved_nanos


def forecast_says(state: State, case: Case) -> None:
    """By day; days before the first one with a call are not in it."""
    read = facts_of(state)
    zone, lines = ZoneInfo(state.zone), records(
        forecast_tables.export("days", read.past, read.found, read.odd) or ()
    )
    by_day: dict[date, int] = {}
    for row in asked_of(case, state, min(row.at for row in case.rows), state.range.end):
        day = row.at.astimezone(zone).date()
        by_day[day] = by_day.get(day, 0) + row.cost_nanos
    today = case.now.astimezone(zone).date()
    assert read.past.so_far == by_day.pop(today, 0)
    assert {
        date.fromisoformat(line["day"]): line["spent_nanos"]
        for line in lines if line["spent_nanos"]
    } == {day: cost for day, cost in by_day.items() if cost}
    first = today.replace(day=1)
    if read.end:
        assert read.end.before_nanos == sum(c for day, c in by_day.items() if day >= first)


def command_says(case: Case, zone: str) -> None:
    state = filters.state_of(
        {"range": f"{DAYS}d", "zone": zone}, choices=filters_known(), now=case.now
    )
    expected = figures(asked_of(case, state, state.range.start, state.range.end))
    out = io.StringIO()
    with clock.at(case.now):
        call_command("spend", days=DAYS, zone=zone, is_csv=True, stdout=out)
    said = {
        line["part"]: line for line in csv.DictReader(io.StringIO(out.getvalue()))
        if line["part"] in ("spent", "estimated", "saved")
    }
    assert (int(said["spent"]["calls"]), int(said["spent"]["nanos"])) == (
        expected.calls, expected.cost_nanos
    )
    assert int(said["estimated"]["nanos"]) == expected.estimated_nanos
    assert int(said["saved"]["nanos"]) == expected.saved_nanos


def report_says(case: Case, zone: str) -> None:
    """The month so far, and the one before, which is over."""
    today = case.now.astimezone(ZoneInfo(zone)).date()
    for month in (today.replace(day=1), month_before(today)):
        found = monthly(month, zone=zone, now=case.now)
        rows = [
            row for row in case.rows
            if row.at.astimezone(ZoneInfo(zone)).date().replace(day=1) == month
            and row.at <= case.now
        ]
        expected = figures(rows)
        assert (found.is_over, found.calls, found.cost_nanos, found.estimated_nanos) == (
            month < today.replace(day=1), expected.calls, expected.cost_nanos,
            expected.estimated_nanos,
        )
        assert (found.saved.nanos if found.saved else 0) == expected.saved_nanos
        assert sum(found.causes.values()) == expected.saved_nanos
        said, lines = report_tables.as_json(found), records(report_tables.rows(found))
        assert said["cost_nanos"] == expected.cost_nanos
        for name, group in said["groups"].items():
            assert nanos(group) == expected.cost_nanos
            assert sum(each["calls"] for each in group) == expected.calls
            of_file = [line for line in lines if line["part"] == name]
            assert nanos(of_file, "nanos") == expected.cost_nanos

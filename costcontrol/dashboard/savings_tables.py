"""The savings report as tables and as rows of an export: the same lines, from one place."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.reports.kpis import share as share_of
from billing.reports.savings_report import SavingsReport
from billing.reports.savings_sums import Statement
from billing.savings import known_sum
from costcontrol.dashboard.components import (
    Cell,
    Column,
    Table,
    Tone,
    badge,
    count,
    money,
    share,
    text,
)
from costcontrol.dashboard.csvs import Row, series_rows
from costcontrol.dashboard.labels import label
from costcontrol.lib.money import to_usd

PLACES = 4
BASELINE, SPEND, UNCOMPARED = "baseline", "spend", "uncompared"
STEP_NAMES: Mapping[str, str | Promise] = {
    BASELINE: gettext_lazy("Baseline"),
    UNCOMPARED: gettext_lazy("Calls without a baseline"),
    SPEND: gettext_lazy("Spent"),
}


@dataclass(frozen=True, slots=True)
class Step:
    """One line from the baseline to the spend. `nanos`: what it adds to what is to be paid."""

    key: str
    nanos: int
    is_total: bool = False

    @property
    def name(self) -> str:
        return str(STEP_NAMES.get(self.key) or label(self.key))


def steps_of(found: Statement) -> tuple[Step, ...]:
    """They add up: baseline, less each cause, plus what that cost, is the spend."""
    return (
        Step(BASELINE, found.baseline_nanos, is_total=True),
        *(Step(key, -nanos) for key, nanos in found.causes.items()),
        *(Step(key, -nanos) for key, nanos in found.own_costs.items()),
        Step(UNCOMPARED, found.uncompared_nanos),
        Step(SPEND, found.cost_nanos, is_total=True),
    )


def waterfall(report: SavingsReport, off: Mapping[str, str]) -> Table:
    whole = report.whole.baseline_nanos
    rows = tuple(_step_row(step, whole, off) for step in steps_of(report.whole))
    columns = (
        Column(_("From the baseline to the spend")), Column(_("Dollars"), is_number=True),
        Column(_("Of the baseline"), is_number=True),
    )
    return Table(_("From the baseline to the spend"), columns, rows, is_caption_hidden=True)


def _step_row(step: Step, whole: int, off: Mapping[str, str]) -> tuple[Cell, ...]:
    if step.key in off and not step.nanos:
        return (text(step.name, note=off[step.key]), badge(_("off"), Tone.OFF), text(None))
    part = None if step.key == UNCOMPARED else share_of(step.nanos, whole)
    return (text(step.name), money(step.nanos, places=PLACES), share(part))


def layers(report: SavingsReport, off: Mapping[str, str]) -> Table:
    columns = (
        Column(_("Layer")), Column(_("Answered"), is_number=True),
        Column(_("Hit rate"), is_number=True), Column(_("Saved"), is_number=True),
    )
    rows = tuple(
        (text(label(line.layer), note=off[line.layer]), badge(_("off"), Tone.OFF), text(None),
         text(None))
        if line.layer in off and not line.hits else
        (text(label(line.layer)), count(line.hits),
         share(None if line.asked is None else share_of(line.hits, line.asked)),
         money(line.saved_nanos, places=PLACES))
        for line in report.layers
    )
    return Table(_("What each layer answered"), columns, rows, is_caption_hidden=True)


def groups(
    found: tuple[tuple[str, Statement], ...], *, title: str, heading: str,
    name: Callable[[str], str],
) -> Table:
    """One line a group, the one with the dearest baseline on top."""
    numbers = (
        _("Baseline"), _("Saved, net"), _("Of the baseline"), _("Cost of saving"), _("Spent"),
    )
    columns = (Column(heading), *(Column(each, is_number=True) for each in numbers))
    rows = tuple((text(name(key) or _("not said")), *_cells(each)) for key, each in found)
    return Table(title, columns, rows, is_caption_hidden=True)


def _cells(found: Statement) -> tuple[Cell, ...]:
    is_known = found.is_known
    return (
        money(found.baseline_nanos if is_known else None, places=PLACES),
        money(known_sum(found.saved_nanos, found.compared), places=PLACES),
        share(share_of(found.saved_nanos, found.baseline_nanos)),
        money(-found.own_nanos, places=PLACES),
        money(found.cost_nanos, places=PLACES),
    )


def searches(report: SavingsReport) -> Table:
    columns = (
        Column(_("Kind of call")), Column(_("Searches"), is_number=True),
        Column(_("Cost of searches"), is_number=True),
    )
    rows = tuple(
        (text(kind or _("not said")), count(number), money(nanos, places=PLACES))
        for kind, number, nanos in report.searches.by_kind
    )
    return Table(_("Web searches"), columns, rows, is_caption_hidden=True)


def export(report: SavingsReport, name: str) -> Iterator[Row] | None:
    """The rows of a file. None: there is no such table."""
    made: Mapping[str, Callable[[SavingsReport], Iterator[Row]]] = {
        "waterfall": _waterfall_rows, "causes": _cause_rows, "layers": _layer_rows,
        "kinds": lambda found: _group_rows("call_kind", found.by_kind),
        "tiers": lambda found: _group_rows("tier", found.by_tier),
        "languages": lambda found: _group_rows("language", found.by_language),
        "searches": _search_rows,
    }
    return made[name](report) if name in made else None


def _waterfall_rows(report: SavingsReport) -> Iterator[Row]:
    yield ("step", "nanos", "usd", "baseline")
    for step in steps_of(report.whole):
        yield (step.key, step.nanos, to_usd(step.nanos), _name_of(report))


def _cause_rows(report: SavingsReport) -> Iterator[Row]:
    return series_rows(report.series, zone=report.question.range.zone)


def _layer_rows(report: SavingsReport) -> Iterator[Row]:
    yield ("layer", "answered", "asked", "saved_nanos", "saved_usd")
    for line in report.layers:
        yield (line.layer, line.hits, line.asked, line.saved_nanos, to_usd(line.saved_nanos))


def _group_rows(column: str, found: Any) -> Iterator[Row]:
    yield (column, "baseline_nanos", "saved_nanos", "own_cost_nanos", "cost_nanos", "saved_usd")
    for key, each in found:
        yield (
            key, each.baseline_nanos, each.saved_nanos, -each.own_nanos, each.cost_nanos,
            to_usd(each.saved_nanos),
        )


def _search_rows(report: SavingsReport) -> Iterator[Row]:
    yield ("call_kind", "searches", "cost_nanos", "cost_usd")
    for kind, number, nanos in report.searches.by_kind:
        yield (kind, number, nanos, to_usd(nanos))


def _name_of(report: SavingsReport) -> str:
    against = report.against
    return f"{against.name} {against.version}" if against else ""


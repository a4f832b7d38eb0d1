"""The page about hardware of one's own, put together: does it pay, from when on, and on what
assumptions."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from billing.reports import roi
from billing.reports.roi import Assumptions, Outcome
from costcontrol import formats
from costcontrol.dashboard.components import (
    Cell,
    Column,
    Figure,
    KpiCard,
    Table,
    count,
    money,
    share,
    text,
)
from costcontrol.dashboard.csvs import Row
from costcontrol.dashboard.roi_state import RoiState
from costcontrol.lib.money import to_usd

if TYPE_CHECKING:
    from plotly.graph_objects import Figure as PlotlyFigure

USERS = (1, 10)
MOST_MONTHS = 60


@dataclass(frozen=True, slots=True)
class RoiPage:
    verdict: str
    cards: tuple[KpiCard, ...]
    comparison: Table
    figure: Figure
    sources: Table


def roi_page(state: RoiState) -> RoiPage:
    given = state.assumptions
    outcomes = [roi.outcome(given, users=users) for users in USERS]
    return RoiPage(
        verdict=verdict(given, outcomes[0]), cards=_cards(given, outcomes),
        comparison=comparison(outcomes), figure=_figure(state), sources=sources(state),
    )


def verdict(given: Assumptions, now: Outcome) -> str:
    """The answer, in a sentence."""
    debates = roi.break_even_debates(given)
    if debates is None:
        return _("On these assumptions a machine never pays: the cloud costs less than the power.")
    most = roi.debates_of_one_machine(given)
    words = {
        "debates": formats.count(debates), "now": formats.count(now.debates),
        "most": formats.count(most or 0),
        "dollars": formats.money(abs(now.saved_nanos)),
    }
    if now.is_worth_it:
        return _("With %(now)s debates a month a machine saves %(dollars)s a month, its price "
                 "included. It pays from %(debates)s debates a month on.") % words
    if most is not None and debates > most:  # nor would more machines: each has its price
        return _("With %(now)s debates a month a machine costs %(dollars)s a month more than the "
                 "cloud. It never pays on these assumptions: that takes %(debates)s debates a "
                 "month, and one machine can do %(most)s.") % words
    return _("With %(now)s debates a month a machine costs %(dollars)s a month more than the "
             "cloud. It pays from %(debates)s debates a month on.") % words


def _cards(given: Assumptions, outcomes: list[Outcome]) -> tuple[KpiCard, ...]:
    million = roi.million_local(given)
    return (
        KpiCard(_("1M tokens of your own"), money(million), note=_(
            "if busy as assumed; the cloud takes %(cloud)s"
        ) % {"cloud": formats.money(given.cloud_nanos)}),
        KpiCard(_("Break-even, debates a month"), count(roi.break_even_debates(given)),
                note=_beyond(given)),
        *(KpiCard(
            _("Months to pay back, %(users)d× users") % {"users": each.users}, _months(each),
            note=_machines(each),
        ) for each in outcomes),
    )


def _beyond(given: Assumptions) -> str:
    """One machine may not be able to do what it would need to do."""
    debates, most = roi.break_even_debates(given), roi.debates_of_one_machine(given)
    if debates is None or most is None:
        return ""
    words = {"most": formats.count(most)}
    if debates > most:
        return _("more than one machine can do: %(most)s") % words
    return _("one machine can do %(most)s") % words


def _months(found: Outcome) -> Cell:
    if found.payback_months is None:
        return text(pgettext("months until it is paid back", "never"))
    return count(ceil(found.payback_months))


def _machines(found: Outcome) -> str:
    return ngettext("%(n)s machine", "%(n)s machines", found.machines) % {
        "n": formats.count(found.machines)
    }


def comparison(outcomes: list[Outcome]) -> Table:
    columns = (Column(_("A month")), *(
        Column(_("%(users)d× users") % {"users": each.users}, is_number=True)
        for each in outcomes
    ))
    lines: tuple[tuple[str, Any], ...] = (
        (_("Debates"), lambda found: count(found.debates)),
        (_("Output tokens that go local"), lambda found: count(found.local_tokens)),
        (_("Machines"), lambda found: count(found.machines)),
        (_("Busy, of the time"), lambda found: share(found.busy_bp)),
        (_("The same in the cloud"), lambda found: money(found.cloud_nanos, places=2)),
        (_("Hardware, by its lifetime"), lambda found: money(found.hardware_nanos, places=2)),
        (_("Power"), lambda found: money(found.energy_nanos, places=2)),
        (_("Saved"), lambda found: money(found.saved_nanos, places=2)),
        (_("1M local tokens, at this load"), lambda found: money(found.million_nanos, places=4)),
        (_("Months to pay back"), _months),
    )
    rows = tuple(
        (text(name), *(cell(found) for found in outcomes)) for name, cell in lines
    )
    return Table(_("Today’s users, and ten times as many"), columns, rows, is_caption_hidden=True)


def sources(state: RoiState) -> Table:
    columns = (
        Column(_("Assumption")), Column(_("Value")), Column(_("Where it is from")),
    )
    rows = tuple(
        (text(str(each.input.label)), text(each.text), text(each.source)) for each in state.given
    )
    return Table(_("Assumptions and their sources"), columns, rows, is_caption_hidden=True)


def _figure(state: RoiState) -> Figure:
    title = _("Paid in all, by month, with today’s users")
    points = paid(state.assumptions)
    columns = (
        Column(_("Months")), Column(_("In the cloud"), is_number=True),
        Column(_("With your own machine"), is_number=True),
    )
    rows = tuple(
        (text(str(month)), money(cloud, places=2), money(own, places=2))
        for month, cloud, own in points
    )
    query = f"?{state.query}" if state.query else ""
    return Figure(
        id="paid", title=title, table=Table(title, columns, rows, is_caption_hidden=True),
        note=_("Of traffic that may go local. Where the lines cross, the machine is paid back."),
        json=_lines(points).to_json(), csv_url=f"{reverse('dashboard:roi_csv')}{query}",
    )


def paid(given: Assumptions) -> list[tuple[int, int, int]]:
    """Month, cloud, own; up to the lifetime, five years at most."""
    last = min(given.lifetime_months, MOST_MONTHS)
    return [(month, *roi.paid_after(given, month)) for month in range(last + 1)]


def _lines(points: list[tuple[int, int, int]]) -> "PlotlyFigure":
    from plotly.graph_objects import Figure as PlotlyFigure

    def line(name: str, place: int, color: str, **how: str) -> dict[str, Any]:
        return {
            "type": "scatter", "mode": "lines", "name": name, "meta": {"color": color},
            "x": [point[0] for point in points],
            "y": [float(to_usd(point[place])) for point in points],
            "line": {"width": 2, **how}, "hovertemplate": "%{y:$,.2f}",
        }

    traces = [
        line(_("In the cloud"), 1, "calls"),
        line(_("With your own machine"), 2, "dollars", dash="dash"),
    ]
    return PlotlyFigure(data=traces, layout={
        "template": "none", "hovermode": "x unified", "xaxis": {"nticks": 8},
        "yaxis": {"tickprefix": "$", "tickformat": ",.0f", "rangemode": "tozero"},
    })


def rows(state: RoiState) -> Iterator[Row]:
    """Of the export: assumptions, results, and what is paid by month."""
    yield ("part", "name", "users", "value", "unit", "source")
    for each in state.given:
        yield ("assumption", each.input.name, None, each.value, "", each.source)
    given = state.assumptions
    yield ("result", "million_local_tokens", None, roi.million_local(given), "nanos", "")
    yield ("result", "break_even_debates", None, roi.break_even_debates(given), "debates", "")
    for users in USERS:
        found = roi.outcome(given, users=users)
        months = found.payback_months
        yield ("result", "machines", users, found.machines, "", "")
        yield ("result", "cloud", users, found.cloud_nanos, "nanos", "")
        yield ("result", "hardware", users, found.hardware_nanos, "nanos", "")
        yield ("result", "energy", users, found.energy_nanos, "nanos", "")
        yield ("result", "saved", users, found.saved_nanos, "nanos", "")
        yield ("result", "payback", users, None if months is None else f"{float(months):.2f}",
               "months", "")
    for month, cloud, own in paid(given):
        yield ("paid", f"cloud_after_{month}", 1, cloud, "nanos", "")
        yield ("paid", f"own_after_{month}", 1, own, "nanos", "")

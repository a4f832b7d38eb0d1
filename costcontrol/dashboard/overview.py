"""What the overview shows, put together: one reading of the range, one of the period before.

Each part is made by itself. One that fails is shown as a card that says so, with a reference to
the log, and the others live on.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar
from uuid import uuid4

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.models import UsageRecord
from billing.models_operator import Alert
from billing.reports import budget_today, facts, kpis, savings
from billing.reports.facts import Facts
from billing.reports.ranges import Range
from billing.reports.scope_names import scope_names
from costcontrol import formats
from costcontrol.dashboard import alert_rules, cards, charts
from costcontrol.dashboard.alerts import AlertLine, unresolved
from costcontrol.dashboard.components import BudgetBar, Figure, KpiCard
from costcontrol.dashboard.filters import State
from costcontrol.dashboard.month import month_figure
from costcontrol.dashboard.summary import summary

T = TypeVar("T")
LATE_AFTER_S = 300
MOST_ALERTS = 5
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Broken:
    """A part that failed. `reference` stands in the log beside what happened."""

    id: str
    title: str
    reference: str


@dataclass(frozen=True, slots=True)
class Overview:
    """`stale`: what the figures lack. `late`: why they took long. `empty`: why there is nothing to
    show, in a word for the template."""

    state: State
    as_of: datetime
    stale: str = ""
    late: str = ""
    empty: str = ""
    summary: str | Broken = ""
    alerts: tuple[AlertLine, ...] | Broken = ()
    is_nobody_told: bool = False
    month: Figure | Broken | None = None
    cards: tuple[KpiCard, ...] | Broken = ()
    budgets: tuple[BudgetBar, ...] | Broken = ()
    figures: tuple[Figure | Broken, ...] = field(default=())


def overview(state: State) -> Overview:
    budgets = attempt(lambda: _budgets(state), id="budgets", title=_("Budgets"))
    read = attempt(lambda: _facts(state), id="figures", title=_("Figures"))
    if isinstance(read, Broken):
        return Overview(state, state.question.now, budgets=budgets, figures=(read,))
    now, before = read
    open_ones = attempt(lambda: open_alerts(state), id="alerts", title=_("What needs somebody"))
    empty = "" if now.calls or now.cost_nanos else _why_empty(state)
    return Overview(
        state, now.as_of, stale_text(lag_s=now.lag_s, missing_hours=now.missing_hours),
        late_text(lag_s=now.lag_s, missing_hours=now.missing_hours), empty, budgets=budgets,
        alerts=open_ones, is_nobody_told=attempt(
            alert_rules.is_nobody_told_now, id="rules", title=_("Rules of alerts")
        ) is True, month=None if empty == "never" else attempt(
            lambda: month_figure(state), id="month", title=_("This month")
        ),
        summary=attempt(lambda: summary(now), id="summary", title=_("Summary")),
        cards=attempt(lambda: _cards(now, before, state), id="kpis", title=_("At a glance")),
        figures=() if empty else tuple(_figure(chart, now, state) for chart in charts.CHARTS),
    )


def attempt(make: Callable[[], T], *, id: str, title: str) -> T | Broken:
    """The decision to show the rest of the page when a part of it fails."""
    try:
        return make()
    except Exception:
        reference = uuid4().hex[:8]
        log.exception("the part %r of the overview failed, reference %s", id, reference)
        return Broken(id, title, reference)


def _facts(state: State) -> tuple[Facts, Facts | None]:
    before = facts.load_previous(state.question) if state.compares else None
    return facts.load(state.question), before


def _figure(chart: charts.Chart, read: Facts, state: State) -> Figure | Broken:
    return attempt(
        lambda: charts.draw(chart, read, state), id=chart.id, title=str(chart.title)
    )


def _cards(now: Facts, before: Facts | None, state: State) -> tuple[KpiCard, ...]:
    words = than(now.question.range, now=now.question.now)
    notes = cards.notes(calls=now.calls, saved=savings.saved(now))
    return tuple(
        cards.card(kpi, than=words, state=state, note=notes.get(kpi.key, ""))
        for kpi in kpis.kpis(now, before)
    )


def open_alerts(state: State) -> tuple[AlertLine, ...]:
    """Those that nobody has in hand."""
    lines = unresolved(now=state.question.now)
    return tuple(line for line in lines if line.alert.state == Alert.State.OPEN)[:MOST_ALERTS]


def than(days: Range, *, now: datetime) -> str:
    """One day has a sentence of its own: Korean has one form for all numbers. Only the day that is
    running is held against a part of the one before."""
    if days.days > 1:
        return _("than the %(days)d days before") % {"days": days.days}
    if now < days.end:
        return _("than the day before, up to the same time")
    return _("than the day before")


def _budgets(state: State) -> tuple[BudgetBar, ...]:
    found = budget_today.budgets(now=state.question.now)
    names = scope_names((budget.scope_kind, budget.scope_id) for budget in found)
    return tuple(
        cards.budget_bar(
            budget, name=names[budget.scope_kind, budget.scope_id], zone=state.zone
        ) for budget in found
    )


def stale_text(*, lag_s: int, missing_hours: int) -> str:
    """What the figures lack; empty where they lack nothing."""
    if not missing_hours:
        return ""
    return ngettext(
        "The hourly sums are %(time)s behind, and %(hours)d hour is not in the figures yet.",
        "The hourly sums are %(time)s behind, and %(hours)d hours are not in the figures yet.",
        missing_hours,
    ) % {"time": formats.duration(lag_s * 1000), "hours": missing_hours}


def late_text(*, lag_s: int, missing_hours: int) -> str:
    """Why figures that lack nothing took long."""
    if missing_hours or lag_s <= LATE_AFTER_S:
        return ""
    return _(
        "The hourly sums are %(time)s behind. The newest hours are read from the calls "
        "themselves, which takes longer; the figures are right."
    ) % {"time": formats.duration(lag_s * 1000)}


def _why_empty(state: State) -> str:
    if not UsageRecord.objects.exists():
        return "never"
    return "filters" if state.is_filtered else "range"

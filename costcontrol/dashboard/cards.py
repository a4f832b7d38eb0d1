"""Key figures and budgets as cards: names, notes, and what became of a figure."""

from collections.abc import Callable, Mapping
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from billing.models import Budget
from billing.reports.budget_today import BudgetToday
from billing.reports.shapes import Kpi, Unit
from billing.reports.spend import Saved
from costcontrol import formats
from costcontrol.dashboard import components
from costcontrol.dashboard.components import BudgetBar, Cell, Change, KpiCard
from costcontrol.dashboard.filters import State

CELLS: Mapping[Unit, Callable[[int | None], Cell]] = {
    Unit.NANOS: components.money,
    Unit.CALLS: components.count,
    Unit.MS: components.duration,
    Unit.BASIS_POINTS: components.share,
}
TITLES: Mapping[str, str | Promise] = {
    "spend": gettext_lazy("Spent"),
    "saved": gettext_lazy("Saved (estimated)"),
    "cost_per_debate": gettext_lazy("Cost of a debate"),
    "cache_hits": gettext_lazy("Answered from the cache"),
    "latency_p95": gettext_lazy("Time to answer, p95"),
    "error_rate": gettext_lazy("Calls that failed"),
}
NOTES: Mapping[str, str | Promise] = {
    "cost_per_debate": gettext_lazy("on average, all its calls together"),
    "cache_hits": gettext_lazy("of the answered calls"),
    "latency_p95": gettext_lazy("95 of 100 provider calls were faster"),
    "error_rate": gettext_lazy("no answer because something broke; refusals are not in it"),
}
LEADS_TO: Mapping[str, tuple[str, dict[str, str]]] = {  # what a figure is made of
    "spend": ("explorer", {}),
    "saved": ("explorer", {"measure": "saved"}),
    "cost_per_debate": ("debates", {"order": "dearest"}),
    "cache_hits": ("explorer", {"measure": "calls", "group": "layer"}),
    "error_rate": ("calls", {"outcome": "failed"}),
}
PERIODS = {
    Budget.Period.DAY: gettext_lazy("today"),
    Budget.Period.MONTH: gettext_lazy("this month"),
    Budget.Period.TOTAL: gettext_lazy("ever"),
}


def card(kpi: Kpi, *, than: str, state: State, note: str = "") -> KpiCard:
    return KpiCard(
        label=str(TITLES[kpi.key]),
        cell=CELLS[kpi.unit](kpi.value),
        change=change(kpi, than=than),
        note=note or str(NOTES.get(kpi.key, "")),
        href=_url(kpi.key, state),
    )


def _url(key: str, state: State) -> str:
    """What is behind a figure, with the same filters."""
    if key not in LEADS_TO:
        return ""
    page, changes = LEADS_TO[key]
    return f"{reverse(f'dashboard:{page}')}?{state.as_query(**changes)}"


def change(kpi: Kpi, *, than: str) -> Change | None:
    """In hundredths of a percent of what it was; None where there is nothing to compare with."""
    if kpi.value is None or not kpi.previous or kpi.previous < 0:
        return None
    points = round((kpi.value - kpi.previous) * 10_000 / kpi.previous)
    is_good = None if points == 0 else (points < 0) == kpi.is_less_better
    return Change(points, is_good, than)


def notes(*, calls: int, saved: Saved | None) -> dict[str, str]:
    """What stands under a figure of this range."""
    counted = ngettext("in %(calls)s call", "in %(calls)s calls", calls)
    return {
        "spend": counted % {"calls": formats.count(calls)},
        "saved": _saved_note(saved),
    }


def _saved_note(saved: Saved | None) -> str:
    if saved is None:
        return _("no call has a baseline to compare with")
    if not saved.calls:
        return _("failed attempts and our own calls; no call has a baseline to compare with")
    part = round(saved.nanos * 10_000 / saved.baseline_nanos) if saved.baseline_nanos else 0
    names = ", ".join(saved.baselines)
    return _("%(share)s of what %(baseline)s alone would have cost") % {
        "share": formats.share(part), "baseline": names,
    }


def budget_bar(budget: BudgetToday, *, name: str, zone: str) -> BudgetBar:
    """`name`: of its scope."""
    period = str(PERIODS.get(Budget.Period(budget.period), budget.period))
    return BudgetBar(
        label=capfirst(f"{name}, {period}"),
        cap_nanos=budget.cap,
        spent_nanos=budget.spent,
        held_nanos=budget.held,
        projected_nanos=budget.projected,
        soft_percent=budget.soft_percent,
        note=budget_note(budget, zone),
    )


def budget_note(budget: BudgetToday, zone: str) -> str:
    """The next thing that will happen to it."""
    if budget.left <= 0:
        return _(
            "Used up: nothing more is spent from it. Stored answers and free local models go on."
        )
    if budget.resets_at is None:
        return ""
    return _("A new one begins at %(time)s (%(zone)s).") % {
        "time": f"{budget.resets_at.astimezone(ZoneInfo(zone)):%m-%d %H:%M}", "zone": zone,
    }

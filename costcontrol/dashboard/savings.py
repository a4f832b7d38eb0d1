"""The savings page, put together: what was saved against one baseline, and whether that is true."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.reports import savings_report
from billing.reports.kpis import share as share_of
from billing.reports.savings_report import SavingsReport
from billing.reports.savings_sums import Statement
from billing.savings import known_sum
from costcontrol import formats
from costcontrol.dashboard import figures, savings_charts, savings_tables, tables
from costcontrol.dashboard.components import Figure, KpiCard, Table, money, share
from costcontrol.dashboard.filter_bar import FilterBar
from costcontrol.dashboard.holdout_check import CheckCard, check_card, compared
from costcontrol.dashboard.labels import language
from costcontrol.dashboard.savings_state import SavingsState, bar_of
from costcontrol.dashboard.savings_words import Off, baseline_text, off_keys, switched_off


@dataclass(frozen=True, slots=True)
class Listed:
    """A table with the address of its export."""

    id: str
    title: str
    note: str
    table: Table
    csv_url: str


@dataclass(frozen=True, slots=True)
class SavingsPage:
    """All that the template needs. `empty`: why there is nothing, in a word for it."""

    bar: FilterBar
    baseline: str
    stale: str
    empty: str
    cards: tuple[KpiCard, ...]
    figures: tuple[Figure, ...]
    lists: tuple[Listed, ...]
    off: tuple[Off, ...]
    check: CheckCard
    reset_url: str


def savings_page(state: SavingsState, *, today: str) -> SavingsPage:
    report = savings_report.load(state.shared.question, against=state.against)
    off = switched_off()
    empty = "" if report.whole.is_known or report.whole.cost_nanos else (
        "filters" if state.is_filtered else "range"
    )
    return SavingsPage(
        bar=bar_of(state, today=today),
        baseline=baseline_text(state.against, zone=state.shared.zone),
        stale=_stale(report), empty=empty, cards=_cards(report.whole),
        figures=() if empty else (_waterfall(report, state, off), _over_time(report, state)),
        lists=() if empty else _lists(report, state, off_keys(off)), off=off,
        check=check_card(compared(state.shared.question)),
        reset_url=_here(state.as_query(**state.shared.without_filters())),
    )


def _here(query: str) -> str:
    here = reverse("dashboard:savings")
    return f"{here}?{query}" if query else here


def _csv_url(name: str, state: SavingsState) -> str:
    return f"{reverse('dashboard:savings_csv', args=[name])}?{state.as_query()}"


def _cards(whole: Statement) -> tuple[KpiCard, ...]:
    saved = known_sum(whole.saved_nanos, whole.compared)
    part = None if saved is None else share_of(saved, whole.baseline_nanos)
    return (
        KpiCard(_("Saved, net (estimated)"), money(saved),
                note=_("what it cost to save is taken off")),
        KpiCard(_("Of the baseline"), share(part),
                note=_("the baseline: %(dollars)s") % {
                    "dollars": formats.money(whole.baseline_nanos)
                } if whole.is_known else ""),
        KpiCard(_("What saving cost"), money(-whole.own_nanos),
                note=_("answers made ahead, judges, our own machine, failed attempts")),
        KpiCard(_("Spent"), money(whole.cost_nanos), note=_compared(whole)),
    )


def _compared(whole: Statement) -> str:
    sentence = ngettext("%(n)s call compared", "%(n)s calls compared", whole.compared)
    return sentence % {"n": formats.count(whole.compared)}


def _waterfall(report: SavingsReport, state: SavingsState, off: tuple[Off, ...]) -> Figure:
    title = _("From the baseline to the spend")
    return Figure(
        id="waterfall", title=title,
        note=_("The baseline, less what each cause saved, plus what saving cost, is what was "
               "spent. Causes come in a fixed order, so each dollar is counted once."),
        table=savings_tables.waterfall(report, off_keys(off)),
        json=savings_charts.waterfall(savings_tables.steps_of(report.whole)).to_json()
        if report.whole.is_known else "",
        csv_url=_csv_url("waterfall", state), is_empty=not report.whole.is_known,
        empty_text=_("Nothing to compare: no call of this range has a baseline price."),
        height="large",
    )


def _over_time(report: SavingsReport, state: SavingsState) -> Figure:
    title, days = _("Saved, by cause (estimated)"), state.shared.range
    return Figure(
        id="causes", title=title, note=_("What saving cost hangs below the line."),
        table=tables.summed_table(report.series, caption=title, days=days),
        json="" if report.series.is_empty
        else figures.stacked_bars(report.series, days=days).to_json(),
        csv_url=_csv_url("causes", state), is_empty=report.series.is_empty,
        empty_text=_("Nothing was saved in these days, and nothing was spent to save."),
    )


def _lists(
    report: SavingsReport, state: SavingsState, off: Mapping[str, str]
) -> tuple[Listed, ...]:
    by = savings_tables.groups
    return tuple(
        Listed(name, table.caption, note, _captioned(table), _csv_url(name, state))
        for name, note, table in (
            ("layers", _("Hit rate: of the calls that a cache or a model answered. Templates are "
                         "no hits, and neither they nor our own calls are counted in it."),
             savings_tables.layers(report, off)),
            ("kinds", "", by(report.by_kind, title=_("By kind of call"), heading=_("Kind"),
                             name=str)),
            ("tiers", _("Answers that are made ahead stand in a line of their own."),
             by(report.by_tier, title=_("By tier"), heading=_("Tier"), name=str)),
            ("languages", "", by(report.by_language, title=_("By language"),
                                 heading=_("Language"), name=language)),
            ("searches", _searched(report), savings_tables.searches(report)),
        )
        if table.rows
    )


def _captioned(table: Table) -> Table:
    """The place of a table on the page has another name than the heading above it."""
    return replace(table, caption=_("%(title)s, in figures") % {"title": table.caption})


def _searched(report: SavingsReport) -> str:
    return _(
        "Searches are billed apart from tokens. %(stored)s more were not bought, because their "
        "results were stored."
    ) % {"stored": formats.count(report.searches.stored)}


def _stale(report: SavingsReport) -> str:
    if not report.missing_hours:
        return ""
    return ngettext(
        "%(hours)d hour is being added up anew and is not in the figures yet.",
        "%(hours)d hours are being added up anew and are not in the figures yet.",
        report.missing_hours,
    ) % {"hours": report.missing_hours}

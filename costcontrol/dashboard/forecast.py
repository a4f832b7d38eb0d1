"""The forecast page, put together: what is to come, limits that are reached, days that were odd."""

from dataclasses import dataclass
from datetime import timedelta

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.forecast_model import MIN_DAYS
from billing.reports.anomaly_days import Outcome
from billing.reports.day_history import History, histories
from billing.reports.facts import filters_known
from billing.reports.forecast_limits import outlooks
from costcontrol.dashboard import forecast_tables as tables
from costcontrol.dashboard.components import Figure, KpiCard, Table
from costcontrol.dashboard.filter_bar import FilterBar, filter_bar
from costcontrol.dashboard.filters import State
from costcontrol.dashboard.forecast_cards import cards
from costcontrol.dashboard.forecast_charts import forecast_figure
from costcontrol.dashboard.forecast_facts import ForecastFacts, facts_of
from costcontrol.dashboard.forecast_growth import growth
from costcontrol.dashboard.forecast_words import emails_of, headline, nothing_odd

SHOWN_BEFORE = 42  # days of the past in the picture, unless the range asks for more
OFFERED = ("tier", "language", "deployment", "provider", "class", "kind", "user")


@dataclass(frozen=True, slots=True)
class Odd:
    """One day out of the ordinary: a sentence, and what stands behind it."""

    id: str
    sentence: str
    calls_url: str
    table: Table | None


@dataclass(frozen=True, slots=True)
class ForecastPage:
    """All that the template needs. `empty`: why there is nothing, in a word for it; `learning`:
    days that are lacking for a forecast."""

    bar: FilterBar
    stale: str
    empty: str
    learning: str
    cards: tuple[KpiCard, ...]
    figure: Figure | None
    limits: Table
    tiers: Table
    growth: Table | None
    odd: tuple[Odd, ...]
    nothing_odd: str
    query: str


def forecast_page(state: State) -> ForecastPage:
    facts, now = facts_of(state), state.question.now
    is_empty = not facts.past.costs and not facts.past.so_far
    limits = () if state.is_filtered else outlooks(now=now)
    by_tier = {} if "tier" in state.applied or is_empty else histories(
        zone=state.zone, now=now, filters=state.slices, group_by="tier", has_rests=True
    )
    return ForecastPage(
        bar=filter_bar(
            state, filters_known(), today=facts.past.today.isoformat(), offers=OFFERED
        ),
        stale=_stale(facts.past),
        empty=("filters" if state.is_filtered else "never") if is_empty else "",
        learning=_learning(facts), cards=() if is_empty else cards(facts, limits),
        figure=None if is_empty or not facts.past.costs else _figure(facts, state),
        limits=tables.limits(limits), tiers=tables.tiers(by_tier),
        growth=None if is_empty or state.is_filtered else growth(
            facts.end, facts.found, limits, zone=state.zone, now=now
        ),
        odd=_odd(facts.odd, state), nothing_odd=nothing_odd(facts.odd), query=state.as_query(),
    )


def _figure(facts: ForecastFacts, state: State) -> Figure:
    first = min(state.range.first, facts.past.today - timedelta(days=SHOWN_BEFORE))
    title = _("Spend by day, and what is to come")
    note = _(
        "Dashed: expected. The dotted lines hold a day 9 times in 10, judged by how far this "
        "forecast was off before (%(errors)d past forecasts)."
    ) % {"errors": facts.found.errors} if facts.found.is_known else ""
    return Figure(
        id="forecast", title=title, note=note,
        table=tables.days(facts.past, facts.found, facts.odd, first=first, caption=title),
        json=forecast_figure(facts.past, facts.found, facts.odd, first=first).to_json(),
        csv_url=f"{reverse('dashboard:forecast_csv', args=['days'])}?{state.as_query()}",
        height="large",
    )


def _odd(odd: Outcome, state: State) -> tuple[Odd, ...]:
    emails = emails_of(odd.all)
    return tuple(
        Odd(
            id=f"odd-{place}",
            sentence=headline(each, is_today=each is odd.today),
            calls_url=f"{reverse('dashboard:calls')}?" + state.as_query(
                range="", **{"from": each.day.isoformat(), "to": each.day.isoformat()}
            ),
            table=tables.contributors(each, emails) if each.contributors else None,
        )
        for place, each in enumerate(odd.all, start=1)
    )


def _learning(facts: ForecastFacts) -> str:
    if facts.found.is_known or (not facts.past.costs and not facts.past.so_far):
        return ""
    lacking = MIN_DAYS - len(facts.past.costs)
    if lacking <= 0:
        return _("Nothing was spent on any whole day yet, so there is nothing to forecast.")
    return ngettext(
        "A forecast needs two weeks with calls: %(days)d more whole day is needed.",
        "A forecast needs two weeks with calls: %(days)d more whole days are needed.", lacking,
    ) % {"days": lacking}


def _stale(past: History) -> str:
    if not past.missing:
        return ""
    return ngettext(
        "The hourly sums are behind: %(days)d day is not in the figures yet.",
        "The hourly sums are behind: %(days)d days are not in the figures yet.", past.missing,
    ) % {"days": past.missing}

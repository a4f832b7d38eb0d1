"""What the forecast page, its exports and other pages are made of, read once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from billing.forecast import Forecast
from billing.reports import anomaly_days
from billing.reports.anomaly_days import Outcome
from billing.reports.day_history import History, history
from billing.reports.facts import filters_known
from billing.reports.forecast_limits import PeriodEnd, ahead, month_end
from costcontrol.dashboard.filter_names import EVERY
from costcontrol.dashboard.filters import State, state_of


@dataclass(frozen=True, slots=True)
class ForecastFacts:
    """What the page and its exports are made of."""

    past: History
    found: Forecast
    end: PeriodEnd | None
    odd: Outcome


def page_state(query: Mapping[str, str], *, now: datetime) -> State:
    return state_of(query, choices=filters_known(), now=now, applies=EVERY)


def facts_of(state: State, *, explained: int = anomaly_days.EXPLAINED) -> ForecastFacts:
    now = state.question.now
    past = history(zone=state.zone, now=now, filters=state.slices, has_rests=True)
    found = ahead(past)
    odd = anomaly_days.find(past, now=now, filters=state.slices, explained=explained)
    return ForecastFacts(past, found, month_end(past, found), odd)

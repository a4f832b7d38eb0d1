"""The tables of the forecast page that have no chart as files: budgets, and the month by tier."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date

from billing.reports.day_history import histories
from billing.reports.forecast_limits import PeriodEnd, outlooks
from costcontrol.dashboard.csvs import Row, Value
from costcontrol.dashboard.filters import State
from costcontrol.dashboard.forecast_tables import tier_end
from costcontrol.lib.money import to_usd


def export(name: str, state: State) -> Iterator[Row] | None:
    """The rows of a file. None: there is no such table."""
    rows = TABLES.get(name)
    return rows(state) if rows else None


def _limits(state: State) -> Iterator[Row]:
    """Budgets are of all calls, whatever the filters. Empty days: not in this period, or too
    little history to say."""
    yield (
        "scope", "scope_id", "period", "cap_nanos", "cap_usd", "spent_nanos", "spent_usd",
        *_end_names(), "used_up_earliest", "used_up_likely", "used_up_latest",
    )
    for each in outlooks(now=state.question.now):
        reach = each.reach
        days = (reach.earliest, reach.likely, reach.latest) if reach else (None, None, None)
        yield (
            each.scope_kind, each.scope_id, each.period, *_money(each.cap_nanos),
            *_money(each.spent_nanos), *_end(each.at_end), *map(_day, days),
        )


def _tiers(state: State) -> Iterator[Row]:
    yield ("tier", "this_month_nanos", "this_month_usd", *_end_names())
    if "tier" in state.applied:
        return  # as on the page: of one tier the whole is the forecast
    now, zone = state.question.now, state.zone
    found = histories(
        zone=zone, now=now, filters=state.slices, group_by="tier", has_rests=True
    )
    for name, past in sorted(found.items()):
        spent, end = tier_end(past)
        yield (name, *_money(spent), *_end(end))


def _end_names() -> tuple[str, ...]:
    return tuple(
        f"{name}_{unit}" for name in ("at_end", "at_least", "at_most") for unit in ("nanos", "usd")
    )


def _end(end: PeriodEnd | None) -> tuple[Value, ...]:
    nanos = (end.middle, end.low, end.high) if end else (None, None, None)
    return tuple(value for each in nanos for value in _money(each))


def _money(nanos: int | None) -> tuple[Value, Value]:
    return nanos, None if nanos is None else to_usd(nanos)


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


TABLES: Mapping[str, Callable[[State], Iterator[Row]]] = {"limits": _limits, "tiers": _tiers}

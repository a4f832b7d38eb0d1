"""What the month would cost with more users: the forecast, so many times, beside the budgets.

Arithmetic, no prediction: each further user is taken to ask and to pay as much as those of today.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from billing.forecast import Forecast
from billing.models import Budget, ScopeKind
from billing.reports import margin, subscriptions
from billing.reports.forecast_limits import LimitOutlook, PeriodEnd
from billing.reports.rates import Rates
from costcontrol.dashboard.components import Cell, Column, Table, money, text
from costcontrol.dashboard.forecast_words import period_name, scope_name

TENTHS = (10, 15, 20, 30, 50, 100)  # of today's users
PLACES = 2


@dataclass(frozen=True, slots=True)
class Growth:
    """`earned_nanos`: what plans bring in for 30 days; 0: nobody pays, so it is left out."""

    end: PeriodEnd
    found: Forecast
    limits: Sequence[LimitOutlook]
    earned_nanos: int


def growth(
    end: PeriodEnd | None, found: Forecast, limits: Sequence[LimitOutlook], *, zone: str,
    now: datetime,
) -> Table | None:
    """None: too little history for a forecast."""
    if end is None:
        return None
    _days, span = margin.days_of(now, zone=zone)
    earned, _left_out = margin.earned_by(subscriptions.read(), span, Rates.of_settings())
    return table(Growth(end, found, limits, sum(earned.values())))


def table(facts: Growth) -> Table:
    columns = [
        Column(_("Users")), Column(_("This month, at its end"), is_number=True),
        Column(_("At most"), is_number=True),
    ]
    if facts.earned_nanos:
        columns += [
            Column(_("Plans bring in"), is_number=True), Column(_("Left over"), is_number=True),
        ]
    columns.append(Column(_("Budgets that would be used up")))
    rows = tuple(_row(facts, tenths) for tenths in TENTHS)
    return Table(_("The month with more users"), tuple(columns), rows, is_caption_hidden=True)


def _row(facts: Growth, tenths: int) -> tuple[Cell, ...]:
    cost, most, earned = (
        nanos * tenths // 10 for nanos in (facts.end.middle, facts.end.high, facts.earned_nanos)
    )
    dollars = [cost, most, *((earned, earned - cost) if facts.earned_nanos else ())]
    return (
        text(_times(tenths)), *(money(each, places=PLACES) for each in dollars),
        text(" · ".join(_used_up(facts, tenths)) or _("none")),
    )


def _times(tenths: int) -> str:
    whole, rest = divmod(tenths, 10)
    return f"{whole}.{rest}×" if rest else f"{whole}×"


def _used_up(facts: Growth, tenths: int) -> list[str]:
    return [words for each in facts.limits if (words := _limit(each, facts.found, tenths))]


def _limit(each: LimitOutlook, found: Forecast, tenths: int) -> str:
    """Empty: it would hold. A day's budget of a part has no days of its own here."""
    name = scope_name(each.scope_kind, each.scope_id, {})
    if each.period == Budget.Period.MONTH:
        over = each.at_end is not None and each.at_end.middle * tenths // 10 >= each.cap_nanos
        return f"{name}, {period_name(each.period)}" if over else ""
    if each.scope_kind != ScopeKind.PLATFORM:
        return ""
    days = sum(day.middle * tenths // 10 >= each.cap_nanos for day in found.days)
    if not days:
        return ""
    return _("%(budget)s, on %(days)d of %(all)d days") % {
        "budget": name, "days": days, "all": len(found.days)
    }

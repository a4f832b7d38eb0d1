"""The forecast as tables and as rows of exports."""

from collections.abc import Iterator, Mapping
from datetime import date

from django.utils.translation import gettext as _

from billing.anomalies import Anomaly
from billing.forecast import Expected, Forecast
from billing.models import ScopeKind
from billing.reports.anomaly_days import BOTH, Outcome
from billing.reports.call_lines import user_names
from billing.reports.day_history import History
from billing.reports.forecast_limits import (
    LimitOutlook,
    PeriodEnd,
    ahead,
    month_end,
    spent_this_month,
)
from costcontrol.dashboard.components import Cell, Column, Table, money, share, text
from costcontrol.dashboard.csvs import Row
from costcontrol.dashboard.filter_names import title_of
from costcontrol.dashboard.forecast_words import (
    NAMES,
    contributor_name,
    part_of_jump,
    period_name,
    reach_between,
    reach_words,
    scope_name,
)
from costcontrol.lib.money import to_usd

PLACES = 4


def days(
    past: History, found: Forecast, odd: Outcome, *, first: date, caption: str
) -> Table:
    """What is to come on top, the nearest day first; then the past, newest first."""
    columns = (
        Column(_("Day")), *(Column(name, is_number=True) for name in (
            _("Spent"), _("Expected"), _("At least"), _("At most")
        )),
    )
    known = {each.day: each for each in odd.days}
    spent = [
        (day, cost) for day, cost in zip(past.days, past.costs, strict=True) if day >= first
    ]
    rows = [_ahead_row(each) for each in found.days]
    rows += [_past_row(day, cost, known.get(day)) for day, cost in reversed(spent)]
    return Table(caption, columns, tuple(rows), is_caption_hidden=True)


def _ahead_row(each: Expected) -> tuple[Cell, ...]:
    return (text(each.day.isoformat()), money(None), *_dollars(each.middle, each.low, each.high))


def _past_row(day: date, cost: int, odd: Anomaly | None) -> tuple[Cell, ...]:
    if odd is None:
        return (text(day.isoformat()), *_dollars(cost, None, None, None))
    return (
        text(day.isoformat(), note=_("out of the ordinary")),
        *_dollars(cost, odd.expected, odd.expected_low, odd.expected_high),
    )


def _dollars(*nanos: int | None) -> tuple[Cell, ...]:
    return tuple(money(each, places=PLACES) for each in nanos)


def limits(found: tuple[LimitOutlook, ...]) -> Table:
    columns = (
        Column(_("Budget")), Column(_("Cap"), is_number=True), Column(_("Spent"), is_number=True),
        Column(_("At its end"), is_number=True), Column(_("Used up")),
        Column(_("9 times in 10")),
    )
    emails = _emails(found)
    rows = tuple(
        (
            text(scope_name(each.scope_kind, each.scope_id, emails),
                 note=period_name(each.period)),
            *_dollars(each.cap_nanos, each.spent_nanos),
            money(each.at_end.middle if each.at_end else None, places=PLACES),
            text(reach_words(each)), text(reach_between(each) or None),
        )
        for each in found
    )
    return Table(
        _("When budgets are used up"), columns, rows, is_caption_hidden=True,
        empty_text=_("No budget of a day or a month is set on everything, a provider, a tier or "
                     "a user."),
    )


def _emails(found: tuple[LimitOutlook, ...]) -> dict[str, str]:
    numbers = [
        int(each.scope_id) for each in found
        if each.scope_kind == ScopeKind.USER and each.scope_id.isdecimal()
    ]
    return {str(pk): name for pk, name in user_names(numbers).items()} if numbers else {}


def tiers(by_tier: Mapping[str, History]) -> Table:
    """What each tier will have cost at the end of the month."""
    columns = (
        Column(_("Tier")), *(Column(name, is_number=True) for name in (
            _("This month so far"), _("At its end"), _("At least"), _("At most")
        )),
    )
    rows = tuple(_tier_row(name, past) for name, past in sorted(by_tier.items()))
    return Table(_("This month by tier"), columns, rows, is_caption_hidden=True)


def _tier_row(name: str, past: History) -> tuple[Cell, ...]:
    spent, end = tier_end(past)
    return (text(name or _("not said")), *_dollars(
        spent, end.middle if end else None, end.low if end else None, end.high if end else None
    ))


def tier_end(past: History) -> tuple[int, PeriodEnd | None]:
    """Spent this month so far, and what its end will be. None: too little history."""
    spent = past.so_far + spent_this_month(past)
    return spent, month_end(past, ahead(past))


def contributors(found: Anomaly, emails: dict[str, str]) -> Table:
    columns = (
        Column(_("What")), Column(_("Which")), Column(_("More or less"), is_number=True),
        Column(_("Part of the difference"), is_number=True),
    )
    rows = tuple(
        (
            text(title_of(NAMES[each.dimension])), text(contributor_name(each, emails)),
            money(each.delta_nanos, places=PLACES), share(part_of_jump(each, found)),
        )
        for each in found.contributors if each.dimension != BOTH
    )
    caption = _("What made the difference on %(day)s") % {"day": found.day.isoformat()}
    return Table(caption, columns, rows, is_caption_hidden=True)


def export(
    name: str, past: History, found: Forecast, odd: Outcome
) -> Iterator[Row] | None:
    """The rows of a file. None: there is no such table."""
    if name == "days":
        return _day_rows(past, found)
    return _odd_rows(odd) if name == "anomalies" else None


def _day_rows(past: History, found: Forecast) -> Iterator[Row]:
    yield (
        "day", "spent_nanos", "spent_usd", "expected_nanos", "low_nanos", "high_nanos",
        "expected_usd", "low_usd", "high_usd",
    )
    for day, cost in zip(past.days, past.costs, strict=True):
        yield (day.isoformat(), cost, to_usd(cost), *[None] * 6)
    for each in found.days:
        nanos = (each.middle, each.low, each.high)
        yield (each.day.isoformat(), None, None, *nanos, *map(to_usd, nanos))


def _odd_rows(odd: Outcome) -> Iterator[Row]:
    yield (
        "day", "spent_nanos", "expected_nanos", "low_nanos", "high_nanos", "dimension", "key",
        "difference_nanos", "difference_usd",
    )
    for each in odd.all:
        facts = (
            each.day.isoformat(), each.value, each.expected, each.expected_low,
            each.expected_high,
        )
        yield (*facts, "", "", each.delta_nanos, to_usd(each.delta_nanos))
        for part in each.contributors:
            yield (
                *facts, part.dimension, part.key, part.delta_nanos, to_usd(part.delta_nanos)
            )

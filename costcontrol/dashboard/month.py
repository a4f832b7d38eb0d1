"""This month against the platform's budget: spent so far, and where the forecast ends."""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.translation import gettext as _

from billing.forecast import Forecast
from billing.models import Budget, ScopeKind
from billing.reports.day_history import History, history
from billing.reports.forecast_limits import ahead, raised_caps
from costcontrol import formats
from costcontrol.dashboard.components import Cell, Column, Figure, Table, money, text
from costcontrol.dashboard.filters import State
from costcontrol.lib.money import to_usd

if TYPE_CHECKING:
    from plotly.graph_objects import Figure as PlotlyFigure

PLACES = 2


@dataclass(frozen=True, slots=True)
class Day:
    """Nanos since the first of the month. `spent` None: ahead. `low` to `high` None: not known, or
    behind. `cap`: what budgets allow up to this day; None: no budget."""

    day: date
    spent: int | None
    low: int | None
    middle: int | None
    high: int | None
    cap: int | None


def month_figure(state: State) -> Figure:
    past = history(zone=state.zone, now=state.question.now, has_rests=True)
    caps = dict(Budget.objects.filter(
        scope_kind=ScopeKind.PLATFORM,
        period__in=(Budget.Period.DAY, Budget.Period.MONTH),
    ).values_list("period", "cap_nanos"))
    raised = raised_caps(state.question.now)
    caps = {
        period: raised.get((ScopeKind.PLATFORM, "", period), cap) for period, cap in caps.items()
    }
    days = month_of(past, ahead(past), caps)
    title = _("This month against its budget")
    return Figure(
        id="month", title=title, note=_note(days, caps),
        table=_table(title, days), json=_chart(days).to_json(),
        csv_url=reverse("dashboard:forecast_csv", args=["days"]),
        is_empty=not caps and not any(day.spent for day in days),
        empty_text=_("Nothing was spent this month yet."),
    )


def month_of(past: History, found: Forecast, caps: dict[str, int]) -> tuple[Day, ...]:
    """Every day of the running month."""
    first = past.today.replace(day=1)
    length = monthrange(first.year, first.month)[1]
    costs = {day: cost for day, cost in zip(past.days, past.costs, strict=True) if day >= first}
    costs[past.today] = past.so_far
    days = [first + timedelta(days=n) for n in range(length)]
    spent = list(accumulate(costs.get(day, 0) for day in days if day <= past.today))
    before = spent[-1] - past.so_far
    expected = {each.day: each for each in found.totals}
    return tuple(
        Day(
            day, spent[n] if n < len(spent) else None,
            *_around(expected.get(day), before), cap=_cap(caps, n + 1),
        )
        for n, day in enumerate(days)
    )


def _around(each: Any, before: int) -> tuple[int | None, int | None, int | None]:
    if each is None:
        return None, None, None
    return before + each.low, before + each.middle, before + each.high


def _cap(caps: dict[str, int], days: int) -> int | None:
    """The month's budget; else the day's, day by day."""
    if Budget.Period.MONTH in caps:
        return caps[Budget.Period.MONTH]
    daily = caps.get(Budget.Period.DAY)
    return None if daily is None else daily * days


def _note(days: Sequence[Day], caps: dict[str, int]) -> str:
    last = days[-1]
    spent = max((day.spent for day in days if day.spent is not None), default=0)
    sentences = [_budget_words(caps, spent)]
    if last.middle is None or last.low is None or last.high is None:
        sentences.append(_("There is too little history for a forecast yet."))
    else:
        sentences.append(
            _("By the end of the month it will likely be %(middle)s, between %(low)s and %(high)s.")
            % {"middle": formats.money(last.middle), "low": formats.money(last.low),
               "high": formats.money(last.high)}
        )
    return " ".join(sentences)


def _budget_words(caps: dict[str, int], spent: int) -> str:
    said = {"spent": formats.money(spent)}
    if Budget.Period.MONTH in caps:
        return _("%(spent)s of this month's %(cap)s is spent, all calls together.") % {
            **said, "cap": formats.money(caps[Budget.Period.MONTH])
        }
    if Budget.Period.DAY in caps:
        return _(
            "%(spent)s is spent this month, all calls together; the daily budget is %(cap)s."
        ) % {**said, "cap": formats.money(caps[Budget.Period.DAY])}
    return _(
        "%(spent)s is spent this month, all calls together. The platform has no budget; set one "
        "under Limits."
    ) % said


def _chart(days: Sequence[Day]) -> "PlotlyFigure":
    from plotly.graph_objects import Figure as PlotlyFigure

    dotted, dashed = {"width": 1, "dash": "dot"}, {"width": 2, "dash": "dash"}
    traces = [
        _line(_("At least"), days, [day.low for day in days], "other", dotted),
        _line(_("At most"), days, [day.high for day in days], "other", dotted),
        _line(_("Expected"), days, [day.middle for day in days], "dollars", dashed),
        _line(_("Spent so far"), days, [day.spent for day in days], "dollars", {"width": 3}),
        _line(_("Budget"), days, [day.cap for day in days], "failed", {"width": 2}),
    ]
    return PlotlyFigure(data=[each for each in traces if any(each["y"])], layout={
        "template": "none", "hovermode": "x unified", "showlegend": True,
        "xaxis": {"type": "date", "nticks": 8, "tickformat": "%m-%d", "hoverformat": "%Y-%m-%d"},
        "yaxis": {"tickprefix": "$", "rangemode": "tozero"},
    })


def _line(
    name: str, days: Sequence[Day], nanos: Sequence[int | None], color: str, line: dict[str, Any]
) -> dict[str, Any]:
    return {
        "type": "scatter", "mode": "lines", "name": name, "meta": {"color": color}, "line": line,
        "x": [day.day.isoformat() for day in days], "hovertemplate": "%{y:$,.2f}",
        "y": [None if each is None else float(to_usd(each)) for each in nanos],
    }


def _table(title: str, days: Sequence[Day]) -> Table:
    names = (_("Spent so far"), _("At least"), _("Expected"), _("At most"), _("Budget"))
    columns = (Column(_("Day")), *(Column(name, is_number=True) for name in names))
    return Table(title, columns, tuple(_row(day) for day in days), is_caption_hidden=True)


def _row(day: Day) -> tuple[Cell, ...]:
    values = (day.spent, day.low, day.middle, day.high, day.cap)
    return (
        text(day.day.isoformat()), *(money(value, places=PLACES) for value in values)
    )

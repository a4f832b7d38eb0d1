"""The monthly report as tables, and as the rows of its exports."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from billing.reports.call_lines import user_names
from billing.reports.monthly import OTHER, GroupLine, Monthly
from billing.reports.slices import NONE
from costcontrol.dashboard.components import Cell, Column, Table, count, money, share, text, when
from costcontrol.dashboard.csvs import Row
from costcontrol.dashboard.filter_names import title_of, value_words
from costcontrol.dashboard.forecast_words import NAMES, headline, period_name, scope_name
from costcontrol.dashboard.labels import label
from costcontrol.lib.money import to_usd

PLACES = 2


def groups(found: Monthly) -> tuple[tuple[str, Table], ...]:
    """By tier, model, kind, language and user, those that have something."""
    users = _users(found.groups["user"])
    return tuple(
        (name, _group(name, lines, found.cost_nanos, users))
        for name, lines in found.groups.items() if lines
    )


def _group(
    name: str, lines: tuple[GroupLine, ...], whole: int, users: Mapping[str, str]
) -> Table:
    title = title_of(NAMES[name])
    columns = (
        Column(title), Column(_("Calls"), is_number=True), Column(_("Spent"), is_number=True),
        Column(_("Share of dollars"), is_number=True),
    )
    rows = tuple(
        (
            text(_key_words(name, line.key, users)), count(line.calls),
            money(line.cost_nanos, places=PLACES), share(_part(line.cost_nanos, whole)),
        )
        for line in lines
    )
    return Table(_("Spend by: %(name)s") % {"name": title}, columns, rows, is_caption_hidden=True)


def _key_words(name: str, key: str, users: Mapping[str, str]) -> str:
    if key == OTHER:
        return _("All others")
    if name == "user":
        return users.get(key) or _("user %(number)s") % {"number": key}
    return value_words(NAMES[name], "" if key == NONE else key)


def _users(lines: tuple[GroupLine, ...]) -> dict[str, str]:
    """As other pages call them: by email, or by the number that their service knows."""
    numbers = [int(line.key) for line in lines if line.key.isdecimal()]
    return {str(pk): name for pk, name in user_names(numbers).items()} if numbers else {}


def _part(nanos: int, whole: int) -> int | None:
    return round(10_000 * nanos / whole) if whole else None


def saved(found: Monthly) -> Table:
    """Causes add up to what was saved, net."""
    columns = (Column(_("Cause")), Column(_("Saved"), is_number=True))
    rows = [
        (text(label(key)), money(nanos, places=PLACES)) for key, nanos in found.causes.items()
    ]
    if found.saved:
        rows.append((text(_("Saved, net")), money(found.saved.nanos, places=PLACES)))
    return Table(
        _("What was saved, and why"), columns, tuple(rows), is_caption_hidden=True,
        empty_text=_("Nothing to compare: no call of this month has a baseline price."),
    )


def refusals(found: Monthly) -> Table:
    columns = (Column(_("Reason")), Column(_("Calls"), is_number=True))
    rows = tuple((text(label(code)), count(calls)) for code, calls in found.refusals.items())
    return Table(
        _("Refused calls"), columns, rows, is_caption_hidden=True,
        empty_text=_("No call was refused."),
    )


def limits(found: Monthly) -> Table:
    columns = (
        Column(_("Budget")), Column(_("Used up, times"), is_number=True),
        Column(_("Cap"), is_number=True),
    )
    rows = tuple(
        (
            text(scope_name(each.scope_kind, each.scope_id, {}), note=period_name(each.period)),
            count(each.times), money(each.cap_nanos, places=PLACES),
        )
        for each in found.limits
    )
    return Table(
        _("Budgets that were used up"), columns, rows, is_caption_hidden=True,
        empty_text=_("No budget was used up."),
    )


def plans(found: Monthly) -> Table:
    columns = (
        Column(_("Plan")), Column(_("Users"), is_number=True), *(
            Column(name, is_number=True)
            for name in (_("Brings in"), _("Cost of calls"), _("Margin"))
        ),
    )
    rows = tuple(
        (
            text(plan.tier), count(plan.users), money(plan.earned_nanos, places=PLACES),
            money(plan.cost_nanos, places=PLACES), money(plan.nanos, places=PLACES),
        )
        for plan in found.income.plans
    )
    return Table(
        _("Plans of the month"), columns, rows, is_caption_hidden=True,
        empty_text=_("Nobody used a plan in this month."),
    )


def corrections(found: Monthly) -> Table:
    columns = (Column(_("When")), Column(_("Who")), Column(_("What")), Column(_("Why")))
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            when(each.at, zone=found.range.zone), text(each.actor),
            text(each.action, note=each.target), text(each.reason or None),
        )
        for each in found.corrections
    )
    return Table(
        _("Changes to prices, budgets and credit"), columns, rows, is_caption_hidden=True,
        empty_text=_("Nobody changed a price, a budget or credit in this month."),
    )


def rows(found: Monthly) -> Iterator[Row]:
    """Of the CSV: one figure a row."""
    yield ("month", "part", "name", "calls", "nanos", "usd", "number")

    def line(part: str, name: str, *, nanos: int | None = None, calls: int | None = None,
             number: int | None = None) -> Row:
        usd = None if nanos is None else to_usd(nanos)
        return (found.month, part, name, calls, nanos, usd, number)

    yield line("spend", "", nanos=found.cost_nanos, calls=found.calls)
    yield line("spend", "estimated", nanos=found.estimated_nanos)
    yield line("spend", "month_before", nanos=found.before_nanos)
    yield line("saved", "net", nanos=found.saved.nanos if found.saved else None)
    for cause, nanos in found.causes.items():
        yield line("saved", cause, nanos=nanos)
    for name, lines in found.groups.items():
        for each in lines:
            yield line(name, each.key, nanos=each.cost_nanos, calls=each.calls)
    yield line("debates", "", nanos=found.debates_nanos, number=found.debates)
    yield line("debates", "each", nanos=found.debate_nanos)
    yield line("revenue", "collected", nanos=found.income.collected_nanos)
    yield line("revenue", "plans", nanos=found.income.earned_nanos)
    yield line("revenue", "cost_of_plans", nanos=found.income.plan_cost_nanos)
    yield line("revenue", "margin", nanos=found.income.margin_nanos)
    for name, value in _expected(found):
        yield line("forecast", name, nanos=value)
    for odd in found.odd.days:
        yield line("anomaly", odd.day.isoformat(), nanos=odd.delta_nanos)
    for limit in found.limits:
        name = f"{limit.scope_kind}:{limit.scope_id}/{limit.period}"
        yield line("limit", name, nanos=limit.cap_nanos, number=limit.times)
    for code, calls in found.refusals.items():
        yield line("refused", code, calls=calls)
    for change in found.corrections:
        yield line("change", f"{change.at.isoformat()} {change.actor} {change.action} "
                   f"{change.target}")


def _expected(found: Monthly) -> tuple[tuple[str, int | None], ...]:
    each = found.expected
    return (
        ("expected", each.middle if each else None), ("at_least", each.low if each else None),
        ("at_most", each.high if each else None), ("off_by", found.off_forecast_nanos),
    )


def as_json(found: Monthly) -> dict[str, Any]:
    """The same figures; money in whole nano-USD."""
    return {
        "month": found.month, "zone": found.range.zone, "until": found.until.isoformat(),
        "is_over": found.is_over, "calls": found.calls, "cost_nanos": found.cost_nanos,
        "estimated_nanos": found.estimated_nanos, "month_before_nanos": found.before_nanos,
        "saved_nanos": found.saved.nanos if found.saved else None,
        "saved_by_cause_nanos": dict(found.causes),
        "groups": {
            name: [
                {"key": line.key, "calls": line.calls, "cost_nanos": line.cost_nanos}
                for line in lines
            ]
            for name, lines in found.groups.items()
        },
        "debates": found.debates, "cost_per_debate_nanos": found.debate_nanos,
        "collected_nanos": found.income.collected_nanos,
        "plans_bring_in_nanos": found.income.earned_nanos,
        "margin_nanos": found.income.margin_nanos,
        "forecast_nanos": {name.replace(" ", "_"): value for name, value in _expected(found)},
        "anomalies": [
            {
                "day": odd.day.isoformat(), "spent_nanos": odd.value,
                "expected_nanos": odd.expected, "said": headline(odd),
            }
            for odd in found.odd.days
        ],
        "limits_reached": [
            {
                "scope": limit.scope_kind, "of": limit.scope_id, "period": limit.period,
                "times": limit.times, "cap_nanos": limit.cap_nanos,
            }
            for limit in found.limits
        ],
        "refusals": dict(found.refusals),
        "changes": [
            {
                "at": change.at.isoformat(), "actor": change.actor, "action": change.action,
                "target": change.target, "reason": change.reason,
            }
            for change in found.corrections
        ],
    }

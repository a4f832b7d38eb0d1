"""The monthly report as a page that prints well, put together from one reading."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.reports.facts import calls_began
from billing.reports.monthly import Monthly, last_month, month_before, monthly
from costcontrol import formats
from costcontrol.dashboard import report_tables as tables
from costcontrol.dashboard.components import Change, KpiCard, Table, count, money
from costcontrol.dashboard.filter_ranges import is_zone
from costcontrol.dashboard.filters import shown
from costcontrol.dashboard.forecast_words import headline, nothing_odd

MONTH = re.compile(r"\d{4}-\d{2}", re.ASCII)
EARLIEST = date(2020, 1, 1)
MOST_MONTHS = 24


@dataclass(frozen=True, slots=True)
class Part:
    """One section: a heading, sentences, and a table."""

    id: str
    title: str
    sentences: tuple[str, ...] = ()
    table: Table | None = None


@dataclass(frozen=True, slots=True)
class ReportState:
    """`month` is its first day. `choices`: months that can be asked for, newest first."""

    month: date
    zone: str
    choices: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.month:%Y-%m}"


def state_of(query: Mapping[str, str], *, now: datetime) -> ReportState:
    """Never fails: what cannot be used is replaced, and a note says so."""
    notes: list[str] = []
    zone = query.get("zone", "").strip() or settings.DEFAULT_ZONE
    if not is_zone(zone):
        notes.append(
            _("There is no time zone “%(zone)s”. Days are cut in %(used)s.")
            % {"zone": shown(zone), "used": settings.DEFAULT_ZONE}
        )
        zone = settings.DEFAULT_ZONE
    today = now.astimezone(ZoneInfo(zone)).date()
    usual = last_month(zone=zone, now=now)
    month = _month(query.get("month", "").strip(), usual, today, notes)
    return ReportState(month, zone, _choices(today, month, zone), tuple(notes))


def _month(asked: str, usual: date, today: date, notes: list[str]) -> date:
    if not asked:
        return usual
    try:
        month = date.fromisoformat(f"{asked}-01" if MONTH.fullmatch(asked) else "")
        if not EARLIEST <= month <= today:
            raise ValueError(asked)
    except ValueError:
        notes.append(
            _("“%(month)s” is no month that can be reported on. Write it like 2026-10.")
            % {"month": shown(asked)}
        )
        return usual
    return month


def _choices(today: date, month: date, zone: str) -> tuple[str, ...]:
    """Months with calls; the one that is shown is always among them."""
    began = calls_began()
    first = began.astimezone(ZoneInfo(zone)).date().replace(day=1) if began else month
    found, each = {month}, today.replace(day=1)
    while each >= first and len(found) <= MOST_MONTHS:
        found.add(each)
        each = month_before(each)
    return tuple(f"{each:%Y-%m}" for each in sorted(found, reverse=True))


@dataclass(frozen=True, slots=True)
class ReportPage:
    found: Monthly
    title: str
    covers: str
    stale: str
    cards: tuple[KpiCard, ...]
    parts: tuple[Part, ...]


def report_page(state: ReportState, *, now: datetime) -> ReportPage:
    found = monthly(state.month, zone=state.zone, now=now)
    return ReportPage(
        found, _("Report of %(month)s") % {"month": found.month}, _covers(found),
        _stale(found), () if found.is_empty else _cards(found),
        () if found.is_empty else _parts(found),
    )


def _covers(found: Monthly) -> str:
    words = {
        "first": found.range.first.isoformat(), "last": found.range.last.isoformat(),
        "zone": found.range.zone,
    }
    if found.is_over:
        return _("%(first)s to %(last)s, days of %(zone)s.") % words
    until = found.until.astimezone(ZoneInfo(found.range.zone))
    return _("%(first)s to now (%(until)s), days of %(zone)s. The month is not over.") % {
        **words, "until": f"{until:%Y-%m-%d %H:%M}"
    }


def _stale(found: Monthly) -> str:
    if not found.missing_hours:
        return ""
    return ngettext(
        "%(hours)d hour is being added up anew and is not in the figures yet.",
        "%(hours)d hours are being added up anew and are not in the figures yet.",
        found.missing_hours,
    ) % {"hours": found.missing_hours}


def _cards(found: Monthly) -> tuple[KpiCard, ...]:
    return (
        KpiCard(_("Spent"), money(found.cost_nanos), change=_change(found), note=_(
            "%(part)s of it estimated, because the provider did not say"
        ) % {"part": formats.money(found.estimated_nanos)} if found.estimated_nanos else ""),
        KpiCard(_("Saved, net (estimated)"), money(found.saved.nanos if found.saved else None)),
        KpiCard(_("Debates"), count(found.debates)),
        KpiCard(_("Cost of a debate"), money(found.debate_nanos)),
        KpiCard(_("Margin of plans"), money(
            None if found.income.is_empty else found.income.margin_nanos
        )),
    )


def _change(found: Monthly) -> Change | None:
    if not found.before_nanos:
        return None
    points = round((found.cost_nanos - found.before_nanos) * 10_000 / found.before_nanos)
    return Change(points, None if not points else points < 0, _("than the month before"))


def _parts(found: Monthly) -> tuple[Part, ...]:
    return tuple(_shown(part) for part in _sections(found))


def _shown(part: Part) -> Part:
    """The place of a table on the page has another name than the heading above it. A table without
    rows is a sentence."""
    if part.table is None:
        return part
    if not part.table.rows:
        return replace(part, table=None, sentences=(*part.sentences, part.table.empty_text))
    caption = _("%(title)s, in figures") % {"title": part.table.caption}
    return replace(part, table=replace(part.table, caption=caption))


def _sections(found: Monthly) -> tuple[Part, ...]:
    return (
        Part("saved", _("What was saved, and why"), _saved(found), tables.saved(found)),
        *(Part(f"by-{name}", table.caption, (), table) for name, table in tables.groups(found)),
        Part("revenue", _("Revenue and margin"), _revenue(found), tables.plans(found)),
        Part("forecast", _("Forecast and what came of it"), (_forecast(found),)),
        Part("odd", _("Days out of the ordinary"), _odd(found)),
        Part("limits", _("Limits that were reached"), (), tables.limits(found)),
        Part("refused", _("Calls that were refused"), (), tables.refusals(found)),
        Part("changes", _("Corrections and changes"), (), tables.corrections(found)),
    )


def _saved(found: Monthly) -> tuple[str, ...]:
    if found.saved is None:
        return ()
    if not found.saved.calls:
        return (_("No call of this month has a baseline price to compare with. What failed "
                  "attempts and our own calls cost is known."),)
    return (_("Against %(baseline)s, the same calls would have cost %(dollars)s.") % {
        "baseline": ", ".join(found.saved.baselines),
        "dollars": formats.money(found.saved.baseline_nanos),
    },)


def _revenue(found: Monthly) -> tuple[str, ...]:
    income = found.income
    if income.is_empty:
        return (_("Nothing came in: no invoice was paid and no plan was running."),)
    said = [
        _("Invoices of %(collected)s were paid, refunds taken off. Plans brought in %(earned)s "
          "for these days, and their calls cost %(cost)s.") % {
            "collected": formats.money(income.collected_nanos),
            "earned": formats.money(income.earned_nanos),
            "cost": formats.money(income.plan_cost_nanos),
        }
    ]
    if income.left_out:
        said.append(_("Not in the sums, because there is no rate for them: %(names)s.") % {
            "names": ", ".join(income.left_out).upper()
        })
    return tuple(said)


def _forecast(found: Monthly) -> str:
    each = found.expected
    if each is None:
        return _("When the month began, too little was known to forecast it.")
    words = {
        "middle": formats.money(each.middle), "low": formats.money(each.low),
        "high": formats.money(each.high), "spent": formats.money(found.cost_nanos),
    }
    if not found.is_over:
        return _("On its first morning %(middle)s was expected for the month, between %(low)s and "
                 "%(high)s. So far it is %(spent)s.") % words
    if each.low <= found.cost_nanos <= each.high:
        return _("On its first morning %(middle)s was expected, between %(low)s and %(high)s. It "
                 "became %(spent)s, which is within.") % words
    return _("On its first morning %(middle)s was expected, between %(low)s and %(high)s. It "
             "became %(spent)s, which is outside.") % words


def _odd(found: Monthly) -> tuple[str, ...]:
    if found.odd.days:
        return tuple(headline(each) for each in found.odd.days)
    if not found.odd.is_known:
        return (nothing_odd(found.odd),)
    return (_("No day of the month was out of the ordinary for its weekday."),)

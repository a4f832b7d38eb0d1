"""The key figures of the forecast page."""

from django.utils.translation import gettext as _

from billing.reports.forecast_limits import LimitOutlook
from costcontrol import formats
from costcontrol.dashboard.components import KpiCard, count, money, text
from costcontrol.dashboard.forecast_facts import ForecastFacts
from costcontrol.dashboard.forecast_words import reach_words, scope_name


def cards(facts: ForecastFacts, limits: tuple[LimitOutlook, ...]) -> tuple[KpiCard, ...]:
    return (
        _month_card(facts), _today_card(facts), *_next_limit(limits),
        KpiCard(
            _("Days out of the ordinary"), count(len(facts.odd.all))
            if facts.odd.is_known else count(None), note=_("in the last four weeks"),
            href="#odd",
        ),
    )


def _month_card(facts: ForecastFacts) -> KpiCard:
    end, label = facts.end, _("This month, at its end")
    if end is None:
        return KpiCard(label, money(None))
    words = {"low": formats.money(end.low), "high": formats.money(end.high)}
    return KpiCard(
        label, money(end.middle), note=_("between %(low)s and %(high)s, 9 times in 10") % words
    )


def _today_card(facts: ForecastFacts) -> KpiCard:
    label = _("Today, at its end")
    if not facts.found.is_known:
        return KpiCard(label, money(None))
    today = facts.found.days[0]
    return KpiCard(label, money(today.middle), note=_(
        "between %(low)s and %(high)s; %(spent)s so far"
    ) % {
        "low": formats.money(today.low), "high": formats.money(today.high),
        "spent": formats.money(facts.past.so_far),
    })


def _next_limit(limits: tuple[LimitOutlook, ...]) -> tuple[KpiCard, ...]:
    """The budget that is used up first, most likely."""
    if not limits:
        return ()
    label = _("Next limit")
    likely = [each for each in limits if each.days_left is not None]
    if not likely:
        return (KpiCard(label, text(_("none in sight")), href="#limits"),)
    first = min(likely, key=lambda each: each.days_left or 0)
    note = _("%(scope)s, %(dollars)s a %(period)s") % {
        "scope": scope_name(first.scope_kind, first.scope_id, {}),
        "dollars": formats.money(first.cap_nanos), "period": _period(first.period),
    }
    return (KpiCard(label, text(reach_words(first)), note=note, href="#limits"),)


def _period(period: str) -> str:
    return _("day") if period == "day" else _("month")

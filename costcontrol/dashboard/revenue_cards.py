"""The key figures of revenue, in words and numbers."""

from collections.abc import Mapping

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.reports import collected
from billing.reports.rates import Total
from costcontrol import formats
from costcontrol.dashboard import components
from costcontrol.dashboard.components import KpiCard
from costcontrol.dashboard.revenue import Lists, RevenueFacts


def cards(facts: RevenueFacts, lists: Lists) -> tuple[KpiCard, ...]:
    return (
        _recurring(facts), _collected(facts), _failed(lists), _churn(facts), _margin(facts),
    )


def amounts(by_currency: Mapping[str, int]) -> str:
    """`₩580,000 + $190.00`: nothing is added up here."""
    return " + ".join(
        formats.minor(minor, currency) for currency, minor in sorted(by_currency.items()) if minor
    )


def left_out(total: Total) -> str:
    if not total.left_out:
        return ""
    return _("without %(currencies)s, which has no rate") % {
        "currencies": ", ".join(total.left_out).upper()
    }


def _recurring(facts: RevenueFacts) -> KpiCard:
    total = facts.recurring.total
    notes = (amounts(facts.recurring.by_currency), left_out(total), _apart(facts))
    return KpiCard(
        _("Recurring, a month"), components.money(total.nanos), note=_joined(*notes), href="#plans"
    )


def _apart(facts: RevenueFacts) -> str:
    trials = sum(plan.trial.number for plan in facts.recurring.plans)
    late = sum(plan.past_due.number for plan in facts.recurring.plans)
    said = []
    if trials:
        said.append(ngettext("%(n)s trial", "%(n)s trials", trials) % {"n": trials})
    if late:
        said.append(ngettext("%(n)s past due", "%(n)s past due", late) % {"n": late})
    return _("%(parts)s are not in it") % {"parts": ", ".join(said)} if said else ""


def _collected(facts: RevenueFacts) -> KpiCard:
    month = facts.months[-1]
    total = collected.total(facts.collected, month, facts.rates)
    kept = {each.currency: each.kept_minor for each in facts.collected if each.month == month}
    return KpiCard(
        _("Collected this month"), components.money(total.nanos),
        note=_joined(amounts(kept), left_out(total)), href="#collected",
    )


def _failed(lists: Lists) -> KpiCard:
    owed = lists.failed.total
    note = _("%(amount)s is owed") % {"amount": formats.money(owed.nanos)} if owed.nanos else ""
    return KpiCard(
        _("Failed payments"), components.count(lists.failed.number),
        note=_joined(note, left_out(owed)), href="#failed" if lists.failed.number else "",
    )


def _churn(facts: RevenueFacts) -> KpiCard:
    now = facts.movements[-1]
    note = _("%(lost)s of %(all)s who were there on the first; %(new)s came") % {
        "lost": now.lost, "all": now.at_start, "new": now.new,
    }
    return KpiCard(
        _("Left this month"), components.share(now.churn_bp), note=note, href="#movements"
    )


def _margin(facts: RevenueFacts) -> KpiCard:
    found = facts.margins
    note = _("%(earned)s less %(cost)s for models, last 30 days") % {
        "earned": formats.money(found.earned_nanos), "cost": formats.money(found.cost_nanos),
    }
    return KpiCard(
        _("Margin"), components.money(found.nanos), note=note, href="#margin"
    )


def _joined(*notes: str) -> str:
    return "; ".join(filter(None, notes))

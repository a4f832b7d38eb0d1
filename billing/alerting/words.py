"""What an alert says, in the active language: a headline, and what there is to know and to do."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import formats, timezone
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from billing.alerts import FULL
from billing.models import Budget
from billing.models_operator import Alert, AlertDelivery, AlertRule
from billing.reports.scope_names import scope_names
from costcontrol.lib.money import format_usd

Kind = AlertRule.Kind
CENT = 10_000_000
PAGE = "/dashboard/budgets/"
UNITS: Mapping[str, str] = {
    Kind.BUDGET: "percent", Kind.FORECAST: "percent", Kind.ANOMALY: "times",
    Kind.ERROR_RATE: "basis_points", Kind.UNPRICED: "calls", Kind.RECONCILE: "basis_points",
    Kind.USER_WINDOW: "nano_usd",
}
PERIODS: Mapping[str, str | Promise] = {
    Budget.Period.DAY: gettext_lazy("today"),
    Budget.Period.MONTH: gettext_lazy("this month"),
    Budget.Period.TOTAL: gettext_lazy("ever"),
}
Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Said:
    headline: str
    sentences: tuple[str, ...]
    url: str


def said_of(row: AlertDelivery) -> Said:
    """For a message."""
    if row.alert is None:
        return Said(
            _("A test of the channel “%(name)s”") % {"name": row.channel.name},
            (_("Somebody pressed the test button. If you can read this, alerts arrive here."),),
            settings.SITE_URL + PAGE,
        )
    headline, sentences = headline_of(row.alert), sentences_of(row.alert)
    if row.event == "resolved":
        headline = _("Over: %(what)s") % {"what": headline}
        ended = moment(row.made_at.isoformat())
        sentences = (_("It has not held any more since %(moment)s.") % {"moment": ended},)
    if row.event == "again":
        headline = _("Still so: %(what)s") % {"what": headline}
    if row.event == "back":
        headline = _("Again: %(what)s") % {"what": headline}
    return Said(headline, sentences, f"{settings.SITE_URL}{PAGE}#alert-{row.alert.pk}")


def headline_of(alert: Alert, *, name: str = "") -> str:
    """`name`: of its scope, for who has looked up many at once."""
    facts = alert.details
    scope = name or scope_names([scope_of(alert)])[scope_of(alert)]
    return capfirst(_HEADLINES[Kind(alert.rule.kind)](alert, facts, scope))


def sentences_of(alert: Alert) -> tuple[str, ...]:
    return tuple(_SENTENCES[Kind(alert.rule.kind)](alert, alert.details))


def scope_of(alert: Alert) -> tuple[str, str]:
    kind = alert.details.get("scope_kind", alert.rule.scope_kind)
    return str(kind), str(alert.details.get("scope_id", alert.rule.scope_id))


def money(nanos: object) -> str:
    """Cents, or more places for less than one."""
    amount = nanos if isinstance(nanos, int) else 0
    return format_usd(amount, places=2 if amount == 0 or abs(amount) >= CENT else 6)


def share(basis_points: int) -> str:
    return f"{basis_points / 100:.1f}%"


def moment(text: object) -> str:
    """Of an instant as `details` hold it, with its zone; empty where there is none."""
    if not isinstance(text, str) or not text:
        return ""
    local = timezone.localtime(datetime.fromisoformat(text))
    zone = timezone.get_current_timezone_name()
    return f"{formats.date_format(local, 'DATETIME_FORMAT')} ({zone})"


# --- headlines ------------------------------------------------------------------------------


def _budget_headline(alert: Alert, facts: Facts, scope: str) -> str:
    values = {"scope": scope, "period": _period(facts), "percent": alert.value}
    if alert.threshold >= FULL:
        return _("%(scope)s, %(period)s: the budget is used up") % values
    return _("%(scope)s, %(period)s: %(percent)d%% of the budget is used") % values


def _forecast_headline(alert: Alert, facts: Facts, scope: str) -> str:
    values = {"scope": scope, "period": _period(facts)}
    return _("%(scope)s, %(period)s: the budget will not last") % values


def _anomaly_headline(alert: Alert, facts: Facts, scope: str) -> str:
    return _("%(scope)s: %(day)s cost %(cost)s, usually about %(usual)s") % {
        "scope": scope, "day": facts.get("day", ""), "cost": money(facts.get("cost_nanos")),
        "usual": money(facts.get("usual_nanos")),
    }


def _error_headline(alert: Alert, facts: Facts, scope: str) -> str:
    return _("%(scope)s: %(share)s of calls fail") % {"scope": scope, "share": share(alert.value)}


def _unpriced_headline(alert: Alert, facts: Facts, scope: str) -> str:
    return ngettext(
        "%(scope)s: %(number)d call has no price", "%(scope)s: %(number)d calls have no price",
        alert.value,
    ) % {"scope": scope, "number": alert.value}


def _reconcile_headline(alert: Alert, facts: Facts, scope: str) -> str:
    return _("%(scope)s: its bill differs from ours by %(share)s") % {
        "scope": scope, "share": share(alert.value)
    }


def _user_headline(alert: Alert, facts: Facts, scope: str) -> str:
    return _("%(scope)s: %(cost)s in %(minutes)d minutes") % {
        "scope": scope, "cost": money(alert.value), "minutes": facts.get("window_minutes", 0)
    }


# --- sentences ------------------------------------------------------------------------------


def _budget_sentences(alert: Alert, facts: Facts) -> list[str]:
    asked = _("This is told from %(percent)d%% on.") % {"percent": alert.threshold}
    said = [_spent(facts), asked]
    if alert.value >= FULL or alert.threshold >= FULL:
        said.append(_("Calls that cost money are refused by this budget. Stored answers and free "
                      "local models go on. Raise it once, or change it."))
    return said + _ends(facts)


def _forecast_sentences(alert: Alert, facts: Facts) -> list[str]:
    projected = _("At this pace it will be about %(projected)s by the end, %(percent)d%% of the "
                  "budget.") % {
        "projected": money(facts.get("projected_nanos")), "percent": alert.value
    }
    said = [_spent(facts), projected]
    if facts.get("reached_on"):
        said.append(_("It is expected to be used up on %(day)s.") % {"day": facts["reached_on"]})
    return said + _ends(facts)


def _anomaly_sentences(alert: Alert, facts: Facts) -> list[str]:
    rows = facts.get("contributors", [])[:4]
    users = [("user", each["key"]) for each in rows if each["dimension"] == "user"]
    names = scope_names(users) if users else {}
    more = [
        f"{names.get((each['dimension'], each['key']), each['key']) or '–'} "
        f"+{money(each['delta_nanos'])}"
        for each in rows
    ]
    if not more:
        return [_("Look at the calls of that day.")]
    return [_("What cost more than usual: %(list)s.") % {"list": ", ".join(more)}]


def _error_sentences(alert: Alert, facts: Facts) -> list[str]:
    return [
        _("%(failed)d of %(calls)d calls of the last %(minutes)d minutes failed. The health page "
          "says which provider has trouble.") % {
            "failed": facts.get("failed", 0), "calls": facts.get("calls", 0),
            "minutes": facts.get("window_minutes", 0),
        }
    ]


def _unpriced_sentences(alert: Alert, facts: Facts) -> list[str]:
    models = ", ".join(facts.get("models", [])) or "–"
    return [
        _("Models: %(models)s. Add a price, so that they can be used and counted.")
        % {"models": models}
    ]


def _reconcile_sentences(alert: Alert, facts: Facts) -> list[str]:
    return [
        _("From %(first)s to %(last)s the provider counts %(theirs)s, we count %(ours)s.") % {
            "first": facts.get("first_day", ""), "last": facts.get("last_day", ""),
            "theirs": money(facts.get("theirs_nanos")), "ours": money(facts.get("ours_nanos")),
        }
    ]


def _user_sentences(alert: Alert, facts: Facts) -> list[str]:
    calls = facts.get("calls", 0)
    return [
        ngettext("It was %(calls)d call. You can slow this user down, or suspend them.",
                 "It was %(calls)d calls. You can slow this user down, or suspend them.", calls)
        % {"calls": calls}
    ]


def _period(facts: Facts) -> str:
    return str(PERIODS.get(facts.get("budget_period", ""), ""))


def _spent(facts: Facts) -> str:
    return _("%(spent)s of %(cap)s are spent.") % {
        "spent": money(facts.get("spent_nanos")), "cap": money(facts.get("cap_nanos"))
    }


def _ends(facts: Facts) -> list[str]:
    if not (end := moment(facts.get("ends_at"))):
        return []
    return [_("A new period begins on %(moment)s.") % {"moment": end}]


_HEADLINES: Mapping[str, Callable[[Alert, Facts, str], str]] = {
    Kind.BUDGET: _budget_headline, Kind.FORECAST: _forecast_headline,
    Kind.ANOMALY: _anomaly_headline, Kind.ERROR_RATE: _error_headline,
    Kind.UNPRICED: _unpriced_headline, Kind.RECONCILE: _reconcile_headline,
    Kind.USER_WINDOW: _user_headline,
}
_SENTENCES: Mapping[str, Callable[[Alert, Facts], list[str]]] = {
    Kind.BUDGET: _budget_sentences, Kind.FORECAST: _forecast_sentences,
    Kind.ANOMALY: _anomaly_sentences, Kind.ERROR_RATE: _error_sentences,
    Kind.UNPRICED: _unpriced_sentences, Kind.RECONCILE: _reconcile_sentences,
    Kind.USER_WINDOW: _user_sentences,
}

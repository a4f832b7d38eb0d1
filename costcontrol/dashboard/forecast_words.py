"""What the forecast page says in sentences: why a day stands out, and when a limit is reached."""

from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.anomalies import Anomaly, Contributor
from billing.models import Budget, ScopeKind
from billing.reports import scope_names
from billing.reports.anomaly_days import BOTH, Outcome
from billing.reports.call_lines import user_names
from billing.reports.forecast_limits import LimitOutlook
from billing.reports.slices import NONE
from costcontrol import formats
from costcontrol.dashboard.cards import PERIODS
from costcontrol.dashboard.filter_names import value_words

NAMES = {
    "deployment": "deployment", "tier": "tier", "call_kind": "kind", "cache_layer": "layer",
    "user": "user", "language": "language",
}


def signed(nanos: int) -> str:
    return f"{'+' if nanos >= 0 else '-'}{formats.money(abs(nanos))}"


def headline(found: Anomaly, *, is_today: bool = False) -> str:
    """“2026-11-24 cost $41.00 more than expected: +$33.00 by claude-opus for premium users.”"""
    words = {
        "day": found.day.isoformat(), "dollars": formats.money(abs(found.delta_nanos)),
    }
    if is_today:
        said = (
            _("Today so far cost %(dollars)s more than the same hours usually do")
            if found.is_high else
            _("Today so far cost %(dollars)s less than the same hours usually do")
        )
    else:
        said = (
            _("%(day)s cost %(dollars)s more than expected")
            if found.is_high else _("%(day)s cost %(dollars)s less than expected")
        )
    sentence, cause = said % words, main_cause(found)
    if not cause:
        return _("%(sentence)s.") % {"sentence": sentence}
    return _("%(sentence)s: %(cause)s.") % {"sentence": sentence, "cause": cause}


def main_cause(found: Anomaly) -> str:
    """Most of it, by one model for the users of one tier."""
    both = next((each for each in found.contributors if each.dimension == BOTH), None)
    if both is not None:
        model, _space, tier = both.key.partition(" ")
        return _("%(dollars)s by %(model)s for %(tier)s users") % {
            "dollars": signed(both.delta_nanos), "model": model.rpartition("/")[2], "tier": tier,
        }
    first = next(iter(found.contributors), None)
    if first is None:
        return ""
    return _("%(dollars)s by %(name)s") % {
        "dollars": signed(first.delta_nanos), "name": contributor_name(first, {}),
    }


def contributor_name(each: Contributor, emails: dict[str, str]) -> str:
    if each.dimension == "user":
        return emails.get(each.key) or _("user %(number)s") % {"number": each.key}
    return value_words(NAMES[each.dimension], "" if each.key == NONE else each.key)


def emails_of(found: tuple[Anomaly, ...]) -> dict[str, str]:
    """Of the users who are named."""
    numbers = {
        int(each.key) for anomaly in found for each in anomaly.contributors
        if each.dimension == "user" and each.key.isdecimal()
    }
    if not numbers:
        return {}
    return {str(pk): name for pk, name in user_names(numbers).items()}


def part_of_jump(each: Contributor, found: Anomaly) -> int | None:
    """Basis points."""
    whole = found.delta_nanos
    return round(10_000 * each.delta_nanos / whole) if whole else None


def nothing_odd(found: Outcome) -> str:
    if not found.is_known:
        return ngettext(
            "Which days are out of the ordinary can be said after two weeks with calls: "
            "%(days)d more whole day is needed.",
            "Which days are out of the ordinary can be said after two weeks with calls: "
            "%(days)d more whole days are needed.",
            found.days_needed,
        ) % {"days": found.days_needed}
    return _("No day of the last four weeks is out of the ordinary for its weekday.")


def scope_name(scope_kind: str, scope_id: str, emails: dict[str, str]) -> str:
    name = emails.get(scope_id, "") if scope_kind == ScopeKind.USER else ""
    return capfirst(scope_names.scope_name(scope_kind, scope_id, name=name))


def period_name(period: str) -> str:
    return str(PERIODS[Budget.Period(period)])


def reach_words(found: LimitOutlook) -> str:
    """When the limit is reached, most likely."""
    reach = found.reach
    if reach is None:
        return _("not known before there are two weeks with calls")
    if reach.likely is not None:
        return _in_days(found.days_to(reach.likely) or 0)
    if reach.earliest is not None:
        return _("not likely; %(days)s at the earliest") % {
            "days": _in_days(found.days_to(reach.earliest) or 0)
        }
    return (
        _("not in the next month") if found.period == Budget.Period.DAY
        else _("not this month")
    )


def reach_between(found: LimitOutlook) -> str:
    reach = found.reach
    if reach is None or reach.earliest is None:
        return ""
    words = {
        "first": reach.earliest.isoformat(),
        "last": reach.latest.isoformat() if reach.latest else "",
    }
    if reach.latest is None:
        return _("from %(first)s on, or not at all") % words
    return _("%(first)s to %(last)s") % words


def _in_days(days: int) -> str:
    if not days:
        return _("today")
    return ngettext("in %(days)d day", "in %(days)d days", days) % {"days": days}

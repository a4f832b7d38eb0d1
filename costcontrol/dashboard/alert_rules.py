"""Rules of alerts as their pages show them: what each says in words, and in which unit."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Organisation, User
from billing.alerting.rules import threshold_typed
from billing.models import ScopeKind
from billing.models_operator import AlertRule
from billing.reports.scope_names import scope_names
from costcontrol import formats

Kind = AlertRule.Kind


@dataclass(frozen=True, slots=True)
class RuleLine:
    rule: AlertRule
    scope: str
    says: str
    channels: str


def lines() -> tuple[RuleLine, ...]:
    rows = list(AlertRule.objects.prefetch_related("channels").order_by("kind", "threshold", "pk"))
    names = scope_names((row.scope_kind, row.scope_id) for row in rows)
    return tuple(
        RuleLine(
            row, capfirst(names[row.scope_kind, row.scope_id]), says(row),
            ", ".join(channel.name for channel in row.channels.all() if channel.is_on),
        )
        for row in rows
    )


def is_nobody_told(rows: Iterable[RuleLine]) -> bool:
    """Something is watched, and no message is sent of any of it."""
    watching = [row for row in rows if row.rule.is_on]
    return bool(watching) and not any(row.channels for row in watching)


def is_nobody_told_now() -> bool:
    """The same in two short questions, for pages that do not show the rules."""
    watching = AlertRule.objects.filter(is_on=True)
    return not watching.filter(channels__is_on=True).exists() and watching.exists()


def says(rule: AlertRule) -> str:
    typed = threshold_typed(rule)
    minutes = ngettext("%(n)d minute", "%(n)d minutes", rule.window_minutes) % {
        "n": rule.window_minutes
    }
    sentences = {
        Kind.BUDGET: _("%(n)s%% of the budget or more is used"),
        Kind.FORECAST: _("%(n)s%% of the budget or more is expected to be used by its end"),
        Kind.ANOMALY: _("a day costs %(n)s times its usual or more, and is out of the ordinary"),
        Kind.ERROR_RATE: _("%(n)s%% of calls or more fail within %(minutes)s"),
        Kind.UNPRICED: _("%(n)s or more calls without a price within %(minutes)s"),
        Kind.RECONCILE: _("the provider's own figures differ by %(n)s%% or more"),
        Kind.USER_WINDOW: _("one user costs %(n)s or more within %(minutes)s"),
    }
    shown = formats.money(rule.threshold) if rule.kind == Kind.USER_WINDOW else typed
    return sentences[Kind(rule.kind)] % {"n": shown, "minutes": minutes}


def units() -> Mapping[str, str]:
    """What the field of the threshold asks for, by kind."""
    return {
        str(Kind.BUDGET.label): _("percent of the cap, as 80"),
        str(Kind.FORECAST.label): _("percent of the cap, as 100"),
        str(Kind.ANOMALY.label): _("times the usual, as 2"),
        str(Kind.ERROR_RATE.label): _("percent of calls, as 5"),
        str(Kind.UNPRICED.label): _("calls, as 1"),
        str(Kind.RECONCILE.label): _("percent of the provider's figure, as 2"),
        str(Kind.USER_WINDOW.label): _("dollars, as 0.50"),
    }


def typed_scope(rule: AlertRule) -> str:
    """As people call it, so that the form can be sent as it is."""
    if not rule.scope_id.isdecimal():
        return rule.scope_id
    if rule.scope_kind == ScopeKind.USER:
        user = User.objects.filter(pk=int(rule.scope_id)).first()
        return (user and user.email) or rule.scope_id
    if rule.scope_kind == ScopeKind.ORGANISATION:
        row = Organisation.objects.filter(pk=int(rule.scope_id)).first()
        return row.name if row else rule.scope_id
    return rule.scope_id

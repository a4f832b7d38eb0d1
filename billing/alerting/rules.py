"""Rules as staff make and change them: what each kind may be about, in which unit. Audited."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.audited import dollars
from accounts.services import audit, snapshot
from billing.alerting.opening import resolve, unresolved
from billing.models import ScopeKind
from billing.models_operator import AlertChannel, AlertRule
from billing.scopes import BUDGETED, UnknownScope, scope_check
from costcontrol.lib.errors import BadRequest, NotFound
from costcontrol.lib.money import to_usd
from costcontrol.lib.sentences import Sentence as _

Kind = AlertRule.Kind
PLATFORM, PROVIDER, TIER, USER = (
    ScopeKind.PLATFORM, ScopeKind.PROVIDER, ScopeKind.TIER, ScopeKind.USER,
)
MAX_DIGITS = 18  # 1e999999 is a number too, which takes minutes to write down
MAX_MINUTES = 1440  # nothing is read over more than a day of calls
MAX_THRESHOLD = {
    Kind.BUDGET: 1000, Kind.FORECAST: 1000, Kind.ANOMALY: 100, Kind.ERROR_RATE: 10_000,
    Kind.UNPRICED: 10**9, Kind.RECONCILE: 100_000, Kind.USER_WINDOW: 2**62,
}
SCOPES: Mapping[str, tuple[str, ...]] = {
    Kind.BUDGET: tuple(BUDGETED), Kind.FORECAST: (PLATFORM, PROVIDER, TIER),
    Kind.ANOMALY: (PLATFORM, PROVIDER, TIER, USER), Kind.ERROR_RATE: (PLATFORM, PROVIDER, TIER),
    Kind.UNPRICED: (PLATFORM,), Kind.RECONCILE: (PROVIDER,), Kind.USER_WINDOW: (USER,),
}
FOR_ALL = frozenset((Kind.BUDGET, Kind.FORECAST, Kind.RECONCILE, Kind.USER_WINDOW))
SHARES = frozenset((Kind.ERROR_RATE, Kind.RECONCILE))  # typed in percent, kept in basis points


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody typed. `scope_id` as people call it: an email, a name."""

    kind: str
    scope_kind: str
    scope_id: str
    threshold: str
    window_minutes: str = "60"
    channels: tuple[int, ...] = ()


def rule_make(typed: Typed, *, actor: str, now: datetime, request_id: str = "") -> AlertRule:
    """Raises BadRequest, with `param` the field that is wrong."""
    facts = _checked(typed)
    with transaction.atomic():
        rule = AlertRule.objects.create(**facts, made_by=actor, made_at=now)
        rule.channels.set(_channels(typed.channels))
        audit(actor, "alert_rule_create", str(rule)[:200], None, _facts(rule),
              request_id=request_id)
    return rule


def rule_change(
    rule_id: int, typed: Typed, *, actor: str, request_id: str = ""
) -> AlertRule:
    """Raises BadRequest, NotFound. What it was told of before stays as it was."""
    facts = _checked(typed)
    with transaction.atomic():
        rule = _locked(rule_id)
        if rule.kind != typed.kind:
            raise BadRequest(_("The kind of a rule stays. Make another rule."), param="kind")
        before = _facts(rule)
        for name, value in facts.items():
            setattr(rule, name, value)
        rule.save(update_fields=list(facts))
        rule.channels.set(_channels(typed.channels))
        audit(actor, "alert_rule_change", str(rule)[:200], before, _facts(rule),
              request_id=request_id)
    return rule


@transaction.atomic
def rule_switch(
    rule_id: int, *, is_on: bool, actor: str, now: datetime, request_id: str = ""
) -> AlertRule:
    """Off: its alerts are over. Raises NotFound."""
    rule = _locked(rule_id)
    if rule.is_on == is_on:
        return rule
    rule.is_on = is_on
    rule.save(update_fields=["is_on"])
    if not is_on:
        for alert in unresolved(rule):
            resolve(alert, rule, now=now, is_told=False)
    audit(actor, "alert_rule_on" if is_on else "alert_rule_off", str(rule)[:200], None, None,
          request_id=request_id)
    return rule


def threshold_typed(rule: AlertRule) -> str:
    """As people type it: dollars, percent, a number."""
    if rule.kind == Kind.USER_WINDOW:
        return format(to_usd(rule.threshold).normalize(), "f")
    if rule.kind in SHARES:
        return format((Decimal(rule.threshold) / 100).normalize(), "f")
    return str(rule.threshold)


def _checked(typed: Typed) -> dict[str, Any]:
    if typed.kind not in SCOPES:
        raise BadRequest(_("Choose what the rule is about."), param="kind")
    if typed.scope_kind not in SCOPES[typed.kind]:
        raise BadRequest(_("A rule of this kind cannot be about that."), param="scope_kind")
    return {
        "kind": typed.kind, "scope_kind": typed.scope_kind, "scope_id": _scope_id(typed),
        "threshold": _threshold(typed), "window_minutes": _minutes(typed),
    }


def _scope_id(typed: Typed) -> str:
    if not typed.scope_id and typed.kind in FOR_ALL:
        return ""
    try:
        return scope_check(typed.scope_kind, typed.scope_id)
    except UnknownScope as error:
        raise BadRequest(str(error), param="scope_id") from None


def _threshold(typed: Typed) -> int:
    most = MAX_THRESHOLD[Kind(typed.kind)]
    try:
        value = _number(typed)
    except (ValidationError, InvalidOperation, ValueError, OverflowError):
        value = 0
    if not 0 < value <= most:
        raise BadRequest(
            _("This is no threshold for such a rule. Write a number above 0, as the field asks."),
            param="threshold",
        )
    return value


def _number(typed: Typed) -> int:
    if typed.kind == Kind.USER_WINDOW:
        return dollars(typed.threshold)
    number = Decimal(typed.threshold.strip().removesuffix("%"))
    if not number.is_finite() or number.adjusted() > MAX_DIGITS:
        raise ValueError
    if typed.kind in SHARES:
        number *= 100
    if number != number.to_integral_value():
        raise ValueError
    return int(number)


def _minutes(typed: Typed) -> int:
    text = typed.window_minutes.strip() or "60"
    is_number = text.isascii() and text.isdecimal() and len(text) <= 8
    if not (is_number and 0 < int(text) <= MAX_MINUTES):
        raise BadRequest(
            _("Write minutes from 1 to %(most)d.") % {"most": MAX_MINUTES}, param="window_minutes"
        )
    return int(text)


def _channels(ids: Iterable[int]) -> list[AlertChannel]:
    return list(AlertChannel.objects.filter(pk__in=ids))


def _locked(rule_id: int) -> AlertRule:
    rule = AlertRule.objects.select_for_update().filter(pk=rule_id).first()
    if rule is None:
        raise NotFound(_("There is no such rule."))
    return rule


def _facts(rule: AlertRule) -> dict[str, Any]:
    return snapshot(rule) | {"channels": sorted(rule.channels.values_list("name", flat=True))}

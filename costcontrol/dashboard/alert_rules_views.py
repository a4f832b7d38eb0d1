"""Rules of alerts: the list, making one (the address may say of what), changing one, on and off."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.audited import actor_of
from billing.alerting import rules
from billing.alerting.rules import Typed
from billing.models import ScopeKind
from billing.models_operator import AlertChannel, AlertRule
from costcontrol.dashboard import alert_rules
from costcontrol.dashboard.access import staff_required
from costcontrol.dashboard.budgets_tabs import CHANGE_RULES, MAX_ID, allow, may, tabs, to
from costcontrol.dashboard.filter_bar import Choice
from costcontrol.lib import clock
from costcontrol.lib.errors import BadRequest, CostControlError
from costcontrol.lib.sentences import said

FIELDS = ("kind", "scope_kind", "scope_id", "threshold", "window_minutes")
MAX_TYPED = 128


@dataclass
class RuleForm:
    """`said`: what is shown in the fields; `errors`: a sentence by field."""

    said: dict[str, str]
    channels: set[int]
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def kinds(self) -> tuple[Choice, ...]:
        known = AlertRule.Kind.choices
        return tuple(Choice(k, str(label), k == self.said["kind"]) for k, label in known)

    @property
    def scopes(self) -> tuple[Choice, ...]:
        kinds = dict.fromkeys(kind for known in rules.SCOPES.values() for kind in known)
        chosen = self.said["scope_kind"]
        return tuple(Choice(k, str(ScopeKind(k).label), k == chosen) for k in kinds)

    @property
    def all_channels(self) -> tuple[Choice, ...]:
        rows = AlertChannel.objects.filter(is_on=True)
        return tuple(Choice(str(row.pk), row.name, row.pk in self.channels) for row in rows)

    @property
    def typed(self) -> Typed:
        return Typed(
            **{name: self.said[name] for name in FIELDS}, channels=tuple(sorted(self.channels))
        )


def _form_of(sent: Mapping[str, str], channels: list[str]) -> RuleForm:
    said = {
        name: sent.get(name, "").replace("\x00", "").strip()[:MAX_TYPED] for name in FIELDS
    }
    known = {int(pk) for pk in channels if pk.isascii() and pk.isdecimal() and len(pk) < 19}
    return RuleForm(said, known)


@staff_required
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    lines = alert_rules.lines()
    context = {
        "lines": lines, "is_nobody_told": alert_rules.is_nobody_told(lines),
        "zone": settings.DEFAULT_ZONE,
    }
    return render(
        request, "dashboard/alert_rules.html", context | tabs("alert_rules") | may(request)
    )


@staff_required
def new(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        form = _form_of(request.GET, [])
        usual = {"kind": "budget", "scope_kind": "platform", "window_minutes": "60"}
        form.said |= {name: form.said[name] or value for name, value in usual.items()}
        return _page(request, form, None)
    allow(request, CHANGE_RULES)
    return _saved(request, None)


@staff_required
def rule(request: HttpRequest, rule_id: int) -> HttpResponse:
    row = AlertRule.objects.filter(pk=min(rule_id, MAX_ID)).first()
    if row is None:
        raise Http404(_("There is no such rule."))
    if request.method == "POST":
        allow(request, CHANGE_RULES)
        return _saved(request, row)
    shown = {
        "kind": row.kind, "scope_kind": row.scope_kind, "scope_id": alert_rules.typed_scope(row),
        "threshold": rules.threshold_typed(row), "window_minutes": str(row.window_minutes),
    }
    return _page(request, RuleForm(shown, set(row.channels.values_list("pk", flat=True))), row)


def _saved(request: HttpRequest, row: AlertRule | None) -> HttpResponse:
    form, actor = _form_of(request.POST, request.POST.getlist("channels")), actor_of(request)
    if row:
        form.said["kind"] = row.kind
    try:
        if row:
            rules.rule_change(row.pk, form.typed, actor=actor)
        else:
            rules.rule_make(form.typed, actor=actor, now=clock.now())
    except BadRequest as error:
        form.errors[error.param or ""] = said(error.message)
        return _page(request, form, row, status=400)
    messages.success(request, _("The rule was saved. It is asked within a minute."))
    return to("alert_rules")


def _page(
    request: HttpRequest, form: RuleForm, row: AlertRule | None, *, status: int = 200
) -> HttpResponse:
    context: dict[str, Any] = {"form": form, "row": row, "units": alert_rules.units()}
    return render(
        request, "dashboard/alert_rule.html", context | tabs("alert_rules") | may(request),
        status=status,
    )


@staff_required
@require_POST
def switch(request: HttpRequest, rule_id: int) -> HttpResponse:
    allow(request, CHANGE_RULES)
    is_on = request.POST.get("on") == "1"
    try:
        rules.rule_switch(
            min(rule_id, MAX_ID), is_on=is_on, actor=actor_of(request), now=clock.now()
        )
    except CostControlError as error:
        messages.error(request, said(error.message))
    else:
        words = _("The rule is on.") if is_on else _("The rule is off, and its alerts are over.")
        messages.success(request, words)
    return to("alert_rules")

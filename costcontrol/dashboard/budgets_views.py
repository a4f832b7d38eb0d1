"""Budgets: how full they are; to make, change and delete one; to raise the running window once."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.audited import actor_of, dollars
from accounts.throttles import throttles_now
from billing.budget_changes import budget_delete, budget_set, cap_raise, raise_end
from billing.models import Budget
from billing.reports.scope_names import scope_names
from costcontrol import formats
from costcontrol.dashboard import alerts, budgets, budgets_forms
from costcontrol.dashboard.access import staff_required
from costcontrol.dashboard.budgets_forms import BudgetForm
from costcontrol.dashboard.budgets_stop import Stop, stop_of
from costcontrol.dashboard.budgets_tabs import (
    CHANGE_BUDGETS,
    MAX_ID,
    MAX_REASON,
    allow,
    may,
    posted,
    tabs,
    to,
)
from costcontrol.dashboard.csvs import csv_response
from costcontrol.lib import clock
from costcontrol.lib.errors import CostControlError
from costcontrol.lib.sentences import said


@staff_required
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    now, zone = clock.now(), settings.DEFAULT_ZONE
    context: dict[str, Any] = {
        "page": budgets.page_of(request.GET.dict(), now=now, zone=zone),
        "alerts": alerts.unresolved(now=now), "throttles": alerts.throttles(throttles_now(now)),
        "as_of": formats.when(now, zone=zone), "zone": zone, "max_reason": MAX_REASON,
    }
    return render(request, "dashboard/budgets.html", context | tabs("budgets") | may(request))


@staff_required
@require_safe
def page_csv(request: HttpRequest) -> HttpResponse:
    return csv_response("budgets", budgets.csv_rows(now=clock.now()))


@staff_required
def new(request: HttpRequest) -> HttpResponse:
    """GET with a cap shows what it would do. POST makes it."""
    if request.method != "POST":
        form = budgets_forms.blank(request.GET)
        if not form.said["cap"]:
            return _form(request, form)
        form = budgets_forms.checked(form.said)
        return _form(request, form, stop=_stop(form))
    allow(request, CHANGE_BUDGETS)
    form = budgets_forms.checked(request.POST)
    key = {name: form.said[name] for name in ("scope_kind", "period")}
    if form.is_valid and Budget.objects.filter(scope_id=form.scope_id, **key).exists():
        form.errors["scope_id"] = _("There is such a budget already. Change that one.")
    return _saved(request, form, None)


@staff_required
def budget(request: HttpRequest, budget_id: int) -> HttpResponse:
    """GET shows it, and with a cap what that would do. POST changes it."""
    row = _budget(budget_id)
    name = scope_names([(row.scope_kind, row.scope_id)])[row.scope_kind, row.scope_id]
    if request.method == "POST":
        allow(request, CHANGE_BUDGETS)
        return _saved(request, budgets_forms.checked(request.POST, row), row)
    form = budgets_forms.of_budget(row, name)
    if "cap" not in request.GET:
        return _form(request, form, row)
    form = budgets_forms.checked(form.said | request.GET.dict(), row)
    return _form(request, form, row, stop=_stop(form))


def _saved(request: HttpRequest, form: BudgetForm, row: Budget | None) -> HttpResponse:
    """What would stop calls at once is asked about once more."""
    stop = _stop(form)
    if stop is None:
        return _form(request, form, row, status=400)
    if stop.is_at_once and request.POST.get("confirm") != "1":
        return _form(request, form, row, stop=stop, status=409)
    made = budget_set(
        form.said["scope_kind"], form.scope_id, form.said["period"], form.values,
        actor=actor_of(request), now=clock.now(), reason=posted(request, "reason"),
    )
    messages.success(request, _("The budget was saved. It holds from the next call on."))
    return to("budget", made.pk)


def _stop(form: BudgetForm) -> Stop | None:
    """None: the form has to be put right first."""
    if not form.is_valid:
        return None
    return stop_of(
        form.said["scope_kind"], form.scope_id, form.said["period"], form.cap_nanos,
        zone=form.said["zone"], now=clock.now(),
    )


def _form(
    request: HttpRequest, form: BudgetForm, row: Budget | None = None, *,
    stop: Stop | None = None, status: int = 200,
) -> HttpResponse:
    now, zone = clock.now(), settings.DEFAULT_ZONE
    lines = budgets.lines_of([row], now=now, zone=zone) if row else ()
    context: dict[str, Any] = {
        "form": form, "row": row, "line": lines[0] if lines else None, "stop": stop,
        "max_reason": MAX_REASON, "zone": zone,
    }
    return render(
        request, "dashboard/budget.html", context | tabs("budgets") | may(request), status=status
    )


@staff_required
@require_POST
def raise_once(request: HttpRequest, budget_id: int) -> HttpResponse:
    allow(request, CHANGE_BUDGETS)
    row = _budget(budget_id)
    try:
        cap = dollars(posted(request, "cap"))
        cap_raise(row.pk, cap_nanos=cap, reason=posted(request, "reason"),
                  actor=actor_of(request), now=clock.now())
    except CostControlError as error:
        messages.error(request, said(error.message))
    except ValidationError:
        messages.error(request, _("Write the higher amount in dollars, as 0.05 or 100."))
    else:
        messages.success(
            request,
            _("It may spend %(cap)s until its period ends. The next one begins as before.")
            % {"cap": formats.money(cap)},
        )
    return to("budget", row.pk)


@staff_required
@require_POST
def raise_over(request: HttpRequest, budget_id: int) -> HttpResponse:
    allow(request, CHANGE_BUDGETS)
    row = _budget(budget_id)
    if raise_end(row.pk, actor=actor_of(request), now=clock.now()):
        messages.success(request, _("The raise was ended. The budget's own cap holds again."))
    else:
        messages.warning(request, _("It is not raised any more, so nothing was changed."))
    return to("budget", row.pk)


@staff_required
@require_POST
def delete(request: HttpRequest, budget_id: int) -> HttpResponse:
    allow(request, CHANGE_BUDGETS)
    row = _budget(budget_id)
    if request.POST.get("confirm") != "1":
        messages.error(request, _("Tick that the budget may go. Nothing was changed."))
        return to("budget", row.pk)
    budget_delete(row.pk, actor=actor_of(request), now=clock.now(),
                  reason=posted(request, "reason"))
    messages.success(request, _("The budget was deleted."))
    return to("budgets")


def _budget(budget_id: int) -> Budget:
    row = Budget.objects.filter(pk=min(budget_id, MAX_ID)).first()
    if row is None:
        raise Http404(_("There is no such budget. It may have been deleted."))
    return row

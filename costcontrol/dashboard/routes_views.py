"""Routes and models: the page, its exports, drafts of the table, and switching models."""

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from asgiref.sync import async_to_sync, sync_to_async
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.audited import actor_of
from billing.models import UsageRecord
from billing.reports.facts import filters_known
from costcontrol.dashboard import filters, health, routes_models, routes_rules
from costcontrol.dashboard import routes as page
from costcontrol.dashboard.access import staff_required
from costcontrol.dashboard.budgets_tabs import posted
from costcontrol.dashboard.csvs import csv_response
from costcontrol.dashboard.health import Model
from costcontrol.dashboard.routes_drafts import draft_page
from costcontrol.dashboard.whatif_asked import typed_table
from costcontrol.lib import clock
from routing import snapshot
from routing.models import Deployment, RoutePolicy
from routing.services import (
    PolicyError,
    deployment_switch,
    policy_draft,
    policy_edit,
    policy_publish,
)

MAX_VERSION = 2**31 - 1


@staff_required
@require_safe
async def routes(request: HttpRequest) -> HttpResponse:
    now, seen = clock.now(), await _seen()
    return await sync_to_async(_page)(request, now, seen)


async def _seen() -> Mapping[str, Model]:
    """As this process knows them."""
    try:
        return {model.deployment.name: model for model in await health.models()}
    except DatabaseError:
        return {}


def _page(request: HttpRequest, now: datetime, seen: Mapping[str, Model]) -> HttpResponse:
    choices = filters_known()
    state = filters.state_of(request.GET.dict(), choices=choices, now=now)
    today = now.astimezone(ZoneInfo(state.zone))
    view = page.routes_page(
        state, page.found_of(state, seen), choices, today=today.date().isoformat()
    )
    context = {
        "state": state, "view": view, "as_of": f"{today:%H:%M %Z}",
        "is_new": view.is_unused and not UsageRecord.objects.exists(),
        "may_draft": request.user.has_perm(page.MAY_DRAFT),
        "whatif_url": f"{reverse('dashboard:whatif')}?{_asked_days(state)}",
    }
    return render(request, "dashboard/routes.html", context)


def _asked_days(state: filters.State) -> str:
    days = state.range
    return urlencode({"from": days.first.isoformat(), "to": days.last.isoformat()})


@staff_required
@require_safe
def routes_csv(request: HttpRequest, routes_csv_name: str) -> HttpResponse:
    if routes_csv_name not in ("rules", "models"):
        raise Http404(_("There is no table of this name."))
    now = clock.now()
    state = filters.state_of(request.GET.dict(), choices=filters_known(), now=now)
    found = page.found_of(state, async_to_sync(_seen)())
    rows = (
        routes_rules.csv_rows(found.rules) if routes_csv_name == "rules"
        else routes_models.csv_rows(found.models)
    )
    days = state.range
    return csv_response(f"{routes_csv_name}-{days.first}-{days.last}", rows)


@staff_required
@require_POST
def draft_new(request: HttpRequest) -> HttpResponse:
    """A copy of a version, or of the one in force."""
    _allow(request, page.MAY_DRAFT)
    version = request.POST.get("version", "")
    is_version = version.isdecimal() and version.isascii() and len(version) < 10
    rows = RoutePolicy.objects.filter(version=int(version)) if is_version else (
        RoutePolicy.objects.filter(status=RoutePolicy.Status.PUBLISHED)
    )
    source = rows.first()
    if source is None:
        messages.error(request, _("There is no routing table to copy. Load the default rows."))
        return HttpResponseRedirect(reverse("dashboard:routes"))
    because = _("Copied from: %(version)s") % {"version": source}
    draft = policy_draft(source.cells, actor=actor_of(request), because=because)
    messages.success(
        request, _("Version %(version)d is a draft. Nothing changes until it is published.")
        % {"version": draft.version}
    )
    return _to(draft)


@staff_required
@require_http_methods(["GET", "HEAD", "POST"])
def draft(request: HttpRequest, version: int) -> HttpResponse:
    """Look at a version; change it while it is a draft."""
    policy = _policy(version)
    if request.method != "POST":
        return _draft(request, policy, {})
    _allow(request, page.MAY_PUBLISH)
    said = dict(request.POST.lists())
    try:
        policy_edit(policy, typed_table(said), actor=actor_of(request))
    except PolicyError as error:
        return _draft(request, policy, said, error=str(error))
    done = _("The draft is saved. Ask what it would have cost, then publish it.")
    messages.success(request, done)
    return _to(policy)


def _draft(
    request: HttpRequest, policy: RoutePolicy, said: dict[str, list[str]], *, error: str = ""
) -> HttpResponse:
    context = {
        "view": draft_page(policy, said), "error": error,
        "may_change": request.user.has_perm(page.MAY_PUBLISH),
        "may_draft": request.user.has_perm(page.MAY_DRAFT),
    }
    status = 400 if error else 200
    return render(request, "dashboard/routes_draft.html", context, status=status)


@staff_required
@require_POST
def draft_publish(request: HttpRequest, version: int) -> HttpResponse:
    """From the next calls on, in every process within seconds."""
    _allow(request, page.MAY_PUBLISH)
    policy = _policy(version)
    if request.POST.get("confirm") != "1":
        messages.error(request, _("Tick that it may take effect. Nothing was published."))
        return _to(policy)
    try:
        policy_publish(policy, at=clock.now(), actor=actor_of(request))
    except PolicyError as error:
        messages.error(request, str(error))
        return _to(policy)
    snapshot.forget()
    messages.success(request, _("Version %(version)d is in force.") % {"version": policy.version})
    return HttpResponseRedirect(reverse("dashboard:routes"))


@staff_required
@require_http_methods(["GET", "HEAD", "POST"])
def model(request: HttpRequest, deployment_id: int) -> HttpResponse:
    """One model: ask once more before it is switched."""
    row = Deployment.objects.filter(pk=min(deployment_id, MAX_VERSION)).first()
    if row is None:
        raise Http404(_("There is no such model."))
    if request.method == "POST":
        return _switched(request, row)
    others = Deployment.objects.filter(is_enabled=True, model_class=row.model_class)
    context = {
        "row": row, "others": list(others.exclude(pk=row.pk)),
        "calls_query": urlencode({"deployment": row.name}),
        "class_label": Deployment.ModelClass(row.model_class).label,
        "may_switch": request.user.has_perm(page.MAY_SWITCH),
    }
    return render(request, "dashboard/routes_model.html", context)


def _switched(request: HttpRequest, row: Deployment) -> HttpResponse:
    _allow(request, page.MAY_SWITCH)
    there = HttpResponseRedirect(reverse("dashboard:routes_model", args=[row.pk]))
    wanted = request.POST.get("is_enabled")
    if request.POST.get("confirm") != "1" or wanted not in ("0", "1"):
        messages.error(request, _("Tick that it may take effect. Nothing was changed."))
        return there
    try:
        deployment_switch(
            row, is_enabled=wanted == "1", actor=actor_of(request), at=clock.now(),
            reason=posted(request, "reason"),
        )
    except PolicyError as error:
        messages.error(request, str(error))
        return there
    snapshot.forget()
    done = _("%(name)s is enabled.") if wanted == "1" else _("%(name)s is disabled.")
    messages.success(request, done % {"name": row.name})
    return HttpResponseRedirect(reverse("dashboard:routes"))


def _policy(version: int) -> RoutePolicy:
    found = RoutePolicy.objects.filter(version=min(version, MAX_VERSION)).first()
    if found is None:
        raise Http404(_("There is no such version of the routing table."))
    return found


def _to(policy: RoutePolicy) -> HttpResponse:
    return HttpResponseRedirect(reverse("dashboard:routes_draft", args=[policy.version]))


def _allow(request: HttpRequest, permission: str) -> None:
    if not request.user.has_perm(permission):
        raise PermissionDenied(
            _("Your account may look at routes but not change them. This needs the permission "
              "“%(name)s”. Ask whoever manages accounts.") % {"name": permission}
        )



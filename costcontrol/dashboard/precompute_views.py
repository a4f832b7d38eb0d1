"""Answers made ahead: the list, an estimate, and one run with what can be done about it."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.audited import actor_of
from costcontrol import formats
from costcontrol.dashboard import precompute as page
from costcontrol.dashboard.access import staff_required
from costcontrol.dashboard.caches_tabs import tabs
from costcontrol.dashboard.csvs import csv_response
from costcontrol.dashboard.precompute_files import runs_rows
from costcontrol.dashboard.precompute_run import run_page, statuses
from costcontrol.dashboard.precompute_topics import topics_card
from costcontrol.lib import clock
from costcontrol.lib.errors import CostControlError
from costcontrol.lib.sentences import said
from routing import snapshot
from routing.models import PrecomputeRun, Topic
from routing.precompute import money, runs
from routing.precompute.orders import order_of
from routing.precompute.topics import topic_switch

LISTS = ("languages", "kinds")
FIELDS = ("budget_usd", "tier", "horizon_days", "topics", "variants", "debates_per_day")
MAX_ID = 2**31


@staff_required
@require_safe
def precompute(request: HttpRequest) -> HttpResponse:
    return _page(request, {})


def _page(
    request: HttpRequest, asked: dict[str, Any], *, error: str = "", status: int = 200
) -> HttpResponse:
    now, may_run = clock.now(), request.user.has_perm(page.CHANGE_RUNS)
    context = {
        "form": page.form_of(asked, snapshot=snapshot.latest()), "error": error,
        "bar": page.month_bar(now=now), "table": page.runs_table(),
        "may_run": may_run, "is_simulated": settings.DEMO, "zone": settings.DEFAULT_ZONE,
        "as_of": formats.when(now, zone=settings.DEFAULT_ZONE),
        "card": topics_card(now=now, may_run=may_run),
    }
    return render(
        request, "dashboard/precompute.html", context | tabs("precompute"), status=status
    )


@staff_required
@require_safe
def runs_csv(request: HttpRequest) -> HttpResponse:
    return csv_response("precompute-runs", runs_rows())


@staff_required
@require_POST
def estimate(request: HttpRequest) -> HttpResponse:
    _allow(request)
    asked: dict[str, Any] = {name: request.POST.getlist(name) for name in LISTS}
    asked |= {name: request.POST.get(name, "").strip() for name in FIELDS}
    known = snapshot.latest()
    try:
        run = runs.run_estimate(
            order_of(asked, snapshot=known), snapshot=known, actor=actor_of(request),
            user_id=request.user.pk, now=clock.now(),
        )
    except CostControlError as error:
        return _page(request, asked, error=said(error.message), status=400)
    return _to(run)


@staff_required
@require_POST
def topics(request: HttpRequest) -> HttpResponse:
    """One topic is left out of estimates, or taken in again."""
    _allow(request)
    there = HttpResponseRedirect(f"{reverse('dashboard:precompute')}#topics")
    key, what = request.POST.get("topic", ""), request.POST.get("what")
    row = Topic.objects.filter(pk=key).first() if key.isascii() and "\x00" not in key else None
    if row is None or what not in ("leave_out", "take_in"):
        messages.error(request, _("There is no such topic. Nothing was changed."))
        return there
    topic_switch(row, is_made_ahead=what == "take_in", actor=actor_of(request))
    done = _("The topic is left out from the next estimate on.")
    if what == "take_in":
        done = _("The topic is in the next estimate again.")
    messages.success(request, done)
    return there


@staff_required
@require_safe
def run(request: HttpRequest, run_id: int) -> HttpResponse:
    found = _run(run_id)
    view = run_page(found, snapshot=snapshot.latest(), now=clock.now())
    context = {
        "view": view, "statuses": statuses(view.report), "is_on": money.is_on(),
        "may_run": request.user.has_perm(page.CHANGE_RUNS), "zone": settings.DEFAULT_ZONE,
        "is_simulated": settings.DEMO,
    }
    is_part = "HX-Request" in request.headers
    template = "dashboard/precompute_progress.html" if is_part else "dashboard/precompute_run.html"
    return render(request, template, context | tabs("precompute"))


@staff_required
@require_POST
def start(request: HttpRequest, run_id: int) -> HttpResponse:
    _allow(request)
    found = _run(run_id)
    if request.POST.get("confirm") != "1":
        messages.error(request, _("Tick that it may be spent. Nothing was started."))
        return _to(found)
    return _do(request, found, lambda: runs.run_start(
        found, actor=actor_of(request), now=clock.now()
    ), _("The run has begun. What it makes is served as soon as it is there."))


@staff_required
@require_POST
def stop(request: HttpRequest, run_id: int) -> HttpResponse:
    _allow(request)
    found = _run(run_id)
    return _do(request, found, lambda: runs.run_stop(found, actor=actor_of(request)),
               _("The run is being stopped. What comes back all the same is kept."))


@staff_required
@require_POST
def delete(request: HttpRequest, run_id: int) -> HttpResponse:
    _allow(request)
    found = _run(run_id)
    response = _do(request, found, lambda: runs.run_delete(found, actor=actor_of(request)),
                   _("The estimate was deleted."))
    is_gone = not PrecomputeRun.objects.filter(pk=run_id).exists()
    return HttpResponseRedirect(reverse("dashboard:precompute")) if is_gone else response


def _do(request: HttpRequest, found: PrecomputeRun, act: Any, done: str) -> HttpResponse:
    try:
        act()
        messages.success(request, done)
    except CostControlError as error:
        messages.error(request, said(error.message))
    return _to(found)


def _run(run_id: int) -> PrecomputeRun:
    found = PrecomputeRun.objects.filter(pk=min(run_id, MAX_ID)).first()
    if found is None:
        raise Http404(_("There is no such run. It may have been deleted."))
    return found


def _to(run: PrecomputeRun) -> HttpResponse:
    return HttpResponseRedirect(reverse("dashboard:precompute_run", args=[run.pk]))


def _allow(request: HttpRequest) -> None:
    if not request.user.has_perm(page.CHANGE_RUNS):
        raise PermissionDenied(
            _("Your account may look at runs but not start them. This needs the permission "
              "“%(name)s”. Ask whoever manages accounts.") % {"name": page.CHANGE_RUNS}
        )

"""What if: the form, the runs, and one run with what can be done about it."""

from collections.abc import Callable
from datetime import timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.audited import actor_of
from costcontrol.dashboard import whatif as page
from costcontrol.dashboard.access import staff_required
from costcontrol.dashboard.csvs import csv_response
from costcontrol.dashboard.whatif_asked import Wrong, asked_of, said_of
from costcontrol.dashboard.whatif_csv import rows_of
from costcontrol.dashboard.whatif_form import Said, form_of
from costcontrol.dashboard.whatif_ready import ready_of
from costcontrol.dashboard.whatif_run import run_page
from costcontrol.lib import clock
from costcontrol.lib.errors import CostControlError
from costcontrol.lib.sentences import said
from routing import snapshot
from routing.models import WhatIfRun
from routing.services import PolicyError
from routing.whatif import runs, work

MAX_ID = 2**31
MAY_DRAFT = "routing.add_routepolicy"


@staff_required
@require_safe
def whatif(request: HttpRequest) -> HttpResponse:
    """`again`: a run whose form is shown once more; else what the address says."""
    asked: Said = dict(request.GET.lists())
    again = request.GET.get("again", "")
    if again.isdecimal() and again.isascii() and len(again) < 10:
        run = WhatIfRun.objects.filter(pk=int(again)).first()
        asked = said_of(run) | _days_of(run) if run else asked
    return _page(request, asked)


def _days_of(run: WhatIfRun) -> dict[str, list[str]]:
    zone = ZoneInfo(settings.DEFAULT_ZONE)
    last = (run.end - timedelta.resolution).astimezone(zone)
    return {"from": [run.start.astimezone(zone).date().isoformat()],
            "to": [last.date().isoformat()]}


def _page(
    request: HttpRequest, asked: Said, *, problems: tuple[str, ...] = (), status: int = 200
) -> HttpResponse:
    before = request.GET.get("before", "")
    is_page = before.isdecimal() and before.isascii() and len(before) < 10
    found, older = page.page_of(int(before) if is_page else None)
    known, now = snapshot.latest(), clock.now()
    context = {
        "form": form_of(asked, snapshot=known, now=now),
        "ready": ready_of(snapshot=known, now=now),
        "problems": problems, "table": page.runs_table(found), "older": older,
        "is_first": not is_page, "may_run": request.user.has_perm(page.MAY_RUN),
        "zone": settings.DEFAULT_ZONE,
    }
    return render(request, "dashboard/whatif.html", context, status=status)


@staff_required
@require_POST
def run_new(request: HttpRequest) -> HttpResponse:
    """A small one is played at once; others wait for the worker."""
    _allow(request, page.MAY_RUN)
    sent: Said = dict(request.POST.lists())
    try:
        asked = asked_of(sent, snapshot=snapshot.latest())
        run = runs.run_make(
            asked.changes, title=asked.title, start=asked.start, end=asked.end,
            actor=actor_of(request), now=clock.now(),
        )
    except Wrong as wrong:
        return _page(request, sent, problems=tuple(wrong.problems), status=400)
    except CostControlError as error:
        return _page(request, sent, problems=(said(error.message),), status=400)
    if runs.is_small(run):
        work.advance(run)
    return _to(run)


@staff_required
@require_safe
def run(request: HttpRequest, whatif_id: int) -> HttpResponse:
    found = _run(whatif_id)
    user = request.user
    context = {
        "view": run_page(found), "zone": settings.DEFAULT_ZONE,
        "may_run": user.has_perm(page.MAY_RUN), "may_draft": user.has_perm(MAY_DRAFT),
    }
    is_part = "HX-Request" in request.headers
    template = "dashboard/whatif_progress.html" if is_part else "dashboard/whatif_run.html"
    response = render(request, template, context)
    if is_part and found.state not in runs.OPEN:
        response["HX-Refresh"] = "true"  # the result has charts of its own
    return response


@staff_required
@require_POST
def run_stop(request: HttpRequest, whatif_id: int) -> HttpResponse:
    _allow(request, page.MAY_RUN)
    found = _run(whatif_id)
    return _do(request, found, lambda: runs.run_stop(
        found, actor=actor_of(request), now=clock.now()
    ), _("The run is stopped. What it had found is not shown: it was not all."))


@staff_required
@require_POST
def run_draft(request: HttpRequest, whatif_id: int) -> HttpResponse:
    """Its table, as a draft that somebody may publish."""
    _allow(request, MAY_DRAFT)
    found = _run(whatif_id)
    try:
        draft = runs.draft_of(found, actor=actor_of(request))
    except (CostControlError, PolicyError) as error:
        messages.error(request, said(getattr(error, "message", str(error))))
        return _to(found)
    messages.success(
        request, _("Version %(version)d is a draft. Nothing changes until it is published.")
        % {"version": draft.version}
    )
    return HttpResponseRedirect(reverse("dashboard:routes_draft", args=[draft.version]))


@staff_required
@require_safe
def run_csv(request: HttpRequest, whatif_id: int) -> HttpResponse:
    found = page.outcome(_run(whatif_id))
    if found is None:
        raise Http404(_("This run has no result yet."))
    return csv_response(f"what-if-{whatif_id}", rows_of(found))


def _do(
    request: HttpRequest, found: WhatIfRun, act: Callable[[], None], done: str
) -> HttpResponse:
    try:
        act()
        messages.success(request, done)
    except CostControlError as error:
        messages.error(request, said(error.message))
    return _to(found)


def _run(whatif_id: int) -> WhatIfRun:
    found = WhatIfRun.objects.filter(pk=min(whatif_id, MAX_ID)).first()
    if found is None:
        raise Http404(_("There is no such what-if run."))
    return found


def _to(run: WhatIfRun) -> HttpResponse:
    return HttpResponseRedirect(reverse("dashboard:whatif_run", args=[run.pk]))


def _allow(request: HttpRequest, permission: str) -> None:
    if not request.user.has_perm(permission):
        raise PermissionDenied(
            _("Your account may look at what-ifs but not do this. It needs the permission "
              "“%(name)s”. Ask whoever manages accounts.") % {"name": permission}
        )

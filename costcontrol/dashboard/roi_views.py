"""Hardware of one's own: the page and its export."""

from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from billing.reports.roi_measured import measured
from costcontrol.dashboard import roi as pages
from costcontrol.dashboard.access import staff_required
from costcontrol.dashboard.csvs import csv_response
from costcontrol.dashboard.roi_state import RoiState, state_of
from costcontrol.lib import clock


@staff_required
@require_safe
def roi(request: HttpRequest) -> HttpResponse:
    state = _state(request)
    seen = clock.now().astimezone(ZoneInfo(settings.DEFAULT_ZONE))
    context = {
        "state": state, "page": pages.roi_page(state), "as_of": f"{seen:%H:%M %Z}",
        "zone": settings.DEFAULT_ZONE,
    }
    return render(request, "dashboard/roi.html", context)


@staff_required
@require_safe
def roi_csv(request: HttpRequest) -> HttpResponse:
    return csv_response("own-hardware", pages.rows(_state(request)))


def _state(request: HttpRequest) -> RoiState:
    known = measured(zone=settings.DEFAULT_ZONE, now=clock.now())
    return state_of(request.GET.dict(), known)

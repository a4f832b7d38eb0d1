"""The page of the audit log, and its export."""

from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from costcontrol import formats
from costcontrol.dashboard.access import staff_required
from costcontrol.dashboard.audit import MAX_ROWS, audit_page, state_of, stream
from costcontrol.dashboard.csvs import CONTENT_TYPE, headers_of
from costcontrol.lib import clock


@staff_required
@require_safe
def audit(request: HttpRequest) -> HttpResponse:
    now = clock.now()
    state = state_of(request.GET.dict(), now=now)
    today = now.astimezone(ZoneInfo(state.shared.zone)).date().isoformat()
    context = {
        "page": audit_page(state, today=today), "state": state, "zone": state.shared.zone,
        "notes": state.notes, "max_export": formats.count(MAX_ROWS),
        "as_of": formats.when(now, zone=state.shared.zone),
    }
    return render(request, "dashboard/audit.html", context)


@staff_required
@require_safe
async def audit_csv(request: HttpRequest) -> StreamingHttpResponse:
    state = state_of(request.GET.dict(), now=clock.now())
    days = state.shared.range
    return StreamingHttpResponse(
        stream(state.trail, zone=state.shared.zone), content_type=CONTENT_TYPE,
        headers=headers_of(f"audit-{days.first}-{days.last}"),
    )

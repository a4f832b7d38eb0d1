"""The page of questions."""

from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from costcontrol.dashboard.access import staff_required
from costcontrol.dashboard.filter_ranges import zone_of
from costcontrol.dashboard.questions import questions_page
from costcontrol.lib import clock


@staff_required
@require_safe
def questions(request: HttpRequest) -> HttpResponse:
    notes: list[str] = []
    zone, now = zone_of(request.GET.get("zone", ""), notes), clock.now()
    page = questions_page(zone=zone, now=now)
    context = {
        "page": page, "notes": notes, "zone": zone,
        "as_of": f"{now.astimezone(ZoneInfo(zone)):%H:%M %Z}",
    }
    return render(request, "dashboard/questions.html", context)

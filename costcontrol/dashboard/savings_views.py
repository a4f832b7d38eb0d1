"""Savings: the page and its exports."""

from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from billing.reports import savings_report
from costcontrol.dashboard import savings_tables
from costcontrol.dashboard.access import staff_required
from costcontrol.dashboard.csvs import csv_response
from costcontrol.dashboard.savings import savings_page
from costcontrol.dashboard.savings_state import state_of
from costcontrol.lib import clock


@staff_required
@require_safe
def savings(request: HttpRequest) -> HttpResponse:
    now = clock.now()
    state = state_of(request.GET.dict(), now=now)
    seen = now.astimezone(ZoneInfo(state.shared.zone))
    context = {
        "state": state, "shown": state.shared, "as_of": f"{seen:%H:%M %Z}",
        "page": savings_page(state, today=seen.date().isoformat()),
    }
    return render(request, "dashboard/savings.html", context)


@staff_required
@require_safe
def savings_csv(request: HttpRequest, name: str) -> HttpResponse:
    state = state_of(request.GET.dict(), now=clock.now())
    report = savings_report.load(state.shared.question, against=state.against)
    rows = savings_tables.export(report, name)
    if rows is None:
        raise Http404(_("There is no chart of this name."))
    days = state.shared.range
    return csv_response(f"savings-{name}-{days.first}-{days.last}", rows)

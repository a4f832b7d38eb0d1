"""Forecast and anomalies: the page and its exports."""

from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from costcontrol.dashboard import forecast_files, forecast_tables
from costcontrol.dashboard.access import staff_required
from costcontrol.dashboard.csvs import csv_response
from costcontrol.dashboard.forecast import forecast_page
from costcontrol.dashboard.forecast_facts import facts_of, page_state
from costcontrol.lib import clock


@staff_required
@require_safe
def forecast(request: HttpRequest) -> HttpResponse:
    now = clock.now()
    state = page_state(request.GET.dict(), now=now)
    seen = now.astimezone(ZoneInfo(state.zone))
    context = {"state": state, "as_of": f"{seen:%H:%M %Z}", "page": forecast_page(state)}
    return render(request, "dashboard/forecast.html", context)


@staff_required
@require_safe
def forecast_csv(request: HttpRequest, name: str) -> HttpResponse:
    now = clock.now()
    state = page_state(request.GET.dict(), now=now)
    rows = forecast_files.export(name, state)
    if rows is None:
        facts = facts_of(state)
        rows = forecast_tables.export(name, facts.past, facts.found, facts.odd)
    if rows is None:
        raise Http404(_("There is no table of this name."))
    return csv_response(f"forecast-{name}-{now.astimezone(ZoneInfo(state.zone)).date()}", rows)

"""The page of experiments, only read, and its file."""

from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from costcontrol import formats
from costcontrol.dashboard import filters
from costcontrol.dashboard.access import staff_required
from costcontrol.dashboard.csvs import csv_response
from costcontrol.dashboard.experiments import csv_rows, experiments_page
from costcontrol.dashboard.filter_bar import filter_bar
from costcontrol.dashboard.filter_values import choices_now
from costcontrol.lib import clock

APPLIES = frozenset({"tier", "language"})


@staff_required
@require_safe
def experiments(request: HttpRequest) -> HttpResponse:
    now, choices = clock.now(), choices_now()
    state = filters.state_of(request.GET.dict(), choices=choices, now=now, applies=APPLIES)
    today = now.astimezone(ZoneInfo(state.zone)).date().isoformat()
    return render(request, "dashboard/experiments.html", {
        "page": experiments_page(state.question), "bar": filter_bar(state, choices, today=today),
        "notes": state.notes, "zone": state.zone, "as_of": formats.when(now, zone=state.zone),
        "query": state.as_query(),
    })


@staff_required
@require_safe
def experiments_csv(request: HttpRequest) -> HttpResponse:
    state = filters.state_of(
        request.GET.dict(), choices=choices_now(), now=clock.now(), applies=APPLIES
    )
    name = f"experiments-{state.range.first}-{state.range.last}"
    return csv_response(name, csv_rows(state.question))

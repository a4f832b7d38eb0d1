"""The monthly report: the page, its exports, and who gets it by email."""

from typing import cast
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from billing.reports import monthly_mail
from billing.reports.monthly import monthly
from costcontrol.dashboard import report_tables
from costcontrol.dashboard.access import staff_required
from costcontrol.dashboard.csvs import csv_response
from costcontrol.dashboard.report import report_page, state_of
from costcontrol.lib import clock


@staff_required
@require_safe
def report(request: HttpRequest) -> HttpResponse:
    now = clock.now()
    state = state_of(request.GET.dict(), now=now)
    context = {
        "state": state, "page": report_page(state, now=now),
        "as_of": f"{now.astimezone(ZoneInfo(state.zone)):%Y-%m-%d %H:%M %Z}",
        "is_subscribed": monthly_mail.is_subscribed(cast(User, request.user)),
    }
    return render(request, "dashboard/report.html", context)


@staff_required
@require_safe
def report_csv(request: HttpRequest) -> HttpResponse:
    now = clock.now()
    state = state_of(request.GET.dict(), now=now)
    found = monthly(state.month, zone=state.zone, now=now)
    return csv_response(f"report-{state.name}", report_tables.rows(found))


@staff_required
@require_safe
def report_json(request: HttpRequest) -> HttpResponse:
    now = clock.now()
    state = state_of(request.GET.dict(), now=now)
    found = monthly(state.month, zone=state.zone, now=now)
    return JsonResponse(report_tables.as_json(found))


@staff_required
@require_POST
def report_subscribe(request: HttpRequest) -> HttpResponse:
    """Switches the email on or off for whoever is signed in."""
    person = cast(User, request.user)
    if request.POST.get("wanted") == "yes":
        monthly_mail.subscribe(person, now=clock.now())
    else:
        monthly_mail.unsubscribe(person)
    return redirect("dashboard:report")

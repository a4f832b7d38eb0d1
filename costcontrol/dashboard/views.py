"""The overview and its parts: the page, the health strip, the test call, the exports.

The views are async where they ask the gateway's own state (health, the test call) and go to a
thread for everything that reads the database.
"""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from asgiref.sync import sync_to_async
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from accounts.types import Caller
from billing.reports import facts
from costcontrol import formats
from costcontrol.dashboard import filters, first_run
from costcontrol.dashboard import health as health_strip
from costcontrol.dashboard import overview as page
from costcontrol.dashboard.access import second_factor_note, staff_required
from costcontrol.dashboard.budgets_tabs import CHANGE_ALERTS
from costcontrol.dashboard.charts import BY_ID, export
from costcontrol.dashboard.csvs import csv_response
from costcontrol.dashboard.filter_bar import filter_bar
from costcontrol.dashboard.health import Model
from costcontrol.dashboard.movers_views import part_id
from costcontrol.lib import clock

MAX_ONCE = 64


@staff_required
@require_safe
async def overview(request: HttpRequest) -> HttpResponse:
    now = clock.now()
    if "HX-Request" in request.headers:
        return await sync_to_async(_main)(request, now)
    models = await _models()
    strip = await health_strip.parts(now=now)
    return await sync_to_async(_page)(request, now, models, strip)


def _page(
    request: HttpRequest, now: datetime, models: tuple[Model, ...],
    strip: tuple[health_strip.Part, ...],
) -> HttpResponse:
    steps = first_run.steps(models, has_call=first_run.has_call())
    is_done = all(step.is_done for step in steps)
    context = _figures(request, now) | {
        "steps": () if is_done else steps,
        "is_called": steps[-1].is_done,
        "left": sum(not step.is_done for step in steps),
        "once": uuid4().hex,
        "strip": health_strip.Strip(strip),
    }
    return render(request, "dashboard/overview.html", context)


def _main(request: HttpRequest, now: datetime) -> HttpResponse:
    """Only what depends on the filters; the address bar gets the shortest form of them."""
    context = _figures(request, now)
    response = render(request, "dashboard/overview_main.html", context)
    if "renew" not in request.GET:
        query = context["state"].as_query()
        response["HX-Push-Url"] = f"{request.path}?{query}" if query else request.path
    patch_vary_headers(response, ["HX-Request"])
    return response


def _figures(request: HttpRequest, now: datetime) -> dict[str, Any]:
    choices = facts.filters_known()
    state = filters.state_of(request.GET.dict(), choices=choices, now=now)
    seen = now.astimezone(ZoneInfo(state.zone))
    here = reverse("dashboard:overview")
    return {
        "state": state,
        "bar": filter_bar(state, choices, today=seen.date().isoformat(), compares=True),
        "overview": page.overview(state),
        "as_of": f"{seen:%H:%M %Z}",
        "renew_query": state.as_query(renew="1"),
        "movers_id": part_id(state),
        "may_alerts": request.user.has_perm(CHANGE_ALERTS),
        "retry_url": f"{here}?{state.as_query()}",
        "reset_url": f"{here}?{state.as_query(**state.without_filters())}",
        "wide_url": f"{here}?{state.as_query(range='90d')}",
    }


async def _models() -> tuple[Model, ...]:
    try:
        return await health_strip.models()
    except DatabaseError:
        return ()


@staff_required
@require_safe
async def health(request: HttpRequest) -> HttpResponse:
    """The strip by itself: polled by pages that are seen."""
    parts = await health_strip.parts(now=clock.now())
    is_part = "HX-Request" in request.headers
    template = "dashboard/health_strip.html" if is_part else "dashboard/health.html"
    context = {
        "strip": health_strip.Strip(parts), "is_whole": not is_part, "note": second_factor_note()
    }
    return await sync_to_async(render)(request, template, context)


@staff_required
@require_safe
def chart_csv(request: HttpRequest, chart_id: str) -> HttpResponse:
    chart = BY_ID.get(chart_id)
    if chart is None:
        raise Http404(_("There is no chart of this name."))
    choices = facts.filters_known()
    state = filters.state_of(request.GET.dict(), choices=choices, now=clock.now())
    days = state.range
    rows = export(chart, facts.load(state.question), days)
    return csv_response(f"{chart.id}-{days.first}-{days.last}", rows)


@staff_required
@require_POST
async def first_call(request: HttpRequest) -> HttpResponse:
    user = await request.auser()
    assert isinstance(user, User)
    caller = await sync_to_async(Caller.signed_in)(user)
    wanted = formats.language()
    language = first_run.language_of_question(
        await _models(), wanted=wanted, allowed=caller.tier.allowed_classes
    )
    result = await first_run.send(caller, language=language, once=once_of(request))
    is_part = "HX-Request" in request.headers
    context = {
        "said": result, "wanted": wanted, "once": uuid4().hex, "is_part": is_part,
        "call_url": _call_url(result.call_id),
    }
    template = "dashboard/first_call_result.html" if is_part else "dashboard/first_call.html"
    response = await sync_to_async(render)(request, template, context)
    response["HX-Trigger"] = "called"  # the figures renew themselves
    return response


def _call_url(call_id: UUID | None) -> str:
    return reverse("dashboard:call", args=[call_id]) if call_id else ""


def once_of(request: HttpRequest) -> str:
    """The name of this call, from the form that was sent. Anything unusual gets a new one."""
    given = request.POST.get("once", "")
    return given if given.isalnum() and given.isascii() and len(given) <= MAX_ONCE else uuid4().hex

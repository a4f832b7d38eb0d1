"""What debates cost: the list, its export, and one debate."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from asgiref.sync import sync_to_async
from django.conf import settings
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from costcontrol import formats
from costcontrol.dashboard import filters
from costcontrol.dashboard.access import staff_required
from costcontrol.dashboard.csvs import csv_stream
from costcontrol.dashboard.debate import debate_view
from costcontrol.dashboard.debates import MAX_EXPORT, debates_page, export, state_of
from costcontrol.dashboard.gone import gone_before
from costcontrol.lib import clock

MAX_ID = 10**18


@staff_required
@require_safe
def debates(request: HttpRequest) -> HttpResponse:
    now = clock.now()
    state = state_of(request.GET.dict(), now=now)
    context = {
        "state": state.shared,
        "page": debates_page(state, today=_today(state.shared.zone, now)),
        "max_export": formats.count(MAX_EXPORT),
        "as_of": formats.when(now, zone=state.shared.zone),
    }
    return render(request, "dashboard/debates.html", context)


def _today(zone: str, now: datetime) -> str:
    return now.astimezone(ZoneInfo(zone)).date().isoformat()


@staff_required
@require_safe
async def debates_csv(request: HttpRequest) -> StreamingHttpResponse:
    state = await sync_to_async(state_of)(request.GET.dict(), now=clock.now())
    days = state.shared.range
    return csv_stream(f"debates-{days.first}-{days.last}", export(state))


@staff_required
@require_safe
def debate(request: HttpRequest, debate_id: str) -> HttpResponse:
    zone = request.GET.get("zone", "")
    zone = zone if filters.is_zone(zone) else str(settings.DEFAULT_ZONE)
    view = debate_view(debate_id, user_id=_user(request.GET.get("user", "")), zone=zone)
    context: dict[str, Any] = {"view": view, "debate_id": debate_id, "zone": zone}
    if view is None:
        context |= {"gone_before": gone_before()}
        return render(request, "dashboard/debate_missing.html", context, status=404)
    return render(request, "dashboard/debate.html", context)


def _user(asked: str) -> int | None:
    is_number = asked.isascii() and asked.isdecimal() and len(asked) <= len(str(MAX_ID))
    return min(int(asked), MAX_ID) if is_number else None

"""The list of calls, its export, one call, and the text of one call."""

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from billing.reports import calls as report
from billing.reports.call import CallReport, call_id_of, call_report, is_under_way
from costcontrol import formats
from costcontrol.dashboard import call_again, filters
from costcontrol.dashboard.access import staff_required
from costcontrol.dashboard.caches_call import stored_of
from costcontrol.dashboard.call import call_view
from costcontrol.dashboard.calls import calls_page
from costcontrol.dashboard.calls_csv import MAX_CALLS, stream
from costcontrol.dashboard.calls_state import state_of
from costcontrol.dashboard.csvs import CONTENT_TYPE, headers_of
from costcontrol.dashboard.gone import gone_before, note
from costcontrol.dashboard.labels import language
from costcontrol.lib import clock
from routing import texts
from routing.reasons import complexity_label
from routing.texts import Text


@staff_required
@require_safe
def calls(request: HttpRequest) -> HttpResponse:
    query = request.GET.dict()
    wanted = query.get("id", "").strip()
    if call_id := call_id_of(wanted):
        return HttpResponseRedirect(reverse("dashboard:call", args=[call_id]))
    now = clock.now()
    state = state_of(query, now=now)
    found = report.page(state.call_filters, cursor=state.cursor, is_newer=state.is_newer)
    gone = note(gone_before(), first=state.shared.range.start, zone=state.zone)
    notes = [*state.notes, *([_no_id(wanted)] if wanted else []), *([gone] if gone else [])]
    context = {
        "state": state,
        "notes": notes,
        "page": calls_page(state, found, today=_today(state.zone, now)),
        "is_first_run": not found.lines and not report.has_any(),
        "default_zone": settings.DEFAULT_ZONE,
        "as_of": formats.when(now, zone=state.zone),
        "max_export": formats.count(MAX_CALLS),
        "api_url": request.build_absolute_uri("/v1/chat/completions"),
    }
    return render(request, "dashboard/calls.html", context)


def _today(zone: str, now: datetime) -> str:
    return now.astimezone(ZoneInfo(zone)).date().isoformat()


def _no_id(asked: str) -> str:
    return _(
        "“%(text)s” is no call's id. It is the X-Request-Id of the reply, or the id in its body."
    ) % {"text": filters.shown(asked)}


@staff_required
@require_safe
async def calls_csv(request: HttpRequest) -> StreamingHttpResponse:
    state = await sync_to_async(state_of)(request.GET.dict(), now=clock.now())
    days = state.shared.range
    return StreamingHttpResponse(
        stream(state.call_filters, zone=state.zone), content_type=CONTENT_TYPE,
        headers=headers_of(f"calls-{days.first}-{days.last}"),
    )


@staff_required
@require_safe
def call(request: HttpRequest, call_id: UUID) -> HttpResponse:
    return _call_page(request, call_id)


@staff_required
@require_safe
def call_today(request: HttpRequest, call_id: UUID) -> HttpResponse:
    """The same call by the rules of today: a part of its page, or all of it."""
    found = call_report(call_id)
    today = call_again.today_view(call_id, at=found.at) if found else None
    if today is None or "HX-Request" not in request.headers:
        return _call_page(request, call_id, today=today)
    return render(request, "dashboard/call_today.html", {"today": today, "call_id": call_id})


def _call_page(
    request: HttpRequest, call_id: UUID, text: Text | None = None,
    today: call_again.TodayView | None = None,
) -> HttpResponse:
    found = call_report(call_id)
    if found is None:
        is_running = is_under_way(call_id)
        context = {
            "call_id": call_id, "is_running": is_running, "gone_before": gone_before(),
            "zone": settings.DEFAULT_ZONE,
        }
        status = 200 if is_running else 404
        return render(request, "dashboard/call_missing.html", context, status=status)
    zone = request.GET.get("zone", "")
    zone = zone if filters.is_zone(zone) else settings.DEFAULT_ZONE
    context = {
        "view": call_view(found, zone=zone), "call_id": call_id, "zone": zone,
        "complexity": complexity_label(found.complexity), "language": language(found.language),
        "today": today, **stored_of(found),
    }
    context |= _text_context(request, call_id, text, found)
    return render(request, "dashboard/call.html", context)


def _text_context(
    request: HttpRequest, call_id: UUID, text: Text | None, report: CallReport | None
) -> dict[str, object]:
    url = request.build_absolute_uri("/v1/chat/completions")
    return {
        "text": text,
        "curl": call_again.curl(report, url=url, text=text) if report else "",
        "are_texts_kept": texts.are_kept(),
        "is_text_there": text is not None or texts.is_there(call_id, now=clock.now()),
        "may_see_text": request.user.has_perm(texts.PERMISSION),
    }


@staff_required
@require_safe
def call_status(request: HttpRequest, call_id: UUID) -> HttpResponse:
    """Asked by the page of a call that is not written yet: 204, or the page anew."""
    found = call_report(call_id)
    if found is None or found.is_under_way:
        return HttpResponse(status=204)
    return HttpResponse(status=204, headers={"HX-Refresh": "true"})


@staff_required
@require_POST
def call_text(request: HttpRequest, call_id: UUID) -> HttpResponse:
    """Show what was said, after the look was written to the audit log."""
    if not request.user.has_perm(texts.PERMISSION):
        raise PermissionDenied(
            _("Reading what was said in a call needs the permission “%(name)s”. Ask whoever "
              "manages accounts.") % {"name": texts.PERMISSION}
        )
    text = texts.look(call_id, actor=request.user.get_username(), now=clock.now())
    if "HX-Request" not in request.headers:
        return _call_page(request, call_id, text)
    context = {"call_id": call_id, "zone": settings.DEFAULT_ZONE}
    context |= _text_context(request, call_id, text, call_report(call_id))
    return render(request, "dashboard/call_text.html", context)

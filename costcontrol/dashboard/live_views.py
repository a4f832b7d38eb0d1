"""Live calls: the page, the stream behind it, and the same to be asked for while there is none."""

import time
from collections.abc import AsyncGenerator

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from billing.reports import tail
from billing.reports.calls import has_any
from costcontrol.dashboard.access import staff_required
from costcontrol.dashboard.live_hub import MOST_VIEWERS, hub
from costcontrol.dashboard.live_rows import event_of, rows_of, told
from costcontrol.dashboard.live_state import LiveState, number, selects, state_of

ON_SCREEN = 100
AT_FIRST = 50
POLL_S = 10
HEARTBEAT_S = 15.0
LONGEST_S = 600.0  # then the browser comes again, and who they are is asked again
RETRY = b"retry: 1000\n\n"
AS_IT_COMES = {
    "X-Accel-Buffering": "no",
    "Content-Encoding": "identity",  # so that no middleware packs it: once for all is cheaper
}


@staff_required
@require_safe
def live(request: HttpRequest) -> HttpResponse:
    state = state_of(request.GET.dict())
    batch = tail.recent(state.wanted, size=AT_FIRST)
    query = f"?{state.query}" if state.query else ""
    context = {
        "state": state, "selects": selects(state), "rows": rows_of(batch, zone=state.zone),
        "last": batch.last, "notes": state.notes, "zone": state.zone,
        "is_first_run": not batch.lines and not has_any(), "most": ON_SCREEN, "poll_s": POLL_S,
        "stream_url": reverse("dashboard:live_stream") + query,
        "rows_url": reverse("dashboard:live_rows") + query, "words": _words(),
        "looked_at": tail.LOOKED_AT,
    }
    return render(request, "dashboard/live.html", context)


@staff_required
@require_safe
def live_rows(request: HttpRequest) -> HttpResponse:
    """What came since the row `after`: for pages without a stream."""
    state = state_of(request.GET.dict())
    batch = tail.recent(state.wanted, after=state.after, size=AT_FIRST)
    return JsonResponse(told(batch, zone=state.zone))


@staff_required
@require_safe
async def live_stream(request: HttpRequest) -> HttpResponseBase:
    if hub().is_full:
        words = _("%(most)d people watch already. The page asks for new calls by itself.")
        return HttpResponse(words % {"most": MOST_VIEWERS}, status=503)
    state = await sync_to_async(state_of)(request.GET.dict())
    seen = number(request.headers.get("Last-Event-ID", "")) or state.after
    language = translation.get_language() or "en"
    return StreamingHttpResponse(
        _events(state, seen, language), content_type="text/event-stream; charset=utf-8",
        headers=AS_IT_COMES,
    )


async def _events(state: LiveState, seen: int, language: str) -> AsyncGenerator[bytes]:
    yield RETRY
    ends_at = time.monotonic() + LONGEST_S
    with hub().watching(state.wanted, after=seen) as viewer:
        while time.monotonic() < ends_at:
            come = await viewer.taken(HEARTBEAT_S)
            for batch in come:
                yield event_of(batch, zone=state.zone, language=language)
            if viewer.missed:
                yield b"event: missed\ndata: %d\n\n" % viewer.missed
                viewer.missed = 0
            if not come:
                yield b": heartbeat\n\n"


def _words() -> dict[str, str]:
    """What the script says."""
    return {
        "live": _("Live"), "paused": _("Paused"), "polling": _("Every %(n)s s") % {"n": POLL_S},
        "pause": _("Pause"), "resume": _("Go on"),
        "new": _("%(n)s new while paused"),
        "more": _("%(n)s more came too quickly to be shown. They are in the list of calls."),
        "lost": _("The live stream was lost. The list is asked for every %(n)s seconds until it is "
                  "back.") % {"n": POLL_S},
        "away": _("New calls cannot be asked for at the moment. The page tries again every %(n)s "
                  "seconds.") % {"n": POLL_S},
    }

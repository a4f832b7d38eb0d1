"""The explorer: the page, the part that htmx draws anew, and its files."""

from zoneinfo import ZoneInfo

from asgiref.sync import sync_to_async
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from costcontrol.dashboard import explorer as page
from costcontrol.dashboard.access import staff_required
from costcontrol.dashboard.csvs import CONTENT_TYPE, headers_of
from costcontrol.dashboard.explorer_export import FILES, csv_texts, json_texts, stream
from costcontrol.dashboard.explorer_state import bar_of, state_of
from costcontrol.lib import clock


@staff_required
@require_safe
def explorer(request: HttpRequest) -> HttpResponse:
    now = clock.now()
    state = state_of(request.GET.dict(), now=now)
    today = now.astimezone(ZoneInfo(state.shared.zone)).date().isoformat()
    here = reverse("dashboard:explorer")
    context = {
        "state": state, "bar": bar_of(state, today=today), "here": here,
        "page": page.explored(state), "as_of": page.as_of(state), "days": state.range,
        "retry_url": f"{here}?{state.as_query()}",
        "reset_url": f"{here}?{state.as_query(**state.shared.without_filters())}",
        "wide_url": f"{here}?{state.as_query(range='90d')}",
    }
    if "HX-Request" not in request.headers:
        return render(request, "dashboard/explorer.html", context)
    response = render(request, "dashboard/explorer_main.html", context)
    query = state.as_query()
    response["HX-Push-Url"] = f"{here}?{query}" if query else here
    patch_vary_headers(response, ["HX-Request"])
    return response


@staff_required
@require_safe
async def explorer_csv(request: HttpRequest, name: str) -> StreamingHttpResponse:
    if name not in FILES:
        raise Http404(_("There is no file of this name."))
    state = await sync_to_async(state_of)(request.GET.dict(), now=clock.now())
    days = state.range
    return StreamingHttpResponse(
        stream(csv_texts(state, name)), content_type=CONTENT_TYPE,
        headers=headers_of(f"explorer-{name}-{days.first}-{days.last}"),
    )


@staff_required
@require_safe
async def explorer_json(request: HttpRequest, name: str) -> StreamingHttpResponse:
    if name not in FILES:
        raise Http404(_("There is no file of this name."))
    state = await sync_to_async(state_of)(request.GET.dict(), now=clock.now())
    return StreamingHttpResponse(
        stream(json_texts(state, name)), content_type="application/json"
    )

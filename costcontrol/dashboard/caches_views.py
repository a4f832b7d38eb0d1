"""The page about caches and its exports; stored answers, one of them, and how it is ended."""

from zoneinfo import ZoneInfo

from asgiref.sync import sync_to_async
from django.contrib import messages
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.audited import actor_of
from billing.reports import calls, layers
from costcontrol import formats
from costcontrol.dashboard import (
    caches_answer,
    caches_answers,
    caches_charts,
    caches_files,
    caches_state,
)
from costcontrol.dashboard.access import staff_required
from costcontrol.dashboard.caches import caches_page
from costcontrol.dashboard.caches_export import MAX_EXPORT, export
from costcontrol.dashboard.caches_tabs import (
    CHANGE_ANSWERS,
    MAX_REASON,
    allow,
    reason_of,
    tabs,
)
from costcontrol.dashboard.csvs import csv_response, csv_stream
from costcontrol.lib import clock
from routing import staff_store
from routing.reports import stored_entry

MAX_ID = 10**18


@staff_required
@require_safe
def caches(request: HttpRequest) -> HttpResponse:
    now = clock.now()
    state = caches_state.state_of(request.GET.dict(), now=now)
    found = caches_page(state, now=now)
    today = now.astimezone(ZoneInfo(state.shared.zone)).date().isoformat()
    context = {
        "state": state,
        "page": {"bar": caches_state.bar(state, today=today),
                 "reset_url": caches_state.reset_url(state)},
        "view": found, "as_of": formats.when(now, zone=state.shared.zone),
        "is_first_run": not found.has_calls and not calls.has_any(),
    }
    return render(request, "dashboard/caches.html", context | tabs("caches"))


@staff_required
@require_safe
def caches_csv(request: HttpRequest, caches_chart_id: str) -> HttpResponse:
    """Of a chart, or of a table that has none."""
    now = clock.now()
    state = caches_state.state_of(request.GET.dict(), now=now)
    chart, days = caches_charts.BY_ID.get(caches_chart_id), state.shared.range
    if chart is None:
        rows = caches_files.export(caches_chart_id, state, now=now)
    else:
        facts = layers.load(state.shared.question, kind=state.kind)
        rows = caches_charts.export(chart, facts, zone=state.shared.zone)
    if rows is None:
        raise Http404(_("There is no chart and no table of this name."))
    return csv_response(f"caches-{caches_chart_id}-{days.first}-{days.last}", rows)


@staff_required
@require_safe
def answers(request: HttpRequest) -> HttpResponse:
    now = clock.now()
    state = caches_answers.state_of(request.GET.dict())
    context = {
        "state": state, "page": caches_answers.answers_page(state, now=now),
        "max_export": formats.count(MAX_EXPORT),
    }
    return render(request, "dashboard/caches_answers.html", context | tabs("caches_answers"))


@staff_required
@require_safe
async def answers_csv(request: HttpRequest) -> StreamingHttpResponse:
    now = clock.now()
    state = await sync_to_async(caches_answers.state_of)(request.GET.dict())
    return csv_stream(f"stored-answers-{now:%Y-%m-%d}", export(state, now=now))


@staff_required
@require_safe
def answer(request: HttpRequest, answer_id: int) -> HttpResponse:
    found = stored_entry.entry(min(answer_id, MAX_ID))
    if found is None:
        context = {"answer_id": answer_id} | tabs("caches_answers")
        return render(request, "dashboard/caches_answer_missing.html", context, status=404)
    context = {
        "view": caches_answer.answer_view(found, now=clock.now()),
        "may_end": request.user.has_perm(CHANGE_ANSWERS),
        "max_reason": MAX_REASON,
    }
    return render(request, "dashboard/caches_answer.html", context | tabs("caches_answers"))


@staff_required
@require_POST
def answer_end(request: HttpRequest, answer_id: int) -> HttpResponse:
    allow(request, CHANGE_ANSWERS)
    if stored_entry.entry(min(answer_id, MAX_ID)) is None:
        raise Http404(_("There is no such stored answer."))
    back = HttpResponseRedirect(reverse("dashboard:caches_answer", args=[answer_id]))
    why, reason = request.POST.get("why", ""), reason_of(request)
    if why not in caches_answer.ENDS or not reason:
        messages.error(request, _("Choose why it is ended, and write down a reason. Nothing was "
                                  "changed."))
        return back
    done = staff_store.answer_end(
        answer_id, why=why, reason=reason, actor=actor_of(request), now=clock.now()
    )
    if done:
        messages.success(request, _("This answer is not served any more. It stays here for its "
                                    "history for 90 days."))
    else:
        messages.warning(request, _("This answer had ended before, so nothing was changed."))
    return back

"""The pages of users: the list by spend, its file, and one user with a form to slow them down."""

from zoneinfo import ZoneInfo

from asgiref.sync import sync_to_async
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.models import User
from costcontrol import formats
from costcontrol.dashboard import alerts, filters, user, users
from costcontrol.dashboard.access import staff_required
from costcontrol.dashboard.budgets_tabs import MAX_ID, MAX_REASON, may
from costcontrol.dashboard.csvs import csv_response, csv_stream
from costcontrol.dashboard.filter_bar import filter_bar
from costcontrol.dashboard.filter_values import choices_now
from costcontrol.dashboard.throttle_effect import would_refuse
from costcontrol.lib import clock


@staff_required
@require_safe
def users_list(request: HttpRequest) -> HttpResponse:
    now = clock.now()
    state = users.state_of(request.GET.dict(), now=now)
    today = now.astimezone(ZoneInfo(state.shared.zone)).date().isoformat()
    return render(request, "dashboard/users.html", {
        "page": users.users_page(state, today=today), "notes": state.notes,
        "is_filtered": state.shared.is_filtered, "zone": state.shared.zone,
        "as_of": formats.when(now, zone=state.shared.zone),
    })


@staff_required
@require_safe
async def users_csv(request: HttpRequest) -> StreamingHttpResponse:
    state = await sync_to_async(users.state_of)(request.GET.dict(), now=clock.now())
    days = state.shared.range
    return csv_stream(f"users-{days.first}-{days.last}", users.csv_rows(state))


@staff_required
@require_safe
def one_user(request: HttpRequest, user_id: int) -> HttpResponse:
    whom, now, choices = _user(user_id), clock.now(), choices_now()
    state = filters.state_of(
        request.GET.dict(), choices=choices, now=now, applies=frozenset()
    )
    today = now.astimezone(ZoneInfo(state.zone)).date().isoformat()
    return render(request, "dashboard/user.html", {
        "page": user.user_page(whom, state), "whom": whom, "notes": state.notes,
        "bar": filter_bar(state, choices, today=today, offers=()), "zone": state.zone,
        "as_of": formats.when(now, zone=state.zone), "slowed": alerts.SLOWED,
        "max_reason": MAX_REASON, "would_refuse": would_refuse(whom.pk, now=now), **may(request),
    })


@staff_required
@require_safe
def user_csv(request: HttpRequest, user_id: int) -> HttpResponse:
    whom, now = _user(user_id), clock.now()
    state = filters.state_of(
        request.GET.dict(), choices=choices_now(), now=now, applies=frozenset()
    )
    name = f"user-{whom.pk}-{state.range.first}-{state.range.last}"
    return csv_response(name, user.csv_rows(whom, state))


def _user(user_id: int) -> User:
    rows = User.objects.select_related("tier", "member__organisation__tier")
    whom = rows.filter(pk=min(user_id, MAX_ID)).first()
    if whom is None:
        raise Http404(_("There is no such user. The account may have been closed."))
    return whom

"""Alerts: all there were, and what staff do with them; users who are slowed down or suspended."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.audited import actor_of
from accounts.models import Throttle, User
from accounts.throttles import throttle_lift, throttle_set
from billing.alerting import states
from billing.reports.scope_names import scope_names
from costcontrol import formats
from costcontrol.dashboard import alerts
from costcontrol.dashboard.access import staff_required
from costcontrol.dashboard.budgets_tabs import (
    CHANGE_ALERTS,
    CHANGE_THROTTLES,
    MAX_ID,
    MAX_REASON,
    allow,
    may,
    posted,
    tabs,
    to,
)
from costcontrol.dashboard.csvs import csv_response
from costcontrol.dashboard.throttle_effect import would_refuse
from costcontrol.lib import clock
from costcontrol.lib.errors import CostControlError
from costcontrol.lib.sentences import said

MAX_PER_MINUTE = 10_000
SPANS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7),
         "lifted": None}


@staff_required
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    context: dict[str, Any] = {
        "page": alerts.history(request.GET.dict()), "zone": settings.DEFAULT_ZONE,
        "is_first": not request.GET.get("after"),
    }
    return render(request, "dashboard/alerts.html", context | tabs("alerts") | may(request))


@staff_required
@require_safe
def page_csv(request: HttpRequest) -> HttpResponse:
    return csv_response("alerts", alerts.csv_rows())


@staff_required
@require_POST
def acknowledge(request: HttpRequest, alert_id: int) -> HttpResponse:
    allow(request, CHANGE_ALERTS)
    try:
        states.acknowledge(min(alert_id, MAX_ID), actor=actor_of(request), now=clock.now())
        messages.success(request, _("The alert was acknowledged: somebody has it in hand."))
    except CostControlError as error:
        messages.error(request, said(error.message))
    return to("budgets", anchor="alerts")


@staff_required
@require_POST
def snooze(request: HttpRequest, alert_id: int) -> HttpResponse:
    allow(request, CHANGE_ALERTS)
    try:
        alert = states.snooze(
            min(alert_id, MAX_ID), request.POST.get("until", ""), actor=actor_of(request),
            now=clock.now(),
        )
    except CostControlError as error:
        messages.error(request, said(error.message))
    else:
        messages.success(request, _put_off(alert.snoozed_until))
    return to("budgets", anchor="alerts")


def _put_off(until: datetime | None) -> str:
    if until is None:
        return _("The alert was put off until it is over.")
    return _("The alert was put off until %(moment)s.") % {
        "moment": formats.when(until, zone=settings.DEFAULT_ZONE)
    }


@staff_required
def throttle(request: HttpRequest, user_id: int) -> HttpResponse:
    """GET shows what is set. POST sets it; to suspend somebody needs a tick."""
    user = _user(user_id)
    if request.method == "POST":
        allow(request, CHANGE_THROTTLES)
        return _throttled(request, user)
    scope = ("user", str(user.pk))
    context: dict[str, Any] = {
        "user_name": scope_names([scope])[scope], "whom": user, "zone": settings.DEFAULT_ZONE,
        "now_set": Throttle.objects.filter(user=user).first(), "slowed": alerts.SLOWED,
        "max_reason": MAX_REASON, "most": MAX_PER_MINUTE,
        "would_refuse": would_refuse(user.pk, now=clock.now()),
    }
    return render(request, "dashboard/throttle.html", context | tabs("budgets") | may(request))


def _throttled(request: HttpRequest, user: User) -> HttpResponse:
    limit, span = posted(request, "requests_per_minute"), posted(request, "until")
    is_number = limit.isascii() and limit.isdecimal() and len(limit) <= 9
    if not (is_number and int(limit) <= MAX_PER_MINUTE):
        messages.error(request, _("Write how many calls a minute are allowed; 0 suspends."))
    elif span not in SPANS:
        messages.error(request, _("Choose until when it holds."))
    elif int(limit) == 0 and request.POST.get("confirm") != "1":
        messages.error(
            request, _("Tick that this user may make no calls at all. Nothing was changed.")
        )
    elif not (reason := posted(request, "reason")):
        messages.error(request, _("Write down why. The reason is kept in the audit log."))
    else:
        now, length = clock.now(), SPANS[span]
        throttle_set(
            user=user, requests_per_minute=int(limit), until=now + length if length else None,
            reason=reason, actor=actor_of(request), now=now,
        )
        messages.success(request, _("It holds within a few seconds, however this user calls."))
        return to("budgets", anchor="throttles")
    return to("throttle", user.pk)


@staff_required
@require_POST
def lift(request: HttpRequest, user_id: int) -> HttpResponse:
    allow(request, CHANGE_THROTTLES)
    if throttle_lift(user_id=min(user_id, MAX_ID), actor=actor_of(request)):
        messages.success(request, _("This user may call as their plan allows again."))
    else:
        messages.warning(request, _("This user was not slowed down, so nothing was changed."))
    return to("budgets", anchor="throttles")


def _user(user_id: int) -> User:
    user = User.objects.filter(pk=min(user_id, MAX_ID)).first()
    if user is None:
        raise Http404(_("There is no such user."))
    return user

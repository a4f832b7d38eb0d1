"""Channels of alerts: making one (its secret is shown once), the test button, on and off."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.audited import actor_of
from billing.alerting.channels import (
    channel_get,
    channel_make,
    channel_switch,
    shown_address,
)
from billing.alerting.deliveries import send_test
from billing.models_operator import AlertChannel, AlertDelivery
from costcontrol.dashboard.access import staff_required
from costcontrol.dashboard.budgets_tabs import (
    CHANGE_CHANNELS,
    MAX_ID,
    allow,
    may,
    posted,
    tabs,
    to,
)
from costcontrol.dashboard.filter_bar import Choice
from costcontrol.lib import clock
from costcontrol.lib.errors import BadRequest, CostControlError
from costcontrol.lib.retelling import recognised
from costcontrol.lib.sentences import said

MAX_ADDRESS = 501  # one more than may be kept, so that it is refused and not cut off


@dataclass(frozen=True, slots=True)
class ChannelLine:
    channel: AlertChannel
    address: str
    error: str


@staff_required
def page(request: HttpRequest) -> HttpResponse:
    """GET lists them. POST makes one, and is the only answer that holds its secret."""
    if request.method != "POST":
        return _page(request)
    allow(request, CHANGE_CHANNELS)
    typed = {
        "kind": posted(request, "kind"), "name": posted(request, "name"),
        "address": posted(request, "address", MAX_ADDRESS),
    }
    try:
        channel, secret = channel_make(**typed, actor=actor_of(request), now=clock.now())
    except BadRequest as error:
        shown = typed | {"address": ""} if typed["kind"] != AlertChannel.Kind.EMAIL else typed
        return _page(
            request, typed=shown, errors={error.param or "": said(error.message)}, status=400
        )
    if secret:
        return _page(request, made=channel, secret=secret)
    messages.success(request, _("The channel was made. Press its test button now."))
    return to("alert_channels")


def _page(
    request: HttpRequest, *, typed: dict[str, str] | None = None,
    errors: dict[str, str] | None = None, made: AlertChannel | None = None, secret: str = "",
    status: int = 200,
) -> HttpResponse:
    chosen = (typed or {}).get("kind", "")
    context: dict[str, Any] = {
        "lines": [
            ChannelLine(row, shown_address(row), said(recognised(row.last_error)))
            for row in AlertChannel.objects.all()
        ],
        "kinds": [Choice(k, str(label), k == chosen) for k, label in AlertChannel.Kind.choices],
        "typed": typed or {}, "errors": errors or {}, "made": made, "secret": secret,
        "zone": settings.DEFAULT_ZONE,
    }
    return render(
        request, "dashboard/alert_channels.html", context | tabs("alert_channels") | may(request),
        status=status,
    )


@staff_required
@require_POST
def test(request: HttpRequest, channel_id: int) -> HttpResponse:
    allow(request, CHANGE_CHANNELS)
    try:
        channel = channel_get(min(channel_id, MAX_ID))
    except CostControlError as error:
        messages.error(request, said(error.message))
        return to("alert_channels")
    sent = send_test(channel, now=clock.now())
    if sent.state == AlertDelivery.State.SENT:
        messages.success(
            request, _("The test was delivered to “%(name)s”.") % {"name": channel.name}
        )
    else:
        messages.error(
            request,
            _("The test did not reach “%(name)s”. %(why)s")
            % {"name": channel.name, "why": said(recognised(sent.last_error))},
        )
    return to("alert_channels")


@staff_required
@require_POST
def switch(request: HttpRequest, channel_id: int) -> HttpResponse:
    allow(request, CHANGE_CHANNELS)
    is_on = request.POST.get("on") == "1"
    try:
        channel_switch(min(channel_id, MAX_ID), is_on=is_on, actor=actor_of(request))
    except CostControlError as error:
        messages.error(request, said(error.message))
    else:
        words = _("The channel is on.") if is_on else _("Nothing is sent to this channel any more.")
        messages.success(request, words)
    return to("alert_channels")

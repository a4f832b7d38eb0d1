"""What is asked again before it is done: removing somebody, handing over, leaving, closing."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts import organisations
from costcontrol.account.access import customer_required
from costcontrol.account.answers import done_or_told, problem_of
from costcontrol.account.organisation import THERE, own, page, person
from costcontrol.lib import clock
from costcontrol.lib.errors import CostControlError


@customer_required
@require_http_methods(["GET", "POST"])
def remove(request: HttpRequest, whose: UUID) -> HttpResponse:
    who = person(request)
    if request.method == "GET":
        return _ask(request, "remove", whose)
    return done_or_told(
        request, lambda: organisations.member_remove(own(who), by=who, whose=whose),
        done=_("The person was removed, and is on their own plan again."), then=THERE, page=page,
    )


@customer_required
@require_http_methods(["GET", "POST"])
def hand_over(request: HttpRequest, whose: UUID) -> HttpResponse:
    who = person(request)
    if request.method == "GET":
        return _ask(request, "hand_over", whose)
    return done_or_told(
        request, lambda: organisations.hand_over(own(who), by=who, to=whose),
        done=_("The organisation was handed over. You are a member of it now."),
        then=THERE, page=page,
    )


@customer_required
@require_http_methods(["GET", "POST"])
def leave(request: HttpRequest) -> HttpResponse:
    if request.method == "GET":
        return _ask(request, "leave")
    return done_or_told(
        request, lambda: organisations.organisation_leave(person(request)),
        done=_("You have left the organisation, and are on your own plan again."),
        then=THERE, page=page,
    )


@customer_required
@require_http_methods(["GET", "POST"])
def close(request: HttpRequest) -> HttpResponse:
    who = person(request)
    if request.method == "GET":
        return _ask(request, "close")
    return done_or_told(
        request, lambda: organisations.organisation_close(own(who), by=who, at=clock.now()),
        done=_("The organisation was closed. Everybody is on their own plan again."),
        then=THERE, page=page,
    )


def _ask(request: HttpRequest, what: str, whose: UUID | None = None) -> HttpResponse:
    """The question, in sentences; `what` chooses them in the template."""
    try:
        place = own(person(request))
        if what != "leave":
            organisations.refuse_others(place, by=person(request))
        member = organisations.member_get(place, whose or person(request).uuid)
    except CostControlError as error:
        return page(request, problem_of(error))
    context = {"what": what, "organisation": place, "member": member}
    return render(request, "mine/organisation_ask.html", context)

"""The page behind the link of an invitation. Who holds the link sees who asked; to join, one signs
in with the address that was invited."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import invitations, organisations
from accounts.models import Invitation
from costcontrol.account.answers import Problem, done_or_told, problem_of
from costcontrol.account.organisation import THERE, pays_already
from costcontrol.lib import clock
from costcontrol.lib.errors import CostControlError


@never_cache
@require_http_methods(["GET", "POST"])
def join(request: HttpRequest, secret: str) -> HttpResponse:
    if request.method == "GET" or not request.user.is_authenticated:
        return page(request, secret)
    who = request.user
    return done_or_told(
        request, lambda: invitations.accept(user=who, secret=secret, now=clock.now()),
        done=_("Welcome: you are a member now, and share the organisation’s plan."),
        then=THERE, page=lambda request, problem: page(request, secret, problem),
    )


def page(request: HttpRequest, secret: str, problem: Problem | None = None) -> HttpResponse:
    try:
        invitation = invitations.invitation_find(secret, now=clock.now())
        problem = problem or _problem(request, invitation)
    except CostControlError as error:
        return _page(request, None, problem or problem_of(error))
    return _page(request, invitation, problem)


def _page(
    request: HttpRequest, invitation: Invitation | None, problem: Problem | None
) -> HttpResponse:
    context = {
        "invitation": invitation, "problem": problem, "has_own_plan": pays_already(request)
    }
    status = problem.status if problem and invitation is None else 200
    if problem and request.method == "POST":
        status = problem.status
    return render(request, "mine/join.html", context, status=status)


def _problem(request: HttpRequest, invitation: Invitation) -> Problem | None:
    """Why they who are signed in could not accept it; said before they try."""
    if not request.user.is_authenticated:
        return None
    try:
        invitations.refuse_other_address(request.user, invitation)
        organisations.refuse_second(request.user)
    except CostControlError as error:
        return problem_of(error)
    return None

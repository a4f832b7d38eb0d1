"""The people one shares a plan with: who they are, and for owners, everything that changes that."""

import logging
import smtplib
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts import invitations, organisations
from accounts.invitation_email import invitation_send
from accounts.models import Invitation, Member, Organisation, User
from billing.models import Subscription
from costcontrol.account.access import customer_required
from costcontrol.account.answers import Problem, done_or_told
from costcontrol.lib import clock
from costcontrol.lib.errors import Unavailable

THERE = "mine:organisation"
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class People:
    """Everybody in it, owners first, and who is asked to come."""

    members: tuple[Member, ...]
    invited: tuple[Invitation, ...]
    now: datetime


@customer_required
@require_http_methods(["GET", "POST"])
def organisation(request: HttpRequest) -> HttpResponse:
    if request.method == "GET":
        return page(request)
    return done_or_told(
        request, lambda: _create(person(request), request.POST.get("name", "")),
        done=_("The organisation was made, and you are its owner. Invite the others now."),
        then=THERE, page=page,
    )


def _create(owner: User, name: str) -> None:
    organisations.refuse_many(owner, now=clock.now())
    organisations.organisation_create(owner=owner, name=name)


def page(request: HttpRequest, problem: Problem | None = None) -> HttpResponse:
    place = Member.objects.filter(user=person(request)).select_related("organisation__tier").first()
    context: dict[str, Any] = {
        "problem": problem, "typed": request.POST, "place": place,
        "has_own_plan": pays_already(request),
    }
    if place is not None:
        context["people"] = people_of(place.organisation)
        context["is_owner"] = place.role == Member.Role.OWNER
        context["roles"] = Member.Role.choices
        context["zone"] = person(request).zone or settings.DEFAULT_ZONE
    return render(
        request, "mine/organisation.html", context, status=problem.status if problem else 200
    )


def people_of(organisation: Organisation) -> People:
    members = list(Member.objects.filter(organisation=organisation).select_related("user"))
    members.sort(key=lambda member: (member.role != Member.Role.OWNER, str(member.user)))
    invited = Invitation.objects.filter(organisation=organisation, accepted_at__isnull=True)
    return People(tuple(members), tuple(invited.order_by("email")), clock.now())


@customer_required
@require_POST
def rename(request: HttpRequest) -> HttpResponse:
    who, name = person(request), request.POST.get("name", "")
    return done_or_told(
        request, lambda: organisations.organisation_rename(own(who), by=who, name=name),
        done=_("The organisation has its new name."), then=THERE, page=page,
    )


@customer_required
@require_POST
def invite(request: HttpRequest) -> HttpResponse:
    email = request.POST.get("email", "")
    return done_or_told(
        request, lambda: _invite(request, email, request.POST.get("role", "")),
        done=_("The invitation to %(email)s was sent.") % {"email": email.strip()},
        then=THERE, page=page,
    )


def _invite(request: HttpRequest, email: str, role: str) -> None:
    """Sent after it is written down; one that cannot be sent is taken back."""
    who, place = person(request), own(person(request))
    invitation, secret = invitations.invite(
        place, by=who, email=email, role=role, now=clock.now()
    )
    url = request.build_absolute_uri(reverse("mine:join", args=[secret]))
    try:
        invitation_send(invitation, url=url, language=who.language or get_language() or "en")
    except (OSError, smtplib.SMTPException) as failure:
        log.error("an invitation could not be sent: %s", failure)
        invitations.invitation_withdraw(place, by=who, email=invitation.email)
        raise Unavailable(
            _("The email could not be sent, so nobody was invited. Try again later.")
        ) from failure


@customer_required
@require_POST
def withdraw(request: HttpRequest) -> HttpResponse:
    who, email = person(request), request.POST.get("email", "")
    return done_or_told(
        request, lambda: invitations.invitation_withdraw(own(who), by=who, email=email),
        done=_("The invitation was withdrawn: its link does not work any more."),
        then=THERE, page=page,
    )


@customer_required
@require_POST
def role(request: HttpRequest, whose: UUID) -> HttpResponse:
    who, wanted = person(request), request.POST.get("role", "")
    return done_or_told(
        request,
        lambda: organisations.role_change(own(who), by=who, whose=whose, role=wanted),
        done=_("The role was changed."), then=THERE, page=page,
    )


# --- what the pages beside it share --------------------------------------------------------------


def pays_already(request: HttpRequest) -> bool:
    """A subscription of their own goes on beside the organisation's plan until they cancel it."""
    running = Subscription.objects.filter(customer__user=request.user.pk, ended_at__isnull=True)
    return running.filter(status__in=Subscription.ACCESS, is_ending=False).exists()


def person(request: HttpRequest) -> User:
    assert request.user.is_authenticated  # every view here is for customers
    return request.user


def own(who: User) -> Organisation:
    """The organisation they are in; never one that an address or a form names."""
    return organisations.organisation_of(who)

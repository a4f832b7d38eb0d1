"""Saved views: the list, and forms that save, change and delete one."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from costcontrol.dashboard import views_saved
from costcontrol.dashboard.access import staff_required
from costcontrol.dashboard.navigation import title_of
from costcontrol.dashboard.views_saved import Refused
from costcontrol.lib import clock

MAX_ID = 10**18


def saved_for(request: HttpRequest) -> dict[str, Any]:
    """What the filter bar shows of them: those of this page, and the others."""
    match = request.resolver_match
    page = match.url_name or "" if match else ""
    found = views_saved.views_of(staff_of(request))
    return {
        "page": page if title_of(page) else "",
        "here": [view for view in found if view.page == page],
        "others": [view for view in found if view.page != page],
    }


def staff_of(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


@staff_required
@require_safe
def views(request: HttpRequest) -> HttpResponse:
    found = views_saved.views_of(staff_of(request))
    return render(request, "dashboard/views_saved.html", {
        "own": [view for view in found if view.is_own],
        "shared": [view for view in found if not view.is_own],
        "longest": views_saved.LONGEST_NAME,
    })


@staff_required
@require_POST
def save(request: HttpRequest) -> HttpResponse:
    page, query = request.POST.get("page", ""), request.POST.get("query", "")
    try:
        view = views_saved.save(
            staff_of(request), page=page, query=query, name=request.POST.get("name", ""),
            is_shared=request.POST.get("shared") == "on", now=clock.now(),
        )
    except (Refused, ValueError) as error:
        messages.error(request, _sentence(error))
        return _there(page, query)
    messages.success(
        request, _("“%(name)s” is saved. It is listed with the filters of every page.")
        % {"name": view.name},
    )
    return HttpResponseRedirect(views_saved.url_of(view.page, view.query))


def _there(page: str, query: str) -> HttpResponse:
    """Back to where the form was."""
    if not title_of(page):
        return _list()
    try:
        return HttpResponseRedirect(views_saved.url_of(page, views_saved.clean(query)))
    except (Refused, ValueError):
        return HttpResponseRedirect(views_saved.url_of(page, ""))


@staff_required
@require_POST
def change(request: HttpRequest, view_id: int) -> HttpResponse:
    try:
        view = views_saved.change(
            staff_of(request), min(view_id, MAX_ID), name=request.POST.get("name", ""),
            is_shared=request.POST.get("shared") == "on",
        )
    except Refused as error:
        messages.error(request, _sentence(error))
        return _list()
    if view is None:
        return _gone(request)
    messages.success(request, _("“%(name)s” was changed.") % {"name": view.name})
    return _list()


@staff_required
@require_POST
def delete(request: HttpRequest, view_id: int) -> HttpResponse:
    if not views_saved.delete(staff_of(request), min(view_id, MAX_ID)):
        return _gone(request)
    messages.success(request, _("The view was deleted."))
    return _list()


def _gone(request: HttpRequest) -> HttpResponse:
    messages.error(request, _("You have no such view, so nothing was changed."))
    return _list()


def _list() -> HttpResponse:
    return HttpResponseRedirect(reverse("dashboard:views"))


def _sentence(error: Exception) -> str:
    return str(error) if isinstance(error, Refused) else _("These filters cannot be saved.")

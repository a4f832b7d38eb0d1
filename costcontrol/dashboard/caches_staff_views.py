"""Philosophers' patterns, and purging: what staff see and decide."""

from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.audited import actor_of
from costcontrol import formats
from costcontrol.dashboard import caches_philosophers, caches_purge
from costcontrol.dashboard.access import staff_required
from costcontrol.dashboard.caches_tabs import (
    CHANGE_ANSWERS,
    CHANGE_TOPICS,
    MAX_REASON,
    allow,
    reason_of,
    tabs,
)
from costcontrol.dashboard.caches_views import MAX_ID
from costcontrol.lib import clock
from routing import staff_store


@staff_required
@require_safe
def philosophers(request: HttpRequest) -> HttpResponse:
    context = {"people": caches_philosophers.people(now=clock.now())}
    context |= tabs("caches_philosophers")
    return render(request, "dashboard/caches_philosophers.html", context)


@staff_required
@require_safe
def philosopher(request: HttpRequest, philosopher_key: str) -> HttpResponse:
    view = caches_philosophers.patterns_view(philosopher_key, now=clock.now())
    context = {"view": view} | tabs("caches_philosophers")
    status = 404 if view is None else 200
    return render(request, "dashboard/caches_philosopher.html", context, status=status)


@staff_required
def purge(request: HttpRequest) -> HttpResponse:
    """GET shows what would end. POST ends it."""
    if request.method == "POST":
        return _purge(request)
    state = caches_purge.state_of(request.GET.dict())
    context = {
        "page": caches_purge.purge_page(state, now=clock.now()),
        "may_purge": request.user.has_perm(CHANGE_ANSWERS),
        "may_take_down": request.user.has_perm(CHANGE_TOPICS),
        "max_reason": MAX_REASON, "zone": settings.DEFAULT_ZONE,
    }
    return render(request, "dashboard/caches_purge.html", context | tabs("caches_purge"))


def _purge(request: HttpRequest) -> HttpResponse:
    allow(request, CHANGE_ANSWERS)
    state = caches_purge.state_of(request.POST.dict())
    if state.scope is None:
        messages.error(request, _("Choose what to purge first. Nothing was changed."))
        return _back()
    if state.scope.everything and not _is_confirmed(request):
        messages.error(
            request,
            _("To purge everything, type the word “%(word)s”. Nothing was changed.")
            % {"word": caches_purge.confirmation()},
        )
        return _back(everything="1")
    ended = staff_store.purge(state.scope, actor=actor_of(request), now=clock.now())
    messages.success(
        request,
        ngettext("%(number)s entry is not served any more.",
                 "%(number)s entries are not served any more.", ended)
        % {"number": formats.count(ended)},
    )
    return _back()


def _is_confirmed(request: HttpRequest) -> bool:
    return request.POST.get("confirm", "").strip() == caches_purge.confirmation()


@staff_required
@require_POST
def bring_back(request: HttpRequest, purge_id: int) -> HttpResponse:
    allow(request, CHANGE_ANSWERS)
    try:
        number = staff_store.bring_back(
            min(purge_id, MAX_ID), actor=actor_of(request), now=clock.now()
        )
    except IntegrityError:  # somebody asked meanwhile, and a new variant was stored
        messages.error(request, _("New answers were stored at this moment. Try again."))
        return _back()
    if number:
        messages.success(
            request,
            ngettext("%(number)s entry is served again.", "%(number)s entries are served again.",
                     number) % {"number": formats.count(number)},
        )
    else:
        messages.warning(request, _("Nothing of this purge can be brought back any more."))
    return _back()


@staff_required
@require_POST
def take_down(request: HttpRequest) -> HttpResponse:
    allow(request, CHANGE_TOPICS)
    topic, reason = request.POST.get("topic", "").strip(), reason_of(request)
    if not topic or not reason or not topic.isprintable():
        messages.error(request, _("Choose a topic and write down a reason. Nothing was changed."))
        return _back()
    ended = staff_store.take_down(topic, reason=reason, actor=actor_of(request), now=clock.now())
    if ended is None:
        messages.error(request, _("There is no such topic, so nothing was changed."))
    else:
        messages.success(
            request,
            _("No stored answer on this topic is served again. Entries that ended: %(number)s. "
              "New ones are stored from now on.") % {"number": formats.count(ended)},
        )
    return _back()


def _back(**query: str) -> HttpResponse:
    here = reverse("dashboard:caches_purge")
    return HttpResponseRedirect(f"{here}?{urlencode(query)}" if query else here)

"""Who may see the staff pages, and what they see while the database is away.

`@staff_required` goes on every staff view, sync or async. Not signed in: to the sign-in page and
back. Signed in without being staff: 403. Staff without a second factor, where others can reach
this server (`STAFF_NEEDS_MFA`): to the page that sets one up. The database away: a 503 page that
says so, because not even the session can be read then.
"""

import logging
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, cast

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.second_factor import is_missing

View = Callable[..., Any]
RETRY_AFTER_S = 5
log = logging.getLogger(__name__)


def staff_required(view: View) -> View:
    return cast(View, _for_async(view) if iscoroutinefunction(view) else _for_sync(view))


def _for_sync(view: View) -> View:
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            response = (
                turned_away(request, request.user)
                or second_factor_first(request, request.user)
                or view(request, *args, **kwargs)
            )
        except DatabaseError as error:
            response = database_away(error)
        return _private(response)

    return guarded


def _for_async(view: View) -> Callable[..., Awaitable[HttpResponseBase]]:
    @wraps(view)
    async def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            user = await request.auser()
            request.user = user  # templates ask for it, and may not read the database here
            response = (
                turned_away(request, user)
                or await _second_factor_first(request, user)
                or await view(request, *args, **kwargs)
            )
        except DatabaseError as error:
            response = database_away(error)
        return _private(response)

    return guarded


def turned_away(request: HttpRequest, user: User | AnonymousUser) -> HttpResponse | None:
    """Where somebody goes who is not signed in; None for staff. Raises PermissionDenied."""
    if user.is_authenticated and user.is_staff and user.is_active:
        return None
    if user.is_authenticated:
        raise PermissionDenied(
            _("This page is for staff. Sign in with a staff account, or ask for access.")
        )
    if "HX-Request" not in request.headers:
        return redirect_to_login(request.get_full_path(), login_url="login")
    # A part of a page whose session has ended: the whole page goes to the sign-in.
    there = redirect_to_login(request.headers.get("HX-Current-URL", "/"), login_url="login")
    return HttpResponse(status=204, headers={"HX-Redirect": there["Location"]})


def second_factor_first(request: HttpRequest, user: User | AnonymousUser) -> HttpResponse | None:
    """To the page that sets one up, which says why; None for those who have it."""
    if not is_missing(user):
        return None
    if "HX-Request" not in request.headers:
        return redirect("mfa_index")
    return HttpResponse(status=204, headers={"HX-Redirect": reverse("mfa_index")})


async def _second_factor_first(
    request: HttpRequest, user: User | AnonymousUser
) -> HttpResponse | None:
    if not settings.STAFF_NEEDS_MFA:
        return None  # nothing to ask the database
    return await sync_to_async(second_factor_first)(request, user)


def second_factor_note() -> str:
    """What the health page says about staff who sign in with a password alone."""
    if settings.STAFF_NEEDS_MFA:
        return ""
    if settings.IS_LOCAL_ONLY:
        return _(
            "Staff sign in without a second factor, because this server can be reached from this "
            "machine only. Once HOST or ALLOWED_HOSTS says otherwise, they need one."
        )
    return _(
        "Others can reach this server, and staff sign in with a password alone: "
        "STAFF_NEEDS_MFA is off. Switch it on, or make sure that nobody else gets here."
    )


def database_away(error: DatabaseError) -> HttpResponse:
    """Rendered without the request: who is signed in cannot be known now."""
    log.error("a page could not be shown, the database failed: %s", error)
    return HttpResponse(
        render_to_string("dashboard/away.html"), status=503,
        headers={"Retry-After": str(RETRY_AFTER_S)},
    )


def _private(response: HttpResponseBase) -> HttpResponseBase:
    """What staff see is not kept by caches between them and us."""
    add_never_cache_headers(response)
    return response

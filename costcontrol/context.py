"""What every page's frame knows: whose it is, where one can go, which language and theme."""

from typing import Any

from django.conf import settings
from django.core.exceptions import TooManyFieldsSent
from django.db import DatabaseError
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.second_factor import is_missing
from costcontrol.account.tabs import tabs
from costcontrol.dashboard.filters import SHARED
from costcontrol.dashboard.navigation import Entry, carried
from costcontrol.dashboard.navigation import entries as staff_entries
from costcontrol.dashboard.navigation import places as staff_places
from costcontrol.dashboard.views_saved_views import saved_for

THEMES = ("light", "dark")
THEME_COOKIE = "theme"  # written by static/costcontrol.js; without it the system decides

CUSTOMER = ((_("Debates"), "play:start"), (_("Usage & plan"), "mine:usage"))
EVERYBODY = ((_("API"), "docs"),)


def page(request: HttpRequest) -> dict[str, Any]:
    """The context processor."""
    is_staff, email = viewer(request)
    theme = request.COOKIES.get(THEME_COOKIE, "")
    return {
        "is_demo": getattr(settings, "DEMO", False),
        "is_staff": is_staff,
        "viewer_email": email,
        "navigation": navigation(
            request.path, is_staff=is_staff, is_signed_in=bool(email), query=filters_of(request)
        ),
        "saved_views": lambda: saved_for(request),  # reads too: only filter bars ask
        "carried_names": " ".join(sorted(SHARED)),
        "viewer_zone": lambda: viewer_zone(request),
        "needs_second_factor": lambda: is_missing(request.user),
        "sign_up_is_open": settings.SIGN_UP_OPEN,
        "is_mail_printed": "console" in settings.EMAIL_BACKEND,
        "tabs": lambda: tabs(request),  # reads the database: only pages that show them ask
        "languages": settings.LANGUAGES,
        "theme": theme if theme in THEMES else "auto",
    }


def viewer(request: HttpRequest) -> tuple[bool, str]:
    """Whether they are staff, and their email. A page about a lost database still has a frame."""
    try:
        user = getattr(request, "user", None)
        if user is None or not user.is_authenticated:
            return False, ""
        return user.is_staff, user.email or ""
    except DatabaseError:
        return False, ""


def viewer_zone(request: HttpRequest) -> str:
    """The time zone that they chose; else the usual one here."""
    return getattr(request.user, "zone", "") or str(settings.DEFAULT_ZONE)


def navigation(
    path: str, *, is_staff: bool, is_signed_in: bool = False, query: str = ""
) -> list[Entry]:
    """The entry with the longest address that `path` begins with is the active one. `query`: the
    filters that links to other staff pages carry."""
    own = () if is_staff or not is_signed_in else CUSTOMER
    places = [(label, reverse(name)) for label, name in (*own, *EVERYBODY)]
    urls = [*(url for _label, url in places), *(staff.url for staff in staff_places() if is_staff)]
    active = max((url for url in urls if path.startswith(url)), key=len, default="")
    shown = [Entry(label, url, is_active=url == active) for label, url in places]
    return [*staff_entries(active, query), *shown] if is_staff else shown


def filters_of(request: HttpRequest) -> str:
    """None where the address has too many of them: the page that says so asks again."""
    match = request.resolver_match
    try:
        return carried(match.view_name, request.GET.dict()) if match else ""
    except TooManyFieldsSent:
        return ""

"""What every page's frame knows: whose it is, where one can go, which language and theme."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.second_factor import is_missing
from costcontrol.account.tabs import tabs

THEMES = ("light", "dark")
THEME_COOKIE = "theme"  # written by static/costcontrol.js; without it the system decides

STAFF = (
    (_("Overview"), "dashboard:overview"),
    (_("Calls"), "dashboard:calls"),
    (_("Debate costs"), "dashboard:debates"),
    (_("Savings"), "dashboard:savings"),
    (_("Caches"), "dashboard:caches"),
    (_("Revenue"), "dashboard:revenue"),
    (_("Debates"), "play:start"),
    (_("Settings"), "admin:index"),
)
PARTS_OF = {"dashboard:precompute": "dashboard:caches"}  # pages whose entry is another's
CUSTOMER = ((_("Debates"), "play:start"), (_("Usage & plan"), "mine:usage"))
EVERYBODY = ((_("API"), "docs"),)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the navigation."""

    label: str | Promise
    url: str
    is_active: bool = False


def page(request: HttpRequest) -> dict[str, Any]:
    """The context processor."""
    is_staff, email = viewer(request)
    theme = request.COOKIES.get(THEME_COOKIE, "")
    return {
        "is_demo": getattr(settings, "DEMO", False),
        "is_staff": is_staff,
        "viewer_email": email,
        "navigation": navigation(request.path, is_staff=is_staff, is_signed_in=bool(email)),
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


def navigation(path: str, *, is_staff: bool, is_signed_in: bool = False) -> list[Entry]:
    """The entry with the longest address that `path` begins with is the active one."""
    own = STAFF if is_staff else CUSTOMER if is_signed_in else ()
    names = (*own, *EVERYBODY)
    places = [(label, reverse(name)) for label, name in names]
    for part, whole in PARTS_OF.items():
        if path.startswith(reverse(part)):
            path = reverse(whole)
    active = max((url for _label, url in places if path.startswith(url)), key=len, default="")
    return [Entry(label, url, is_active=url == active) for label, url in places]

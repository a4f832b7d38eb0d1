"""The bar over the customer's pages: each page that exists and that the role includes."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from costcontrol.account.access import Role, role_of

EVERYBODY: tuple[Role, ...] = ("owner", "billing", "member")
WHO_PAYS: tuple[Role, ...] = ("owner", "billing")

PAGES: tuple[tuple[str | Promise, str, tuple[Role, ...]], ...] = (
    (_("Usage"), "mine:usage", EVERYBODY),
    (_("Plans"), "mine:plans", EVERYBODY),
    (_("Invoices"), "mine:invoices", WHO_PAYS),
    (_("Alerts"), "mine:alerts", WHO_PAYS),
    (_("API keys"), "mine:keys", EVERYBODY),
    (_("Organisation"), "mine:organisation", EVERYBODY),
    (_("Security"), "mine:security", EVERYBODY),
    (_("Profile"), "mine:profile", EVERYBODY),
    (_("Your data"), "mine:data", EVERYBODY),
)
OF_SECURITY = ("/email/", "/password/", "/2fa/", "/sessions/", "/reauthenticate/")


@dataclass(frozen=True, slots=True)
class Tab:
    label: str | Promise
    url: str
    is_active: bool


def tabs(request: HttpRequest) -> list[Tab]:
    """None for strangers. The tab of the longest address that the page's begins with is active."""
    if not request.user.is_authenticated:
        return []
    role = role_of(request)
    names = [(label, name) for label, name, roles in PAGES if role in roles]
    places = [(label, url) for label, name in names if (url := _address(name))]
    active = _active(request.path, [url for _label, url in places])
    return [Tab(label, url, is_active=url == active) for label, url in places]


def _active(path: str, urls: list[str]) -> str:
    if path.startswith(OF_SECURITY):
        return _address("mine:security")
    return max((url for url in urls if path.startswith(url)), key=len, default="")


def _address(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""

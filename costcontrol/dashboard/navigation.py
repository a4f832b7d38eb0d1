"""The pages of the staff, in groups. A page that is not built here is not listed.

A new page is one line in GROUPS. `has_filters`: it has the filter bar, so links to it carry the
filters of the page that somebody comes from. `has_views`: its own can be saved.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from costcontrol.dashboard.filters import SHARED

LONGEST = 254  # of a value that is carried along


@dataclass(frozen=True, slots=True)
class Place:
    label: str | Promise
    name: str
    has_filters: bool = False
    has_views: bool = False

    @property
    def url(self) -> str:
        return _url(self.name)


@dataclass(frozen=True, slots=True)
class Group:
    label: str | Promise
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the navigation: a link, or a group that unfolds. `carries`: filters go along."""

    label: str | Promise
    url: str = ""
    is_active: bool = False
    entries: tuple["Entry", ...] = ()
    carries: bool = False


GROUPS = (
    Group(_("Overview"), (Place(_("Overview"), "dashboard:overview", True),)),
    Group(_("Spend"), (
        Place(_("Explorer"), "dashboard:explorer", True),
        Place(_("Savings"), "dashboard:savings", True),
        Place(_("Forecast"), "dashboard:forecast", True),
        Place(_("Own hardware"), "dashboard:roi"),
        Place(_("Monthly report"), "dashboard:report"),
    )),
    Group(_("Answers"), (
        Place(_("Routes & models"), "dashboard:routes", True),
        Place(_("Caches"), "dashboard:caches", True),
        Place(_("Answers made ahead"), "dashboard:precompute"),
        Place(_("What if"), "dashboard:whatif"),
        Place(_("Experiments"), "dashboard:experiments", True),
    )),
    Group(pgettext_lazy("group of pages", "Limits"), (
        Place(_("Budgets & alerts"), "dashboard:budgets"),
        Place(_("Users & tiers"), "dashboard:users", True),
    )),
    Group(_("Live"), (
        Place(_("Calls"), "dashboard:calls", True),
        Place(_("Live calls"), "dashboard:live"),
        Place(_("Debate costs"), "dashboard:debates", True),
    )),
    Group(_("Money in"), (Place(_("Revenue"), "dashboard:revenue"),)),
    Group(_("Records"), (
        Place(_("Reconciliation"), "dashboard:reconciliation"),
        Place(_("Audit log"), "dashboard:audit", has_views=True),
    )),
    Group(_("Settings"), (
        Place(_("Settings"), "dashboard:settings"),
        Place(_("All tables"), "admin:index"),
        Place(_("Your account"), "mine:security"),
    )),
    Group(_("Debates"), (Place(_("Debates"), "play:start"),)),
)


def _url(name: str) -> str:
    """Empty: there is no such page."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


def places() -> tuple[Place, ...]:
    """All pages that exist."""
    return tuple(place for group in GROUPS for place in group.places if place.url)


def title_of(name: str) -> str:
    """Of a page whose filters can be saved, by its name without the namespace; empty: of none."""
    kept = (p for p in places() if p.has_filters or p.has_views)
    found = (p for p in kept if p.name == f"dashboard:{name}")
    return next((str(place.label) for place in found), "")


def entries(active: str, query: str = "") -> list[Entry]:
    """`active`: the address of the page's own entry. A group of one is a link with its name."""
    return [_entry(group, active, query) for group in GROUPS if any(p.url for p in group.places)]


def _entry(group: Group, active: str, query: str) -> Entry:
    links = tuple(
        Entry(
            place.label, f"{place.url}?{query}" if query and place.has_filters else place.url,
            place.url == active, carries=place.has_filters,
        )
        for place in group.places if place.url
    )
    if len(links) == 1:
        (only,) = links
        return Entry(group.label, only.url, only.is_active, carries=only.carries)
    return Entry(group.label, "", any(each.is_active for each in links), links)


def carried(page: str, query: Mapping[str, str]) -> str:
    """The filters of this page as they go along to others; none from a page without the bar."""
    if not any(place.name == page and place.has_filters for place in places()):
        return ""
    return urlencode({
        name: value for name, value in query.items()
        if name in SHARED and value and len(value) <= LONGEST
    })

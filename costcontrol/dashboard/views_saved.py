"""Saved views: a page with its filters under a name, one's own or for all staff.

Only whoever saved a view changes it; the address that it leads to is one of our own pages.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl, urlencode

from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import audit, snapshot
from billing.models import SavedView
from costcontrol.dashboard.navigation import title_of

MOST = 100  # views in a list
LONGEST_NAME, LONGEST_QUERY = 80, 1000
NOT_KEPT = ("renew", "older", "newer", "page")  # a place in a list is not what is come back to


@dataclass(frozen=True, slots=True)
class View:
    """One view as it is listed. `owner` is empty for one's own."""

    id: int
    name: str
    page: str
    page_title: str
    url: str
    is_shared: bool
    is_own: bool
    owner: str = ""


class Refused(Exception):
    """Why a view was not saved, in a sentence."""


def views_of(user: User) -> tuple[View, ...]:
    """One's own and those of others that are for all staff, by name."""
    seen = SavedView.objects.filter(Q(owner_id=user.pk) | Q(is_shared=True)).order_by("name", "pk")
    return tuple(_listed([row for row in seen[:MOST] if title_of(row.page)], user))


def _listed(rows: list[SavedView], user: User) -> Iterable[View]:
    others = {row.owner_id for row in rows} - {user.pk}
    names = {one.pk: str(one) for one in User.objects.filter(pk__in=others)} if others else {}
    for row in rows:
        yield View(
            row.pk, row.name, row.page, title_of(row.page), url_of(row.page, row.query),
            row.is_shared, row.owner_id == user.pk, names.get(row.owner_id, ""),
        )


def url_of(page: str, query: str) -> str:
    here = reverse(f"dashboard:{page}")
    return f"{here}?{query}" if query else here


def save(
    user: User, *, page: str, query: str, name: str, is_shared: bool, now: datetime
) -> SavedView:
    """The same name on the same page is saved anew. Raises Refused."""
    if not title_of(page):
        raise Refused(_("Views of this page cannot be saved."))
    name, query = named(name), clean(query)
    with transaction.atomic():
        found = SavedView.objects.filter(owner_id=user.pk, page=page, name=name).first()
        before = snapshot(found) if found else None
        view, _is_new = SavedView.objects.update_or_create(
            owner_id=user.pk, page=page, name=name,
            defaults={"query": query, "is_shared": is_shared, "made_at": now},
        )
        audit(str(user), "view_save", f"view {view.pk}", before, snapshot(view))
    return view


def change(user: User, view_id: int, *, name: str, is_shared: bool) -> SavedView | None:
    """None: there is no such view of theirs. Raises Refused."""
    name = named(name)
    with transaction.atomic():
        view = SavedView.objects.select_for_update().filter(owner_id=user.pk, pk=view_id).first()
        if view is None:
            return None
        same = SavedView.objects.filter(owner_id=user.pk, page=view.page, name=name)
        if same.exclude(pk=view.pk).exists():
            raise Refused(_("You have a view of this name on the same page already."))
        before = snapshot(view)
        view.name, view.is_shared = name, is_shared
        view.save(update_fields=["name", "is_shared"])
        audit(str(user), "view_change", f"view {view.pk}", before, snapshot(view))
    return view


def delete(user: User, view_id: int) -> bool:
    """False: there is no such view of theirs."""
    with transaction.atomic():
        view = SavedView.objects.select_for_update().filter(owner_id=user.pk, pk=view_id).first()
        if view is None:
            return False
        audit(str(user), "view_delete", f"view {view.pk}", snapshot(view))
        view.delete()
    return True


def named(name: str) -> str:
    """On one line, and short enough to be listed. Raises Refused."""
    words = " ".join("".join(each for each in name if each.isprintable()).split())
    if not words:
        raise Refused(_("Give the view a name, so that it can be found again."))
    if len(words) > LONGEST_NAME:
        raise Refused(
            _("A name may have at most %(n)d letters. Choose a shorter one.") % {"n": LONGEST_NAME}
        )
    return words


def clean(query: str) -> str:
    """Parameters alone, written as an address has them. Raises Refused."""
    said = [
        (name, value) for name, value in parse_qsl(query[: 4 * LONGEST_QUERY], max_num_fields=60)
        if name not in NOT_KEPT and (name + value).isprintable()
    ]
    again = urlencode(said, errors="replace")
    if len(again) > LONGEST_QUERY:
        raise Refused(_("So many filters cannot be saved. Take some away and try again."))
    return again

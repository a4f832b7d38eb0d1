"""Philosophers that users made: theirs alone, in versions, few, and gone with their account.

Taken off offer, one stays as long as a debate of theirs was held with it. Versions that no debate
needs are deleted a day after they were written.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from secrets import token_hex
from typing import Any

from django.db import transaction
from django.db.models import Q

from accounts.models import User
from costcontrol.lib.sentences import Sentence as _
from routing.debates.cards import Draft, checked
from routing.debates.errors import PhilosopherFixed, PhilosopherLimit
from routing.debates.philosophers import philosopher_get
from routing.debates.types import SIDES
from routing.debates.versions import is_same, philosopher_make, version_add
from routing.models import Debate, Philosopher

OWN = "own-"  # their keys begin so
MAX_OWN = 20
MAX_ROWS = 300  # versions, and those that are off offer
UNUSED_KEPT = timedelta(days=1)


@transaction.atomic
def own_make(draft: Draft, *, user_id: int) -> Philosopher:
    """Raises PhilosopherInvalid, PhilosopherLimit."""
    draft = checked(draft)
    _refuse_too_many_rows(user_id)
    if _own(user_id).filter(is_current=True, is_active=True).count() >= MAX_OWN:
        raise PhilosopherLimit(
            _("You have %(limit)d philosophers of your own, the most there can be. Delete one "
              "first.")
            % {"limit": MAX_OWN},
            limit=MAX_OWN,
        )
    return philosopher_make(f"{OWN}{token_hex(8)}", draft, owner_id=user_id)


def own_get(key: str, *, user_id: int) -> Philosopher:
    """Raises PhilosopherUnknown; PhilosopherFixed for one of the catalogue."""
    row = philosopher_get(key, user_id=user_id)
    if row.owner_id is None:
        raise PhilosopherFixed(
            _("%(key)s belongs to the catalogue. Make one of your own: POST /api/v1/philosophers.")
            % {"key": row.key}
        )
    return row


@transaction.atomic
def own_change(row: Philosopher, draft: Draft, *, user_id: int) -> Philosopher:
    """A new version; the same where nothing differs. Raises PhilosopherInvalid, and
    PhilosopherLimit for somebody who never stops."""
    draft = checked(draft)
    if is_same(row, draft):
        return row
    _refuse_too_many_rows(user_id)
    return version_add(row, draft)


def own_remove(row: Philosopher) -> None:
    Philosopher.objects.filter(key=row.key).update(is_active=False)


def unused_delete(*, now: datetime) -> int:
    """Old versions, and those off offer, that no debate of their owner names."""
    stale = Q(is_current=False) | Q(is_active=False)
    rows = Philosopher.objects.filter(
        stale, owner_id__isnull=False, created_at__lt=now - UNUSED_KEPT
    )
    unused: list[int] = []
    for owner_id in {row.owner_id for row in rows if row.owner_id is not None}:
        named = set(_named_by(owner_id))
        theirs = rows.filter(owner_id=owner_id)
        unused += [row.pk for row in theirs if (row.key, row.version) not in named]
    return Philosopher.objects.filter(pk__in=unused).delete()[0]


def of_user(user_id: int) -> Iterator[dict[str, Any]]:
    """For the file that they may take away."""
    for row in _own(user_id).order_by("key", "version"):
        yield {
            "key": row.key, "version": row.version, "name_ko": row.name_ko,
            "name_en": row.name_en, "card": row.card, "is_on_offer": row.is_active,
            "created_at": row.created_at,
        }


def _own(user_id: int) -> Any:
    return Philosopher.objects.filter(owner_id=user_id)


def _refuse_too_many_rows(user_id: int) -> None:
    """And let one person's changes come one after the other, so that they are counted."""
    list(User.objects.select_for_update(no_key=True).filter(pk=user_id).values_list("pk"))
    if _own(user_id).count() >= MAX_ROWS:
        raise PhilosopherLimit(
            _("You have changed your philosophers very often. Wait a day, then go on."),
            limit=MAX_ROWS,
        )


def _named_by(user_id: int) -> Iterator[tuple[str, int]]:
    casts = Debate.objects.filter(user_id=user_id).values_list("cast", flat=True)
    for cast in casts.iterator():
        for side in SIDES:
            yield from ((entry["key"], entry["version"]) for entry in cast.get(side, ()))

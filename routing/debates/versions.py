"""Philosophers are never edited: a change is a new version, which takes the old one's place."""

from django.db import transaction
from django.db.models import Max

from routing.debates.cards import Draft
from routing.models import Philosopher


def philosopher_make(
    key: str, draft: Draft, *, owner_id: int | None = None, shipped_version: int | None = None
) -> Philosopher:
    """The first version. `draft` was checked."""
    return Philosopher.objects.create(
        key=key, owner_id=owner_id, shipped_version=shipped_version, **draft.columns
    )


@transaction.atomic
def version_add(
    row: Philosopher, draft: Draft, *, is_active: bool = True, shipped_version: int | None = None
) -> Philosopher:
    """The version after all others of the same key, current from now on. `draft` was checked."""
    versions = Philosopher.objects.filter(key=row.key)
    list(versions.select_for_update().order_by("pk"))  # one change after the other
    newest = versions.aggregate(newest=Max("version"))["newest"]
    versions.filter(is_current=True).update(is_current=False)
    return Philosopher.objects.create(
        key=row.key, version=newest + 1, owner_id=row.owner_id, is_active=is_active,
        shipped_version=shipped_version, **draft.columns,
    )


def is_same(row: Philosopher, draft: Draft) -> bool:
    return all(getattr(row, name) == value for name, value in draft.columns.items())

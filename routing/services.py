"""What changes the routing table: check a draft, publish it."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from accounts.services import audit, snapshot
from routing.models import RoutePolicy
from routing.types import Complexity, ModelClass

MODES = ("local", "hybrid", "cloud", "economy")  # the tiers' route modes, and what saving means
Status = RoutePolicy.Status


class PolicyError(ValueError):
    """This policy cannot be used so. The message is a sentence for the operator."""


def cells_check(cells: Any) -> None:
    """Raises PolicyError that names each wrong cell."""
    if problems := list(cell_problems(cells)):
        raise PolicyError(" ".join(problems))


def cell_problems(cells: Any) -> Iterator[str]:
    if not isinstance(cells, dict):
        names = ", ".join(MODES)
        yield _("The table must have one entry for each of %(names)s.") % {"names": names}
        return
    for mode in cells.keys() - set(MODES):
        yield _("“%(name)s” is not a route mode; there are %(names)s.") % {
            "name": mode, "names": ", ".join(MODES)
        }
    for mode in MODES:
        row = cells.get(mode)
        if not isinstance(row, dict):
            yield _("The row “%(name)s” is missing.") % {"name": mode}
            continue
        for name in row.keys() - set(Complexity):
            yield _("Cell %(cell)s: there are only %(names)s.") % {
                "cell": f"{mode} / {name}", "names": ", ".join(Complexity)
            }
        for complexity in Complexity:
            yield from class_problems(f"{mode} / {complexity}", row.get(complexity))


def class_problems(cell: str, classes: Any) -> Iterator[str]:
    if not isinstance(classes, list) or not classes:
        yield _("Cell %(cell)s must list at least one model class, best first.") % {"cell": cell}
        return
    for name in classes:
        if name not in list(ModelClass):
            yield _("Cell %(cell)s: “%(name)s” is not a model class; there are %(names)s.") % {
                "cell": cell, "name": name, "names": ", ".join(ModelClass)
            }
    if len({str(name) for name in classes}) < len(classes):
        yield _("Cell %(cell)s lists a class twice.") % {"cell": cell}


def next_version() -> int:
    return int(RoutePolicy.objects.aggregate(last=Max("version"))["last"] or 0) + 1


@transaction.atomic
def policy_publish(policy: RoutePolicy, *, at: datetime, actor: str) -> RoutePolicy:
    """Put a draft in force and retire the table before it. Raises PolicyError."""
    live = list(
        RoutePolicy.objects.select_for_update()
        .filter(status__in=[Status.DRAFT, Status.PUBLISHED])
        .order_by("version")
    )
    draft = next((row for row in live if row.pk == policy.pk), None)
    if draft is None or draft.status != Status.DRAFT:
        raise PolicyError(
            _("Version %(version)d is not a draft; copy it into a new one.")
            % {"version": policy.version}
        )
    cells_check(draft.cells)
    for row in live:
        if row.status == Status.PUBLISHED:
            row.status = Status.RETIRED
            row.save(update_fields=["status"])
    before = snapshot(draft)
    draft.status, draft.published_at = Status.PUBLISHED, at
    draft.save(update_fields=["status", "published_at"])
    audit(actor, "policy_publish", str(draft), before, snapshot(draft))
    return draft

"""What changes the routing table, draft by draft, and which models may be asked. All audited."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from accounts.services import audit, snapshot
from billing.prices import PriceTable
from routing.models import Deployment, RoutePolicy
from routing.types import Complexity, ModelClass

MODES = ("local", "hybrid", "cloud", "economy")  # the tiers' route modes, and what saving means
PROVIDER_PAUSE = "provider_pause"
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
def policy_draft(cells: Any, *, actor: str, because: str = "") -> RoutePolicy:
    """A draft with this table. Raises PolicyError."""
    cells_check(cells)
    draft = RoutePolicy.objects.create(version=next_version(), cells=cells)
    audit(actor, "policy_draft", str(draft), None, snapshot(draft), reason=because)
    return draft


@transaction.atomic
def policy_edit(policy: RoutePolicy, cells: Any, *, actor: str) -> RoutePolicy:
    """Another table for a draft. Raises PolicyError: also once it is published."""
    cells_check(cells)
    draft = RoutePolicy.objects.select_for_update().get(pk=policy.pk)
    if draft.status != Status.DRAFT:
        raise _no_draft(draft)
    before = snapshot(draft)
    draft.cells = cells
    draft.save(update_fields=["cells"])
    audit(actor, "policy_edit", str(draft), before, snapshot(draft))
    return draft


def _no_draft(policy: RoutePolicy) -> PolicyError:
    return PolicyError(
        _("Version %(version)d is not a draft; copy it into a new one.")
        % {"version": policy.version}
    )


@transaction.atomic
def deployment_switch(
    deployment: Deployment, *, is_enabled: bool, actor: str, reason: str, at: datetime
) -> bool:
    """Whether it may be asked, from the next snapshots on. False: it was so already. Raises
    PolicyError: what has no price cannot be called, so it cannot be enabled either."""
    row = Deployment.objects.select_for_update().get(pk=deployment.pk)
    if row.is_enabled == is_enabled:
        return False
    provider = row.price_provider or row.provider
    if is_enabled and not PriceTable.load(at).has(provider, row.model):
        raise PolicyError(
            _("There is no price for %(name)s. Add one before it is enabled.")
            % {"name": f"{provider}/{row.model}"}
        )
    before, row.is_enabled = snapshot(row), is_enabled
    row.save(update_fields=["is_enabled"])
    audit(actor, "deployment_switch", row.name, before, snapshot(row), reason=reason[:300])
    return True


def line_name(row: Deployment) -> str:
    """A provider at one address with one key, as the audit log names it."""
    return " ".join(filter(None, (row.provider, row.base_url, row.api_key_env)))[:200]


@transaction.atomic
def provider_pause(
    rows: Sequence[Deployment], *, actor: str, reason: str, at: datetime
) -> list[str]:
    """None of these is asked any more. Those that were asked until now, by name."""
    paused = [
        row.name for row in rows
        if deployment_switch(row, is_enabled=False, actor=actor, reason=reason, at=at)
    ]
    if paused:
        audit(
            actor, PROVIDER_PAUSE, line_name(rows[0]), None, {"models": paused},
            reason=reason[:300],
        )
    return paused


@transaction.atomic
def provider_resume(
    rows: Sequence[Deployment], *, actor: str, reason: str, at: datetime
) -> list[str]:
    """These are asked again; those that were not until now, by name. Raises PolicyError, and then
    nothing is changed: one of them has no price."""
    return [
        row.name for row in rows
        if deployment_switch(row, is_enabled=True, actor=actor, reason=reason, at=at)
    ]


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
        raise _no_draft(policy)
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

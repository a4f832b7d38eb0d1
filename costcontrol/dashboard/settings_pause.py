"""A whole provider is paused, and goes on again: all models at its address with its key, in one
step. What a pause switched off is what going on switches on again, unless somebody says otherwise.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts.models import AuditEvent
from costcontrol.dashboard.labels import label
from routing.models import Deployment
from routing.services import PROVIDER_PAUSE, line_name

AND = ", "


@dataclass(frozen=True, slots=True)
class Choice:
    """A model that is off, and whether the last pause switched it off."""

    id: int
    name: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class PausePage:
    """`asked`: models that may be asked now; `off`: those that may not; `left_alone`: classes that
    nobody would be left for."""

    name: str
    address_of: int
    asked: tuple[str, ...]
    off: tuple[Choice, ...]
    left_alone: str

    @property
    def is_paused(self) -> bool:
        return not self.asked


def line_of(row: Deployment) -> list[Deployment]:
    """Everything at the same provider, address and key."""
    return list(Deployment.objects.filter(
        provider=row.provider, base_url=row.base_url, api_key_env=row.api_key_env
    ).order_by("priority", "name"))


def switched_off() -> tuple[Deployment, ...]:
    """One of each provider of which staff let no model be asked, so that nobody forgets it."""
    lines: dict[tuple[str, str, str], list[Deployment]] = defaultdict(list)
    for row in Deployment.objects.order_by("provider", "name"):
        lines[row.provider, row.base_url, row.api_key_env].append(row)
    return tuple(
        rows[0] for rows in lines.values() if not any(row.is_enabled for row in rows)
    )


def pause_page(row: Deployment) -> PausePage:
    rows = line_of(row)
    asked = [each for each in rows if each.is_enabled]
    paused = _paused_last(rows)
    off = [each for each in rows if not each.is_enabled]
    return PausePage(
        title_of(row), row.pk, tuple(each.name for each in asked),
        tuple(Choice(each.pk, each.name, each.name in paused) for each in off),
        _left_alone(asked),
    )


def title_of(row: Deployment) -> str:
    return str(Deployment.Provider(row.provider).label)


def chosen(row: Deployment, numbers: Collection[str]) -> list[Deployment]:
    """Those of the line that somebody ticked."""
    return [each for each in line_of(row) if str(each.pk) in numbers]


def _paused_last(rows: Sequence[Deployment]) -> frozenset[str]:
    event = AuditEvent.objects.filter(
        action=PROVIDER_PAUSE, target=line_name(rows[0])
    ).order_by("-pk").first()
    after = event.after if event else None
    return frozenset(after.get("models", ())) if isinstance(after, dict) else frozenset()


def _left_alone(asked: Sequence[Deployment]) -> str:
    """Classes whose last enabled models these are."""
    mine = {each.model_class for each in asked}
    others = Deployment.objects.filter(is_enabled=True, model_class__in=mine).exclude(
        pk__in=[each.pk for each in asked]
    )
    alone = sorted(mine - set(others.values_list("model_class", flat=True)))
    if not alone:
        return ""
    return _("Nobody else answers calls of these classes: %(names)s. They go to the next class of "
             "their rule, or are refused where there is none.") % {
        "names": AND.join(label(name) for name in alone)
    }

"""What-ifs that are asked often, ready to be asked with one press: a class of models less."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from costcontrol.dashboard.whatif_form import cell_name, cell_text, form_of, shown_policy
from routing.models import RoutePolicy
from routing.services import MODES
from routing.snapshot import Snapshot
from routing.types import Complexity, ModelClass

WITHOUT = {
    ModelClass.PREMIUM: gettext_lazy("Without premium models"),
    ModelClass.MID: gettext_lazy("Without mid-range models"),
}


@dataclass(frozen=True, slots=True)
class Ready:
    """A button, and the fields that it sends."""

    label: str
    fields: tuple[tuple[str, str], ...]


def ready_of(*, snapshot: Snapshot, now: datetime) -> tuple[Ready, ...]:
    """Of the published table and the usual days; one that would change nothing is not offered."""
    policy = shown_policy({})
    if policy is None:
        return ()
    form = form_of({}, snapshot=snapshot, now=now)
    days = f"{form.first} – {form.last}"
    return tuple(
        Ready(str(label), (
            ("title", _("%(change)s, %(days)s") % {"change": label, "days": days}),
            ("from", form.first), ("to", form.last), ("shown", form.shown), *cells,
        ))
        for dropped, label in WITHOUT.items() if (cells := tuple(_cells(policy, dropped)))
    )


def _cells(policy: RoutePolicy, dropped: ModelClass) -> Iterator[tuple[str, str]]:
    """The whole table, or nothing. A cell that has no other class keeps it."""
    whole = {
        (mode, each): policy.cells.get(mode, {}).get(each, [])
        for mode in MODES for each in Complexity
    }
    left = {
        key: [name for name in classes if name != dropped] or classes
        for key, classes in whole.items()
    }
    if left == whole:
        return
    for (mode, each), classes in left.items():
        yield cell_name(mode, each), cell_text(classes)

"""One version of the routing table: what differs from the one in force, and what that would have
cost, as far as somebody has asked."""

from dataclasses import dataclass

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from costcontrol import formats
from costcontrol.dashboard.components import (
    Badge,
    Column,
    KpiCard,
    Table,
    count,
    money,
    share,
    text,
)
from costcontrol.dashboard.routes import TONES
from costcontrol.dashboard.routes_rules import table_in_force
from costcontrol.dashboard.whatif import outcome
from costcontrol.dashboard.whatif_form import COMPLEXITY_LABELS, MODE_LABELS, Line, cell_text, table
from costcontrol.dashboard.whatif_run import interval, points
from routing.models import RoutePolicy, WhatIfRun
from routing.services import MODES
from routing.types import Complexity

Status = RoutePolicy.Status


@dataclass(frozen=True, slots=True)
class Preview:
    """The newest run with this version. `is_old`: the draft was changed since."""

    run: WhatIfRun
    url: str
    cards: tuple[KpiCard, ...]
    days: str
    is_old: bool
    is_done: bool


@dataclass(frozen=True, slots=True)
class DraftPage:
    policy: RoutePolicy
    badge: Badge
    fields: tuple[Line, ...]
    whole: Table
    changes: Table
    preview: Preview | None
    whatif_url: str

    @property
    def is_draft(self) -> bool:
        return self.policy.status == Status.DRAFT


def draft_page(policy: RoutePolicy, said: dict[str, list[str]]) -> DraftPage:
    published = RoutePolicy.objects.filter(status=Status.PUBLISHED).first()
    status = Status(policy.status)
    return DraftPage(
        policy, Badge(str(status.label), TONES[status]), table(said, policy),
        table_in_force(policy.cells), _changes(policy, published), _preview(policy),
        f"{reverse('dashboard:whatif')}?policy={policy.version}",
    )


def _changes(policy: RoutePolicy, published: RoutePolicy | None) -> Table:
    """Only cells that differ."""
    usual = published.cells if published else {}
    rows = []
    for mode in MODES:
        for each in Complexity:
            old, new = (cell_text(cells.get(mode, {}).get(each, []))
                        for cells in (usual, policy.cells))
            if old != new:
                rows.append((text(f"{MODE_LABELS[mode]}, {COMPLEXITY_LABELS[each]}"),
                             text(old or None), text(new or None)))
    columns = (Column(_("Rule")), Column(_("In force")), Column(_("In this version")))
    return Table(
        _("Rules that differ"), columns, tuple(rows), is_caption_hidden=True,
        empty_text=_("It is the same as the table in force."),
    )


def _preview(policy: RoutePolicy) -> Preview | None:
    """None: nobody has asked yet."""
    run = WhatIfRun.objects.filter(changes__policy=policy.version).order_by("-pk").first()
    if run is None:
        return None
    zone = settings.DEFAULT_ZONE
    days = _("%(first)s to %(last)s") % {
        "first": formats.day(run.start, zone=zone), "last": formats.when(run.end, zone=zone)
    }
    return Preview(
        run, reverse("dashboard:whatif_run", args=[run.pk]), _cards(run), days,
        is_old=run.changes.get("cells") != policy.cells,
        is_done=run.state == WhatIfRun.State.DONE,
    )


def _cards(run: WhatIfRun) -> tuple[KpiCard, ...]:
    found = outcome(run)
    if found is None:
        return ()
    return (
        KpiCard(_("By the rules of then"), money(found.figures.same.cost_nanos)),
        KpiCard(_("With this version"), money(found.now_nanos)),
        KpiCard(_("Difference"), money(found.difference_nanos)),
        KpiCard(_("Calls that go elsewhere"), count(sum(found.figures.moves.values()))),
        KpiCard(_("Good ratings, predicted"), share(points(found.quality_now.good)),
                note=interval(found.quality_now)),
    )

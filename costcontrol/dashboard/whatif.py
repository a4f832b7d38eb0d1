"""The runs of what-ifs, newest first."""

from collections.abc import Iterable

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from costcontrol.dashboard.components import (
    Badge,
    Cell,
    Column,
    Table,
    Tone,
    badge,
    link,
    money,
    text,
    when,
)
from costcontrol.dashboard.whatif_words import changed
from routing.models import WhatIfRun
from routing.whatif.outcome import Outcome, outcome_of

MAY_RUN = "routing.add_whatifrun"
PAGE = 20
LONGEST = 120
State = WhatIfRun.State
TONES = {
    State.WAITING: Tone.OFF, State.RUNNING: Tone.OK, State.DONE: Tone.OK,
    State.STOPPED: Tone.WARN, State.FAILED: Tone.BAD,
}


def state_badge(run: WhatIfRun) -> Badge:
    state = State(run.state)
    return Badge(str(state.label), TONES[state])


def outcome(run: WhatIfRun) -> Outcome | None:
    """None: it is not done."""
    return outcome_of(run.result) if run.state == State.DONE else None


def page_of(before: int | None) -> tuple[list[WhatIfRun], int | None]:
    """Runs older than `before`, and where the next page begins."""
    rows = WhatIfRun.objects.order_by("-pk")
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows[: PAGE + 1])
    return found[:PAGE], found[PAGE - 1].pk if len(found) > PAGE else None


def runs_table(runs: Iterable[WhatIfRun]) -> Table:
    numbers = (_("Booked then"), _("With the changes"), _("Difference"))
    columns = (
        Column(_("Run")), Column(_("What is changed")), Column(_("State")),
        *(Column(name, is_number=True) for name in numbers), Column(_("Asked")),
    )
    return Table(
        _("What-if runs, newest first"), columns, tuple(map(_row, runs)),
        empty_text=_("Nobody has asked yet. Choose days and a change above: no provider is asked, "
                     "and nothing is spent."),
        is_caption_hidden=True,
    )


def _row(run: WhatIfRun) -> tuple[Cell, ...]:
    there = reverse("dashboard:whatif_run", args=[run.pk])
    state, found = state_badge(run), outcome(run)
    words = " ".join(changed(run))
    return (
        link(run.title, there),
        text(words if len(words) <= LONGEST else f"{words[:LONGEST]}…"),
        badge(state.text, state.tone),
        money(found.figures.then.cost_nanos if found else None, places=4),
        money(found.now_nanos if found else None, places=4),
        money(found.difference_nanos if found else None, places=4),
        when(run.made_at, zone=settings.DEFAULT_ZONE, note=run.made_by),
    )

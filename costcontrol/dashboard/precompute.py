"""The page about answers made ahead: the month's money, the form of an estimate, the runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Count, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Tier
from costcontrol.dashboard.components import (
    Badge,
    BudgetBar,
    Cell,
    Column,
    Table,
    Tone,
    badge,
    count,
    link,
    money,
    when,
)
from costcontrol.dashboard.labels import language
from routing.debates.types import LANGUAGES
from routing.models import PrecomputeItem, PrecomputeRun
from routing.precompute import money as purse
from routing.precompute.orders import USUAL_KINDS, kinds_on_offer
from routing.snapshot import Snapshot

MOST_RUNS = 30
CHANGE_RUNS = "routing.change_precomputerun"
Status = PrecomputeRun.Status
Kind = PrecomputeRun.Kind
TONES = {
    Status.ESTIMATED: Tone.OFF, Status.RUNNING: Tone.OK, Status.STOPPING: Tone.WARN,
    Status.FINISHED: Tone.OK, Status.STOPPED: Tone.OFF, Status.FAILED: Tone.BAD,
}
USUAL = {
    "budget_usd": "5", "tier": "premium", "horizon_days": "30", "topics": "200", "variants": "3",
    "debates_per_day": "",
}
NUMBERS = (
    ("budget_usd", gettext_lazy("Budget of the run, US$"), "decimal"),
    ("horizon_days", gettext_lazy("Days that uses are counted for"), "numeric"),
    ("topics", gettext_lazy("Most popular topics"), "numeric"),
    ("variants", gettext_lazy("Variants of an answer, at most"), "numeric"),
    ("debates_per_day", gettext_lazy("Debates a day (empty: as many as there were)"), "decimal"),
)


@dataclass(frozen=True, slots=True)
class Box:
    """Something that can be ticked, or chosen."""

    value: str
    label: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Form:
    """`numbers`: name, label, value, keyboard."""

    languages: tuple[Box, ...]
    kinds: tuple[Box, ...]
    tiers: tuple[Box, ...]
    numbers: tuple[tuple[str, str, str, str], ...]


def form_of(said: Mapping[str, Any], *, snapshot: Snapshot) -> Form:
    """`said`: what was sent, to be shown again; empty: the usual."""
    kinds = kinds_on_offer(snapshot)
    chosen = said.get("languages") or LANGUAGES
    wanted = said.get("kinds") or USUAL_KINDS
    tier = said.get("tier") or USUAL["tier"]
    return Form(
        tuple(Box(code, language(code), code in chosen) for code in LANGUAGES),
        tuple(Box(name, name, name in wanted) for name in kinds),
        tuple(Box(each.pk, each.title, each.pk == tier) for each in Tier.objects.order_by("rank")),
        tuple(
            (name, str(label), str(said.get(name, USUAL[name]))[:20], mode)
            for name, label, mode in NUMBERS
        ),
    )


def month_bar(*, now: datetime) -> BudgetBar | None:
    """None: precompute is off."""
    month = purse.month(now=now)
    if not month.is_on:
        return None
    return BudgetBar(_("This month"), month.cap, month.spent, month.held)


def status_badge(run: PrecomputeRun) -> Badge:
    return Badge(str(Status(run.status).label), TONES[Status(run.status)])


def runs_table() -> Table:
    numbers = (_("Answers"), _("Made"), _("Used"), _("Cost"), _("Budget"))
    columns = (
        Column(_("Run")), Column(_("State")), Column(_("Estimated")),
        *(Column(name, is_number=True) for name in numbers),
    )
    runs = list(PrecomputeRun.objects.all()[:MOST_RUNS])
    counts = counts_of(runs)
    return Table(
        _("Runs, newest first"), columns,
        tuple(_row(run, counts.get(run.pk, {})) for run in runs),
        empty_text=_("No run yet. Make an estimate: it costs nothing."), is_caption_hidden=True,
    )


def counts_of(runs: list[PrecomputeRun]) -> dict[int, Mapping[str, int]]:
    is_made = Q(status=PrecomputeItem.Status.MADE)
    rows = PrecomputeItem.objects.filter(run__in=runs).values_list("run").annotate(
        planned=Count("pk"), made=Count("pk", filter=is_made),
        used=Count("pk", filter=is_made & Q(answer__served__gt=0)),
    )
    return {
        run: {"planned": planned, "made": made, "used": used} for run, planned, made, used in rows
    }


def _row(run: PrecomputeRun, counts: Mapping[str, int]) -> tuple[Cell, ...]:
    there = reverse("dashboard:precompute_run", args=[run.pk])
    state = status_badge(run)
    name = _("Run %(number)d") % {"number": run.pk}
    return (
        link(name, there, note=str(Kind(run.kind).label)),
        badge(state.text, state.tone),
        when(run.created_at, zone=settings.DEFAULT_ZONE),
        count(counts.get("planned", 0)), count(counts.get("made", 0)),
        count(counts.get("used", 0)), money(run.cost_nanos, places=4),
        money(run.budget_nanos, places=2),
    )

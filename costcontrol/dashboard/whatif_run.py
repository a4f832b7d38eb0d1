"""The page of one what-if run: how far it is, and side by side what was and what would be."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.reports.kpis import share as share_of
from costcontrol import formats
from costcontrol.dashboard import whatif_words as words
from costcontrol.dashboard.components import Badge, Figure, KpiCard, Table, count, money, share
from costcontrol.dashboard.whatif import outcome, state_badge
from costcontrol.dashboard.whatif_charts import side_by_side
from costcontrol.dashboard.whatif_tables import (
    by_class,
    by_model,
    levers,
    moves,
    refusals,
)
from routing.models import WhatIfRun
from routing.whatif.changes import Changes
from routing.whatif.outcome import Outcome
from routing.whatif.quality import LEAST, LEAST_SHARE, Rated
from routing.whatif.runs import OPEN


@dataclass(frozen=True, slots=True)
class Result:
    cards: tuple[KpiCard, ...]
    figure: Figure
    tables: tuple[Table, ...]
    quality: str
    notes: tuple[str, ...]
    trust: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunPage:
    run: WhatIfRun
    badge: Badge
    changed: tuple[str, ...]
    result: Result | None
    has_table: bool
    assumptions: tuple[str, ...]
    csv_url: str

    @property
    def is_going(self) -> bool:
        return self.run.state in OPEN

    @property
    def is_failed(self) -> bool:
        return self.run.state == WhatIfRun.State.FAILED


def run_page(run: WhatIfRun) -> RunPage:
    found = outcome(run)
    csv_url = reverse("dashboard:whatif_csv", args=[run.pk])
    has_table = Changes.of_json(run.changes).cells is not None
    return RunPage(
        run, state_badge(run), tuple(words.changed(run)),
        _result(found, csv_url, has_table=has_table) if found else None, has_table,
        tuple(words.assumptions()), csv_url,
    )


def _result(found: Outcome, csv_url: str, *, has_table: bool) -> Result:
    trust = [_trust(found), words.strange(found), *words.gaps(found)]
    stay = words.named(found) if has_table else ""
    notes = (*filter(None, (stay,)), *words.unknown(found), *words.added(found))
    return Result(
        _cards(found), _figure(found, csv_url),
        tuple(table for table in (
            levers(found), by_model(found), refusals(found), moves(found)
        ) if table.rows),
        quality_text(found), notes, tuple(filter(None, trust)),
    )


def _cards(found: Outcome) -> tuple[KpiCard, ...]:
    figures = found.figures
    changed = share_of(found.difference_nanos, figures.same.cost_nanos)
    refused = [sum(side.refusals.values()) for side in (figures.then, figures.now)]
    return (
        KpiCard(_("Booked then"), money(figures.then.cost_nanos), note=_calls(figures.then.calls)),
        KpiCard(_("Replayed by the rules of then"), money(figures.same.cost_nanos),
                note=_("what the changes are compared with")),
        KpiCard(_("Replayed with the changes"), money(found.now_nanos)),
        KpiCard(_("Difference"), money(found.difference_nanos),
                note="" if changed is None else _signed(changed)),
        KpiCard(_("Refused with the changes"), count(refused[1]),
                note=_("then: %(n)s") % {"n": formats.count(refused[0])}),
        KpiCard(_("Good ratings, predicted"), share(points(found.quality_now.good)),
                note=interval(found.quality_now)),
    )


def _calls(number: int) -> str:
    return ngettext("%(n)s call", "%(n)s calls", number) % {"n": formats.count(number)}


def _signed(points_changed: int) -> str:
    return ("+" if points_changed > 0 else "") + formats.share(points_changed)


def points(part: float | None) -> int | None:
    """In hundredths of a percent."""
    return None if part is None else round(part * 10_000)


def interval(rated: Rated) -> str:
    if rated.low is None or rated.high is None:
        return _("not measured")
    return _("between %(low)s and %(high)s, 95%% certain; %(n)s ratings") % {
        "low": formats.share(round(rated.low * 10_000)),
        "high": formats.share(round(rated.high * 10_000)), "n": formats.count(rated.ratings),
    }


def quality_text(found: Outcome) -> str:
    then, now = found.quality_then, found.quality_now
    if then.good is not None and now.good is not None:
        return _(
            "Of the answers by models, users would rate %(now)s good; then it was %(then)s."
        ) % {
            "now": f"{formats.share(points(now.good) or 0)} ({interval(now)})",
            "then": f"{formats.share(points(then.good) or 0)} ({interval(then)})",
        }
    covered = min(then.covered, now.covered)
    return _(
        "Quality is not measured: a model is known from %(least)s ratings of its stored answers "
        "on, and only %(covered)s of the calls go to such models. %(needed)s are needed."
    ) % {
        "least": LEAST, "covered": formats.share(round(covered * 10_000)),
        "needed": formats.share(round(LEAST_SHARE * 10_000)),
    }


def _trust(found: Outcome) -> str:
    figures = found.figures
    apart = figures.same.cost_nanos - figures.then.cost_nanos
    if not apart:
        return _("Replayed by the rules of then, these calls cost exactly what was booked.")
    part = share_of(abs(apart), figures.then.cost_nanos)
    return _(
        "Replayed by the rules of then, these calls cost %(same)s, and %(then)s was booked "
        "(%(part)s apart). So far can the other figures be trusted."
    ) % {
        "same": formats.money(figures.same.cost_nanos),
        "then": formats.money(figures.then.cost_nanos),
        "part": formats.share(part) if part is not None else "–",
    }


def _figure(found: Outcome, csv_url: str) -> Figure:
    table = by_class(found)
    return Figure(
        id="classes", title=_("Cost by class of model, side by side"),
        note=_("Attempts that failed are in the cost of all, and not in these bars."),
        table=table, json=side_by_side(found).to_json(), csv_url=csv_url,
        is_empty=not found.figures.then.calls,
        empty_text=_("There were no calls in these days. Choose others."),
    )



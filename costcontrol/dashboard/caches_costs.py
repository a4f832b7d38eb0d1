"""What cache layers cost themselves, and how often what they served was wrong, layer by layer.

Wrong is known only where something is guessed: which topic somebody means. L1 answers the very same
request, a key of the store is exact, and nobody judges searches and templates.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from billing.reports.layers import EXACT, LayerFacts, LayerSum
from billing.savings import HELPERS, PRECOMPUTE, SEARCH_CACHE, TEMPLATE
from costcontrol.dashboard.components import Cell, Column, Table, count, money, text
from routing.reports.topic_matches import judged_between

PLACES = 4
WITH_OTHERS = ("pattern", "precomputed")  # a topic leads to both: only their sum is known


@dataclass(frozen=True, slots=True)
class LayerCost:
    """`own_nanos` None: not known for this filter. `false_hits` None: nothing of it was judged."""

    layer: str
    own_nanos: int | None
    own_note: str
    saved_nanos: int
    judged: int | None
    false_hits: int | None
    false_note: str

    @property
    def left_nanos(self) -> int | None:
        return None if self.own_nanos is None else self.saved_nanos - self.own_nanos


def costs_of(
    facts: LayerFacts, sums: Sequence[LayerSum], *, now: datetime
) -> tuple[LayerCost, ...]:
    """One query. Our own work has no tier: for one tier its cost is not known."""
    days, chosen = facts.question.range, facts.question.filters
    judged, wrong = judged_between(
        days.start, min(days.end, now + timedelta.resolution), language=chosen.language
    )
    is_split = bool(chosen.tier)
    return tuple(_cost(each, facts, judged, wrong, is_split=is_split) for each in sums)


def _cost(
    each: LayerSum, facts: LayerFacts, judged: int, wrong: int, *, is_split: bool
) -> LayerCost:
    cause, note = _own(each.layer)
    own = facts.own_nanos[cause] if cause else 0
    number, hits, why = _wrong(each.layer, judged, wrong)
    return LayerCost(
        each.layer, None if cause and is_split else own, note, each.saved_nanos, number, hits, why
    )


def _own(layer: str) -> tuple[str, str]:
    """The cause of its own cost; empty: it has none."""
    if layer == "pattern":
        return HELPERS, _("vectors and judges, also for L3")
    if layer == "precomputed":
        return PRECOMPUTE, _("answers and searches made ahead")
    return "", _("it asks no model")


def _wrong(layer: str, judged: int, wrong: int) -> tuple[int | None, int | None, str]:
    if layer == "pattern":
        if not judged:
            return 0, None, _("no text that was taken in these days is judged")
        return judged, wrong, _("of %(judged)d judged, with L3") % {"judged": judged}
    if layer in WITH_OTHERS:
        return None, None, _("counted with L2")
    if layer in EXACT:
        return None, 0, _("only the very same request")
    if layer in (SEARCH_CACHE, TEMPLATE):
        return None, None, _("nobody judges them")
    return None, None, ""


def table(costs: Sequence[LayerCost], titles: Mapping[str, str | Promise]) -> Table:
    names = (_("Own cost"), _("Saved, less own cost"), _("Served for a wrong topic"))
    columns = (Column(_("Layer")), *(Column(name, is_number=True) for name in names))
    rows = tuple(_row(each, str(titles.get(each.layer, each.layer))) for each in costs)
    title = _("What each layer costs, and how often it was wrong")
    return Table(title, columns, rows, is_caption_hidden=True)


def _row(each: LayerCost, title: str) -> tuple[Cell, ...]:
    return (
        text(title),
        money(each.own_nanos, places=PLACES, note=each.own_note),
        money(each.left_nanos, places=PLACES), count(each.false_hits, note=each.false_note),
    )

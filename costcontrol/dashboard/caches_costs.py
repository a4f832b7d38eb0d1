"""What cache layers cost themselves, and how often what they served was wrong, layer by layer.

Wrong is what people find: staff end an answer as wrong, or judge a text that was taken for a topic.
L1 answers the very same request, and nobody looks for wrong templates.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.reports.layers import EXACT, LayerFacts, LayerSum
from billing.savings import HELPERS, PRECOMPUTE
from costcontrol import formats
from costcontrol.dashboard.components import Cell, Column, Table, count, money, text
from costcontrol.dashboard.layer_names import level_name
from routing.reports.stored import Wrong, ended_as_wrong
from routing.reports.topic_matches import judged_between

PLACES = 4


@dataclass(frozen=True, slots=True)
class LayerCost:
    """`own_nanos` None: not known for this filter. `wrong` None: nobody looks for it."""

    layer: str
    own_nanos: int | None
    own_note: str
    saved_nanos: int
    wrong: Wrong | None

    @property
    def left_nanos(self) -> int | None:
        return None if self.own_nanos is None else self.saved_nanos - self.own_nanos


def costs_of(
    facts: LayerFacts, sums: Sequence[LayerSum], *, now: datetime
) -> tuple[LayerCost, ...]:
    """One query. Our own work has no tier: for one tier its cost is not known."""
    days, chosen = facts.question.range, facts.question.filters
    wrong = ended_as_wrong(
        start=days.start, end=min(days.end, now + timedelta.resolution), kind=facts.kind,
        language=chosen.language, deployment=chosen.deployment,
    )
    return tuple(_cost(each, facts, wrong.get(each.layer)) for each in sums)


def _cost(each: LayerSum, facts: LayerFacts, wrong: Wrong | None) -> LayerCost:
    cause, note = _own(each.layer)
    is_split = bool(cause and facts.question.filters.tier)
    own = None if is_split else facts.own_nanos.get(cause, 0)
    return LayerCost(each.layer, own, note, each.saved_nanos, wrong)


def judged_words(facts: LayerFacts, *, now: datetime) -> str:
    """How often a text was taken for a topic that it did not mean. One query."""
    days, language = facts.question.range, facts.question.filters.language
    judged, wrong = judged_between(
        days.start, min(days.end, now + timedelta.resolution), language=language
    )
    if not judged:
        return _("Of the texts that were taken for a topic in these days none is judged yet.")
    return ngettext(
        "Of the texts that were taken for a topic in these days %(judged)s is judged, and "
        "%(wrong)s of them meant another one.",
        "Of the texts that were taken for a topic in these days %(judged)s are judged, and "
        "%(wrong)s of them meant another one.", judged,
    ) % {"judged": formats.count(judged), "wrong": formats.count(wrong)}


def _own(layer: str) -> tuple[str, str]:
    """The cause of its own cost; empty: it has none."""
    if layer == "pattern":
        return HELPERS, _("vectors and judges, also for L3")
    if layer == "precomputed":
        return PRECOMPUTE, _("answers and searches made ahead")
    return "", _("it asks no model")


def table(costs: Sequence[LayerCost]) -> Table:
    names = (_("Own cost"), _("Saved, less own cost"), _("Served wrongly, times"))
    columns = (Column(_("Layer")), *(Column(name, is_number=True) for name in names))
    rows = tuple(_row(each, level_name(each.layer)) for each in costs)
    title = _("What each layer costs, and how often it was wrong")
    return Table(title, columns, rows, is_caption_hidden=True)


def _row(each: LayerCost, title: str) -> tuple[Cell, ...]:
    return (
        text(title), money(each.own_nanos, places=PLACES, note=each.own_note),
        money(each.left_nanos, places=PLACES), _wrong(each),
    )


def _wrong(each: LayerCost) -> Cell:
    if each.layer in EXACT:
        return count(0, note=_("only the very same request"))
    if each.wrong is None:
        return count(None, note=_("nobody looks for it"))
    number = each.wrong.answers
    note = ngettext(
        "%(number)s answer was ended as wrong", "%(number)s answers were ended as wrong", number
    ) % {"number": formats.count(number)}
    return count(each.wrong.served, note=note)

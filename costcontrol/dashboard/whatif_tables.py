"""What a what-if run found, as tables: classes, levers, models, refusals, moves."""

from collections.abc import Iterable, Mapping
from itertools import chain

from django.utils.translation import gettext as _

from billing.savings import CAUSES, OWN_COSTS
from costcontrol.dashboard.components import Cell, Column, Table, badge, count, share, text
from costcontrol.dashboard.labels import label
from costcontrol.dashboard.tables import dollars
from routing.types import ModelClass
from routing.whatif.decide import AWAY
from routing.whatif.outcome import Outcome
from routing.whatif.quality import of_model
from routing.whatif.tally import CACHE, REFUSED, Tally

GROUPS = (*map(str, ModelClass), CACHE, REFUSED)
POINTS = 10_000


def group_label(group: str) -> str:
    words = {CACHE: _("From a cache or a template"), REFUSED: _("Refused"), "": _("No model")}
    return words.get(group) or label(group)


def _sides(found: Outcome) -> tuple[Tally, Tally, Tally]:
    return (found.figures.then, found.figures.same, found.figures.now)


def _columns(first: str) -> tuple[Column, ...]:
    names = (_("Booked then"), _("Rules of then"), _("With the changes"), _("Difference"))
    return (Column(first), *(Column(name, is_number=True) for name in names))


def by_class(found: Outcome) -> Table:
    """Calls, then dollars; sums on top."""
    names = (
        _("Calls then"), _("Rules of then"), _("With the changes"),
        _("Dollars then"), _("Dollars, rules of then"), _("Dollars with the changes"),
    )
    sides = _sides(found)
    rows = tuple(
        (text(group_label(group)), *(count(side.classes[group]) for side in sides),
         *(dollars(side.class_nanos[group]) for side in sides))
        for group in _known(GROUPS, (side.classes for side in sides))
    )
    total = (text(_("Total, with failed attempts")), *(count(side.calls) for side in sides),
             *(dollars(side.cost_nanos) for side in sides))
    columns = (Column(_("Class")), *(Column(name, is_number=True) for name in names))
    return Table(_("Calls and cost by class"), columns, (total, *rows), is_caption_hidden=True)


def _known(usual: Iterable[str], counters: Iterable[Mapping[str, int]]) -> list[str]:
    """In the usual order, and what else there is after it."""
    there = set(chain.from_iterable(counters))
    first = [name for name in usual if name in there]
    return [*first, *sorted(there - set(first))]


def levers(found: Outcome) -> Table:
    """From the baseline to the spend, in the fixed order; each dollar in one line."""
    sides = _sides(found)
    lines: list[tuple[Cell, ...]] = [
        _line(_("Baseline"), [side.baseline_nanos for side in sides])
    ]
    for cause in _known((*CAUSES, *OWN_COSTS), (side.causes for side in sides)):
        lines.append(_line(label(cause), [-side.causes[cause] for side in sides]))
    lines.append(_line(_("Calls without a baseline"), [side.uncompared_nanos for side in sides]))
    lines.append(_line(_("Spent"), [side.cost_nanos for side in sides]))
    return Table(
        _("Savings by lever, from the baseline to the spend"), _columns(_("Lever")),
        tuple(lines), is_caption_hidden=True,
    )


def _line(name: str, nanos: list[int]) -> tuple[Cell, ...]:
    return (text(name), *(dollars(each) for each in nanos), dollars(nanos[2] - nanos[1]))


def by_model(found: Outcome) -> Table:
    """Who answers, at what price, and what users think of it; the busiest first."""
    names = (_("Calls then"), _("Calls with the changes"), _("Dollars then"),
             _("Dollars with the changes"), _("Ratings"), _("Good ratings"))
    then, _same, now = _sides(found)
    models = sorted(
        set(then.deployments) | set(now.deployments),
        key=lambda name: (-max(then.deployments[name], now.deployments[name]), name),
    )
    columns = (Column(_("Model")), *(Column(name, is_number=True) for name in names))
    rows = tuple(
        (text(name), count(then.deployments[name]), count(now.deployments[name]),
         dollars(then.deployment_nanos[name]), dollars(now.deployment_nanos[name]),
         *_rated(found, name))
        for name in models
    )
    return Table(_("Models, and what is known of their quality"), columns, rows,
                 is_caption_hidden=True)


def _rated(found: Outcome, name: str) -> tuple[Cell, Cell]:
    number, good = found.ratings.get(name, (0, 0))
    known = of_model(number, good)
    if known.good is None:
        return count(number), badge(_("not measured"))
    return count(number), share(round(known.good * POINTS))


def refusals(found: Outcome) -> Table:
    sides = _sides(found)
    codes = _known((), (side.refusals for side in sides))
    rows = tuple(
        (text(_reason(code)), *(count(side.refusals[code]) for side in sides),
         count(sides[2].refusals[code] - sides[1].refusals[code]))
        for code in codes
    )
    return Table(_("Refused calls by reason, side by side"), _columns(_("Reason")), rows,
                 is_caption_hidden=True)


def _reason(code: str) -> str:
    """Of a plan that nobody is on, no provider was asked."""
    return _("No model may answer") if code == AWAY else label(code or "unknown")


def moves(found: Outcome) -> Table:
    """Calls that another model, cache or nobody answers, the most frequent first."""
    counts = found.figures.moves
    rows = tuple(
        (text(group_label(move.partition(">")[0])), text(group_label(move.partition(">")[2])),
         count(number))
        for move, number in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    )
    columns = (Column(_("By the rules of then")), Column(_("With the changes")),
               Column(_("Calls"), is_number=True))
    return Table(_("Calls that go elsewhere"), columns, rows, is_caption_hidden=True)



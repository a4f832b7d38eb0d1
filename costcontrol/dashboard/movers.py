"""Who and what changed most since the period before: the first place to look when spend jumps.

The same dollars are seen from several sides, so movers do not add up: a user's dearer month is also
a model's. Of each side the two biggest are shown at most.
"""

from dataclasses import dataclass, replace
from heapq import nsmallest

from django.urls import reverse
from django.utils.translation import gettext as _

from billing.reports.call_lines import user_names
from billing.reports.slices import NONE, Ask, Group, Slices, has_previous, load, previous
from costcontrol.dashboard.components import Column, Table, link, money, text
from costcontrol.dashboard.explorer_measures import BY_KEY
from costcontrol.dashboard.explorer_state import NARROWER
from costcontrol.dashboard.explorer_table import change_cell
from costcontrol.dashboard.filter_names import BY_NAME, title_of, value_words
from costcontrol.dashboard.filters import UNGROUPED, State

SIDES: tuple[str, ...] = ("deployment", "kind", "tier", "user")
MOST, OF_ONE_SIDE, PLACES = 5, 2, 4


@dataclass(frozen=True, slots=True)
class Mover:
    """`name` of a filter, and the value whose spend changed."""

    name: str
    key: str
    now: int
    before: int

    @property
    def delta(self) -> int:
        return self.now - self.before


@dataclass(frozen=True, slots=True)
class Moved:
    """`whole`: all calls of the page together, which no line of `most` adds up to."""

    whole: Mover
    most: tuple[Mover, ...]


def movers(state: State) -> Moved | None:
    """None: there is no whole period before."""
    whole = Ask(
        state.range, state.question.now, state.slices, at_once=True, only=("cost_nanos",)
    )
    if not has_previous(whole):
        return None
    sides = [name for name in SIDES if name not in state.applied]
    found = [_of_side(whole, name) for name in sides]
    known = [side for side in found if side is not None]
    if not known:
        return None
    moved = [each for side in known for each in side.most if each.delta]
    ranked = sorted(moved, key=lambda each: -abs(each.delta))
    return Moved(known[0].whole, tuple(ranked[:MOST]))


def _of_side(whole: Ask, name: str) -> Moved | None:
    """What moved most first, and all of it together. None: it would be of fewer days than the other
    sides."""
    column: Group = BY_NAME[name].column  # type: ignore[assignment]
    ask = replace(whole, group_by=column)
    slices = load(ask)
    before = None if slices.shortened else load(previous(ask))
    if before is None or before.shortened:
        return None
    new, old = _costs(slices), _costs(before)
    keys = nsmallest(
        OF_ONE_SIDE, {**new, **old}, key=lambda key: (-abs(new.get(key, 0) - old.get(key, 0)), key)
    )
    return Moved(
        Mover("", "", sum(new.values()), sum(old.values())),
        tuple(Mover(name, key, new.get(key, 0), old.get(key, 0)) for key in keys),
    )


def _costs(slices: Slices) -> dict[str, int]:
    costs: dict[str, int] = {}
    for row in slices.rows:
        costs[row.key] = costs.get(row.key, 0) + row.cost_nanos
    return costs


def movers_table(state: State, found: Moved) -> Table:
    numbers = [int(m.key) for m in found.most if m.name == "user" and m.key.isdecimal()]
    users = user_names(numbers) if numbers else {}
    columns = (
        Column(_("Who or what")), Column(_("Before"), is_number=True),
        Column(_("Now"), is_number=True), Column(_("Change"), is_number=True),
    )
    spend = BY_KEY["spend"]
    names = (text(_("All together")), *(
        link(_words(each, users), _explorer(state, each), note=title_of(each.name))
        for each in found.most
    ))
    rows = tuple(
        (
            name, money(each.before, places=PLACES), money(each.now, places=PLACES),
            change_cell(spend, each.now, each.before),
        )
        for name, each in zip(names, (found.whole, *found.most), strict=True)
    )
    return Table(_("The biggest changes"), columns, rows, is_caption_hidden=True)


def _words(each: Mover, users: dict[int, str]) -> str:
    if each.name == "user" and each.key != NONE:
        return users.get(int(each.key)) or _("user %(number)s") % {"number": each.key}
    return value_words(each.name, each.key)


def _explorer(state: State, each: Mover) -> str:
    """This one alone, by what is still open."""
    chosen = {*state.chosen, each.name}
    after = next((name for name in NARROWER if name not in chosen), UNGROUPED)
    query = state.as_query(**{each.name: each.key, "group": after})
    return f"{reverse('dashboard:explorer')}?{query}"

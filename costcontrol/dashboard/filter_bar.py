"""The filter bar above the figures: what can be chosen, what is chosen now, and how to undo it.

A page hands over its state, and selects of its own. The template `dashboard/filter_bar.html` shows
the bar; see docs/explorer.md for how a page gets one.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext as _

from billing.reports.facts import FilterChoices
from costcontrol.dashboard.filter_names import title_of, value_words
from costcontrol.dashboard.filter_ranges import PRESET_TITLES
from costcontrol.dashboard.filter_values import known_values
from costcontrol.dashboard.filters import UNGROUPED, State
from routing.call_kinds import CALL_KINDS

Query = Callable[..., str]
SELECTS = ("tier", "language", "deployment", "provider", "class", "kind", "layer", "status")


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    label: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Select:
    """One drop-down list. `is_zones`: the browser adds its own zone."""

    name: str
    label: str
    choices: tuple[Choice, ...]
    is_zones: bool = False


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that is set. `query`: of the same page without it."""

    title: str
    value: str
    query: str
    is_applied: bool = True


@dataclass(frozen=True, slots=True)
class FilterBar:
    """`presets` are links: their values are queries. `first_selects` are always seen, `selects`
    are folded away where there is little room. `user` None: cannot be narrowed to one. `kept`:
    what the page does not offer and the form sends all the same. `query` is the page's own,
    `reset_query` the same days without filters."""

    presets: tuple[Choice, ...]
    selects: tuple[Select, ...]
    today: str
    preset: str = ""
    first: str = ""
    last: str = ""
    first_selects: tuple[Select, ...] = ()
    user: str | None = None
    kept: tuple[tuple[str, str], ...] = ()
    chips: tuple[Chip, ...] = ()
    query: str = ""
    reset_query: str = ""


def filter_bar(
    state: State, choices: FilterChoices, *, today: str, query: Query | None = None,
    offers: Iterable[str] | None = None, first: Sequence[Select] = (),
    more: Sequence[Select] = (), chips: Sequence[Chip] = (), compares: bool = False,
) -> FilterBar:
    """`query` makes the page's links, if it has parameters of its own; `first`, `more`: its own
    selects; `chips`: its own filters. `offers`: names of filters, else all that it applies."""
    ask = query or state.as_query
    offered = state.applies if offers is None else frozenset(offers)
    own = [each.name for each in (*first, *more)]
    return FilterBar(
        presets=tuple(
            Choice(ask(range=name), str(title), name == state.preset)
            for name, title in PRESET_TITLES.items()
        ),
        selects=(*_selects(state, choices, offered), *more, _zones(state)),
        today=today, preset=state.preset,
        first=state.range.first.isoformat(), last=state.range.last.isoformat(),
        first_selects=(*first, *([_compare(state)] if compares else [])),
        user=state.chosen.get("user", "") if "user" in offered else None,
        kept=tuple(_kept(state, offered, own, compares=compares)),
        chips=(*_chips(state, ask), *chips),
        query=ask(), reset_query=ask(**state.without_filters()),
    )


def groups_select(state: State, usual: str) -> Select:
    """What figures can be split by. `usual`: by what the page does where nothing is chosen."""
    chosen = state.group or usual
    names = [*SELECTS, "user"]
    known = (Choice(name, title_of(name), name == chosen) for name in names)
    together = Choice(UNGROUPED, _("all together"), chosen == UNGROUPED)
    return Select("group", _("Grouped by"), (*known, together))


def select(
    name: str, label: str, values: Sequence[str], chosen: str, labels: Sequence[str]
) -> Select:
    """A list that begins with “all”."""
    everything = Choice("", _("all"), not chosen)
    known = (
        Choice(value, words, value == chosen)
        for value, words in zip(values, labels, strict=True)
    )
    return Select(name, label, (everything, *known))


def _selects(
    state: State, choices: FilterChoices, offered: frozenset[str]
) -> Iterable[Select]:
    known = {**known_values(choices), "kind": tuple(sorted(CALL_KINDS))}
    for name in SELECTS:
        if name not in offered:
            continue
        chosen = state.chosen.get(name, "")
        values = tuple(dict.fromkeys((*known[name], *([chosen] if chosen else []))))
        words = [value_words(name, value) for value in values]
        yield select(name, title_of(name), values, chosen, words)


def _kept(
    state: State, offered: frozenset[str], own: Sequence[str], *, compares: bool
) -> Iterable[tuple[str, str]]:
    for name, value in state.chosen.items():
        if name not in offered and name not in own:
            yield name, value
    if state.group and "group" not in own:
        yield "group", state.group
    if not state.compares and not compares:
        yield "compare", "off"


def _chips(state: State, ask: Query) -> Iterable[Chip]:
    applied = state.applied
    for name, value in state.chosen.items():
        yield Chip(title_of(name), value_words(name, value), ask(**{name: ""}), name in applied)


def _compare(state: State) -> Select:
    return Select("compare", _("Beside it"), (
        Choice("", _("the period before"), state.compares),
        Choice("off", _("nothing"), not state.compares),
    ))


def _zones(state: State) -> Select:
    names = dict.fromkeys((settings.DEFAULT_ZONE, "UTC", state.zone))
    zones = tuple(Choice(name, name, name == state.zone) for name in names)
    return Select("zone", _("Days of"), zones, is_zones=True)

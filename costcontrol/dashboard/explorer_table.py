"""The explorer's groups as a table: share, change, price of 1,000 calls, and where to go on."""

from collections.abc import Mapping

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.reports.call_lines import user_names
from billing.reports.kpis import share as share_of
from billing.reports.shapes import Unit
from billing.reports.slices import NONE
from costcontrol import formats
from costcontrol.dashboard.components import Cell, Column, Table, count, link, money, share, text
from costcontrol.dashboard.explorer_measures import BY_KEY, Measure
from costcontrol.dashboard.explorer_parts import OTHER, WHOLE, Answer, Part
from costcontrol.dashboard.explorer_state import ExplorerState
from costcontrol.dashboard.filter_names import title_of, value_words

PLACES = 4
ALWAYS = ("spend", "calls", "per_1k")


def names_of(state: ExplorerState, answer: Answer) -> dict[str, str]:
    """What people read for each key; users by their email, while there is an account."""
    users: Mapping[int, str] = {}
    if state.group == "user":
        keys = [part.key for part in answer.parts if part.key.isascii() and part.key.isdecimal()]
        users = user_names(int(key) for key in keys)
    return {part.key: _name(state, part, users) for part in answer.parts}


def _name(state: ExplorerState, part: Part, users: Mapping[int, str]) -> str:
    if part.key == OTHER:
        return ngettext("%(n)d other", "%(n)d others", part.keys) % {"n": part.keys}
    if state.group == "user" and part.key != NONE:
        return users.get(int(part.key)) or _("user %(number)s") % {"number": part.key}
    return value_words(state.group, part.key)


def table(state: ExplorerState, answer: Answer, names: Mapping[str, str]) -> Table:
    measures = [state.measure, *(BY_KEY[key] for key in ALWAYS if key != state.measure.key)]
    has_before = answer.all.before is not None
    columns = [Column(title_of(state.group) if state.group else _("Calls of"))]
    for number, measure in enumerate(measures):
        columns.append(Column(str(measure.title), is_number=True))
        if number == 0:
            columns += _extra_columns(state.measure, has_before=has_before)
    parts = answer.parts if state.group else ()
    rows = [_row(state, part, answer.all, measures, names) for part in (answer.all, *parts)]
    caption = _("Share, change and price of each group")
    return Table(caption, tuple(columns), tuple(rows), is_caption_hidden=True)


def _extra_columns(measure: Measure, *, has_before: bool) -> list[Column]:
    found = [] if measure.is_ratio else [Column(_("Share"), is_number=True)]
    if has_before:
        found += [Column(_("Before"), is_number=True), Column(_("Change"), is_number=True)]
    return found


def _row(
    state: ExplorerState, part: Part, whole: Part, measures: list[Measure],
    names: Mapping[str, str],
) -> tuple[Cell, ...]:
    chosen, *others = measures
    now, all_now = chosen.value(part.whole), chosen.value(whole.whole)
    cells = [_first(state, part, names), cell(chosen, now, href=_calls_of(state, part, chosen))]
    if not chosen.is_ratio:
        cells.append(share(share_of(now, all_now) if now is not None and all_now else None))
    if part.before is not None:
        before = chosen.value(part.before)
        cells += [cell(chosen, before), change_cell(chosen, now, before)]
    cells += [
        cell(each, each.value(part.whole), href=_calls_of(state, part, each)) for each in others
    ]
    return tuple(cells)


def _first(state: ExplorerState, part: Part, names: Mapping[str, str]) -> Cell:
    """A press narrows the page to this group."""
    if part.key == WHOLE:
        return text(_("All together"))
    if part.key == OTHER:
        return text(names[part.key])
    return link(names[part.key], f"{reverse('dashboard:explorer')}?{state.narrowed(part.key)}")


def _calls_of(state: ExplorerState, part: Part, measure: Measure) -> str:
    """The number of calls leads to the calls."""
    if measure.key != "calls" or part.key == OTHER:
        return ""
    changes = {} if part.key == WHOLE or not state.group else {state.group: part.key}
    return f"{reverse('dashboard:calls')}?{state.shared.as_query(**changes)}"


def cell(measure: Measure, value: int | None, *, href: str = "") -> Cell:
    if measure.unit == Unit.NANOS:
        return money(value, places=PLACES)
    return count(value, href=href)


def change_cell(measure: Measure, now: int | None, before: int | None) -> Cell:
    """The difference, and what part of the period before it is."""
    if now is None or before is None:
        return cell(measure, None)
    points = share_of(now - before, before) if before > 0 else None
    note = "" if points is None else f"{'+' if points > 0 else ''}{formats.share(points)}"
    if measure.unit == Unit.NANOS:
        return money(now - before, places=PLACES, note=note)
    return count(now - before, note=note)

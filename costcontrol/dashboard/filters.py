"""From the address of a page to the question its reports are asked, and back.

Whatever stands in the address, there is a question: what cannot be used is replaced by the nearest
that can, and `notes` says so in sentences. A page that is wrong about one word is still a page.

All staff pages read the same filters. A page names those that it can apply; the others stay in its
address for the next page, and a note says that they are not applied here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from urllib.parse import urlencode

from django.conf import settings
from django.utils.translation import gettext as _

from billing.reports.facts import FilterChoices
from billing.reports.ranges import Range
from billing.reports.shapes import Filters, Question
from billing.reports.slices import NONE, SliceFilters
from costcontrol.dashboard.filter_names import (
    BY_NAME,
    DIMENSIONS,
    EVERY,
    title_of,
    value_words,
)
from costcontrol.dashboard.filter_names import USUAL as EVERYWHERE
from costcontrol.dashboard.filter_ranges import PRESET_TITLES as PRESET_TITLES
from costcontrol.dashboard.filter_ranges import PRESETS as PRESETS
from costcontrol.dashboard.filter_ranges import USUAL, range_of, zone_of
from costcontrol.dashboard.filter_ranges import is_zone as is_zone
from costcontrol.dashboard.filter_values import chosen_of, user_of
from costcontrol.dashboard.filter_values import shown as shown

USUAL_FILTERS = EVERYWHERE
UNGROUPED = "none"
SHARED = frozenset({"range", "from", "to", "zone", "group", "compare", *EVERY})


@dataclass(frozen=True)
class State:
    """What a page shows. `preset` is empty for a range of its own. `chosen`: every filter that is
    set, applied here or not, as it stands in the address. `group`: a dimension's name, `none`, or
    empty for what the page usually does."""

    question: Question
    preset: str = USUAL
    notes: tuple[str, ...] = ()
    chosen: Mapping[str, str] = field(default_factory=dict)
    applies: frozenset[str] = USUAL_FILTERS
    user_id: int | None = None
    group: str = ""
    compares: bool = True

    @property
    def zone(self) -> str:
        return self.question.range.zone

    @property
    def range(self) -> Range:
        return self.question.range

    @property
    def applied(self) -> dict[str, str]:
        """The filters that narrow this page. “None” is a value only where all filters are."""
        return {
            name: value
            for name, value in self.chosen.items()
            if name in self.applies and (value != NONE or self.applies == EVERY)
        }

    @property
    def is_filtered(self) -> bool:
        return bool(self.applied)

    @property
    def slices(self) -> SliceFilters:
        """The same for reports that are made of slices."""
        values = {
            BY_NAME[name].column: value for name, value in self.applied.items() if name != "user"
        }
        return SliceFilters(**values, user_id=self.user_id if "user" in self.applied else None)

    def as_query(self, **changes: str) -> str:
        """The query of a link that keeps all this but the changes, without what is usual."""
        values = {
            "range": self.preset if self.preset != USUAL else "",
            "from": "" if self.preset else self.range.first.isoformat(),
            "to": "" if self.preset else self.range.last.isoformat(),
            "zone": self.zone if self.zone != settings.DEFAULT_ZONE else "",
            **{each.name: self.chosen.get(each.name, "") for each in DIMENSIONS},
            "group": self.group,
            "compare": "" if self.compares else "off",
        }
        if "range" in changes:
            values |= {"from": "", "to": ""}
        return urlencode({name: value for name, value in (values | changes).items() if value})

    def query_with(self, own: Mapping[str, str], changes: Mapping[str, str]) -> str:
        """The same for a page with parameters of its own, which come after those of all pages."""
        shared = {name: value for name, value in changes.items() if name in SHARED}
        others = {name: value for name, value in changes.items() if name not in SHARED}
        said = {name: value for name, value in {**own, **others}.items() if value}
        return "&".join(part for part in (self.as_query(**shared), urlencode(said)) if part)

    def without_filters(self) -> dict[str, str]:
        """Changes for `as_query`: the same days, all calls."""
        return dict.fromkeys(self.chosen, "")


def state_of(
    query: Mapping[str, str], *, choices: FilterChoices, now: datetime,
    applies: frozenset[str] = USUAL_FILTERS,
) -> State:
    """Never fails."""
    notes: list[str] = []
    zone = zone_of(query.get("zone", ""), notes)
    preset, days = range_of(query, zone, now, notes)
    chosen = chosen_of(query, choices, notes)
    user, user_id = user_of(query, notes)
    if user:
        chosen["user"] = user
    state = State(
        Question(range=days, now=now), preset, chosen=chosen, applies=applies, user_id=user_id,
        group=_group(query, notes), compares=_compares(query, notes),
    )
    notes += _not_applied(state)
    old = {name: value for name, value in state.applied.items() if name in USUAL_FILTERS}
    question = Question(
        range=days, now=now,
        filters=Filters(**{name: "" if value == NONE else value for name, value in old.items()}),
    )
    return replace(state, question=question, notes=tuple(dict.fromkeys(notes)))


def _not_applied(state: State) -> list[str]:
    """What is set and does not narrow this page."""
    names = [name for name in state.chosen if name not in state.applied]
    if not names:
        return []
    words = ", ".join(
        f"{title_of(name)}: {value_words(name, state.chosen[name])}" for name in names
    )
    return [
        _("This page cannot be narrowed by %(filters)s, so its figures are of all calls in that "
          "respect. The filter stays set for the other pages.") % {"filters": shown(words, 120)}
    ]


def _group(query: Mapping[str, str], notes: list[str]) -> str:
    asked = query.get("group", "").strip()
    if not asked or asked in BY_NAME or asked == UNGROUPED:
        return asked
    notes.append(
        _("Calls cannot be grouped by “%(name)s”, so the usual groups are shown.")
        % {"name": shown(asked)}
    )
    return ""


def _compares(query: Mapping[str, str], notes: list[str]) -> bool:
    asked = query.get("compare", "").strip()
    if asked not in ("", "on", "off"):
        notes.append(
            _("A comparison is “on” or “off”, not “%(name)s”, so it is on.")
            % {"name": shown(asked)}
        )
    return asked != "off"

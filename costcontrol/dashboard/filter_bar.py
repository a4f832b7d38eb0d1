"""The filter bar above the figures: what can be chosen, and what is chosen now."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext as _

from billing.reports.facts import FilterChoices
from costcontrol.dashboard.filters import PRESET_TITLES, State
from costcontrol.dashboard.labels import language


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
class FilterBar:
    """`presets` are links: their values are queries."""

    presets: tuple[Choice, ...]
    selects: tuple[Select, ...]
    today: str


def filter_bar(state: State, choices: FilterChoices, *, today: str) -> FilterBar:
    presets = tuple(
        Choice(state.as_query(range=name), str(title), name == state.preset)
        for name, title in PRESET_TITLES.items()
    )
    return FilterBar(presets, (*_filters(state, choices), _zones(state)), today)


def _filters(state: State, choices: FilterChoices) -> tuple[Select, ...]:
    chosen = state.question.filters
    return (
        _select("tier", _("Tier"), choices.tiers, chosen.tier, choices.tiers),
        _select(
            "language", _("Language"), choices.languages, chosen.language,
            [language(code) for code in choices.languages],
        ),
        _select(
            "deployment", _("Model"), choices.deployments, chosen.deployment, choices.deployments
        ),
    )


def _select(
    name: str, label: str, values: Sequence[str], chosen: str, labels: Sequence[str]
) -> Select:
    everything = Choice("", _("all"), not chosen)
    known = (
        Choice(value, words, value == chosen)
        for value, words in zip(values, labels, strict=True)
    )
    return Select(name, label, (everything, *known))


def _zones(state: State) -> Select:
    names = dict.fromkeys((settings.DEFAULT_ZONE, "UTC", state.zone))
    zones = tuple(Choice(name, name, name == state.zone) for name in names)
    return Select("zone", _("Days of"), zones, is_zones=True)

"""From the address of the page about caches to its question, and back. Never fails."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from billing.reports.facts import FilterChoices, filters_known
from costcontrol.dashboard import filters
from costcontrol.dashboard.filter_bar import Choice, FilterBar, Select, filter_bar
from routing.call_kinds import CALL_KINDS
from routing.debates.types import LANGUAGES

SHARED = ("range", "zone", "tier", "language", "deployment")


@dataclass(frozen=True)
class CachesState:
    """What the page shows. `shared`: as on other pages. `kind`: of call; empty: all."""

    shared: filters.State
    choices: FilterChoices
    kind: str = ""
    notes: tuple[str, ...] = ()

    @property
    def is_filtered(self) -> bool:
        return self.shared.is_filtered or bool(self.kind)

    def as_query(self, **changes: str) -> str:
        shared = {name: changes.pop(name) for name in SHARED if name in changes}
        own = {name: value for name, value in ({"kind": self.kind} | changes).items() if value}
        parts = (self.shared.as_query(**shared), urlencode(own))
        return "&".join(part for part in parts if part)


def state_of(query: Mapping[str, str], *, now: datetime) -> CachesState:
    known = filters_known()
    choices = replace(known, languages=tuple(sorted({*known.languages, *LANGUAGES})))
    shared = filters.state_of(query, choices=choices, now=now)
    kind, notes = query.get("kind", "").strip(), list(shared.notes)
    if kind and kind not in CALL_KINDS:
        notes.append(
            _("“%(text)s” is no kind of call of a debate, so all kinds are shown.")
            % {"text": filters.shown(kind)}
        )
        kind = ""
    return CachesState(shared, choices, kind, tuple(notes))


def bar(state: CachesState, *, today: str) -> FilterBar:
    shared = filter_bar(state.shared, state.choices, today=today)
    presets = tuple(
        Choice(state.as_query(range=name), str(title), name == state.shared.preset)
        for name, title in filters.PRESET_TITLES.items()
    )
    return FilterBar(presets, (*shared.selects, kinds(state.kind)), today)


def kinds(chosen: str) -> Select:
    known = [Choice(name, name, name == chosen) for name in sorted(CALL_KINDS)]
    return Select("kind", _("Kind"), (Choice("", _("all"), not chosen), *known))


def reset_url(state: CachesState) -> str:
    """The same days, without any filter."""
    query = state.as_query(tier="", language="", deployment="", kind="")
    return f"{reverse('dashboard:caches')}?{query}" if query else reverse("dashboard:caches")

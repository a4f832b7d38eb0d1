"""From the address of the page about caches to its question, and back. Never fails."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from billing.reports.facts import FilterChoices, filters_known
from costcontrol.dashboard import filters
from costcontrol.dashboard.filter_bar import FilterBar, Select, filter_bar, select
from routing.call_kinds import CALL_KINDS
from routing.debates.types import LANGUAGES

APPLIES = filters.USUAL_FILTERS | {"kind"}


@dataclass(frozen=True)
class CachesState:
    """What the page shows. `shared`: as on other pages. `kind`: of call; empty: all."""

    shared: filters.State
    choices: FilterChoices
    kind: str = ""
    notes: tuple[str, ...] = ()

    @property
    def is_filtered(self) -> bool:
        return self.shared.is_filtered

    def as_query(self, **changes: str) -> str:
        return self.shared.as_query(**changes)


def state_of(query: Mapping[str, str], *, now: datetime) -> CachesState:
    known = filters_known()
    choices = replace(known, languages=tuple(sorted({*known.languages, *LANGUAGES})))
    kind, notes = query.get("kind", "").strip(), []
    if kind and kind not in CALL_KINDS:
        notes.append(
            _("“%(text)s” is no kind of call of a debate, so all kinds are shown.")
            % {"text": filters.shown(kind)}
        )
        kind = ""
    shared = filters.state_of({**query, "kind": kind}, choices=choices, now=now, applies=APPLIES)
    return CachesState(shared, choices, kind, (*notes, *shared.notes))


def bar(state: CachesState, *, today: str) -> FilterBar:
    return filter_bar(state.shared, state.choices, today=today)


def kinds(chosen: str) -> Select:
    names = sorted(CALL_KINDS)
    return select("kind", _("Kind"), names, chosen, names)


def reset_url(state: CachesState) -> str:
    """The same days, without any filter."""
    query = state.as_query(**state.shared.without_filters())
    return f"{reverse('dashboard:caches')}?{query}" if query else reverse("dashboard:caches")

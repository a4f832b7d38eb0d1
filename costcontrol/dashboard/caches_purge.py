"""The page that purges: what is chosen, what it would end, and what can be brought back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from costcontrol.dashboard.caches_state import kinds
from costcontrol.dashboard.caches_words import name_in
from costcontrol.dashboard.components import KpiCard, count, money
from costcontrol.dashboard.filter_bar import Choice, Select
from costcontrol.dashboard.filters import shown
from costcontrol.dashboard.labels import language
from routing.cache.endings import Scope
from routing.call_kinds import CALL_KINDS
from routing.debates.types import LANGUAGES
from routing.models import Philosopher, StoredAnswer, Topic
from routing.reports import purges
from routing.reports.purges import Purge

NAMES = ("topic_key", "philosopher", "kind", "language", "route")


@dataclass(frozen=True)
class PurgeState:
    """`scope` None: nothing was chosen yet."""

    scope: Scope | None
    selects: tuple[Select, ...]
    notes: tuple[str, ...]
    said: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PurgePage:
    state: PurgeState
    cards: tuple[KpiCard, ...]
    entries: int
    word: str  # to be typed, to purge everything
    done: tuple[Purge, ...]


def confirmation() -> str:
    """In the language of the page."""
    return pgettext("typed to confirm that everything is purged", "everything")


def state_of(query: Mapping[str, str]) -> PurgeState:
    """Never fails: what cannot be chosen leaves nothing chosen, so that nothing else is purged."""
    choices = _choices()
    said = {name: query.get(name, "").strip() for name in NAMES}
    wrong = [value for name, value in said.items() if value and value not in choices[name]]
    notes = tuple(
        _("“%(text)s” cannot be chosen here, so nothing is chosen. Choose again.")
        % {"text": shown(value)}
        for value in wrong
    )
    is_everything = query.get("everything") == "1" and not any(said.values())
    is_chosen = not wrong and (any(said.values()) or is_everything)
    scope = Scope(**said, everything=is_everything) if is_chosen else None
    return PurgeState(scope, _selects(choices, said), notes, said)


def _choices() -> Mapping[str, Mapping[str, str]]:
    """Value -> words, of each part of a scope."""
    topics = Topic.objects.values_list("pk", "ko", "en")
    people = Philosopher.objects.filter(owner_id=None, is_current=True)
    routes = StoredAnswer.objects.filter(ended_at=None).values_list("route", flat=True).distinct()
    return {
        "topic_key": {key: name_in(ko, en) for key, ko, en in topics},
        "philosopher": {each.key: name_in(each.name_ko, each.name_en) for each in people},
        "kind": {name: name for name in sorted(CALL_KINDS)},
        "language": {code: language(code) for code in LANGUAGES},
        "route": {route: route for route in sorted(routes)},
    }


def _selects(
    choices: Mapping[str, Mapping[str, str]], said: Mapping[str, str]
) -> tuple[Select, ...]:
    labels = {
        "topic_key": _("Topic"), "philosopher": _("Philosopher"), "language": _("Language"),
        "route": _("Route"),
    }
    found = []
    for name in NAMES:
        if name == "kind":
            found.append(kinds(said["kind"]))
            continue
        known = [Choice(one, words, one == said[name]) for one, words in choices[name].items()]
        any_of_them = Choice("", _("all"), not said[name])
        found.append(Select(name, labels[name], (any_of_them, *known)))
    return tuple(found)


def purge_page(state: PurgeState, *, now: datetime) -> PurgePage:
    done = tuple(purges.purges(now=now))
    if state.scope is None:
        return PurgePage(state, (), 0, confirmation(), done)
    found = purges.preview(state.scope)
    cards = (
        KpiCard(_("Entries that would end"), count(found.entries)),
        KpiCard(_("Distinct keys"), count(found.keys)),
        KpiCard(_("Cost of making them"), money(found.cost_nanos)),
        KpiCard(_("Saved so far (estimated)"), money(found.saved_nanos)),
        KpiCard(_("Served so far"), count(found.served)),
    )
    return PurgePage(state, cards, found.entries, confirmation(), done)

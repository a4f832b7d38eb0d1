"""From the address of the live calls to which calls are watched. Never fails."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.conf import settings
from django.utils.translation import gettext as _

from billing.reports.calls import Ended
from billing.reports.facts import FilterChoices
from billing.reports.tail import Wanted
from costcontrol.dashboard.calls_state import ENDED_LABELS
from costcontrol.dashboard.filter_bar import Select, select
from costcontrol.dashboard.filter_names import title_of, value_words
from costcontrol.dashboard.filter_ranges import zone_of
from costcontrol.dashboard.filter_values import (
    choices_now,
    chosen_of,
    known_values,
    shown,
    user_of,
)
from routing.call_kinds import CALL_KINDS

NAMES = ("tier", "provider", "deployment", "kind", "layer")
NUMBER_LENGTH = 18


@dataclass(frozen=True, slots=True)
class LiveState:
    """`after`: the row up to which everything was seen. `user`: as it was typed."""

    wanted: Wanted
    chosen: Mapping[str, str]
    choices: FilterChoices
    zone: str
    after: int
    notes: tuple[str, ...]
    user: str = ""

    @property
    def query(self) -> str:
        zone = self.zone if self.zone != settings.DEFAULT_ZONE else ""
        said = {
            **self.chosen, "user": self.user, "outcome": self.wanted.ended or "", "zone": zone,
        }
        return urlencode({name: value for name, value in said.items() if value})

    @property
    def is_filtered(self) -> bool:
        return self.wanted != Wanted()


def state_of(query: Mapping[str, str]) -> LiveState:
    notes: list[str] = []
    choices = choices_now()
    asked = {name: query.get(name, "") for name in NAMES}
    chosen = chosen_of(asked, choices, notes)
    ended = _ended(query.get("outcome", ""), notes)
    user, user_id = user_of(query, notes)
    wanted = Wanted(
        tier=chosen.get("tier", ""), deployment=chosen.get("deployment", ""),
        call_kind=chosen.get("kind", ""), ended=ended, provider=chosen.get("provider", ""),
        cache_layer=chosen.get("layer", ""), user_id=user_id,
    )
    zone, after = zone_of(query.get("zone", ""), notes), number(query.get("after", ""))
    return LiveState(wanted, chosen, choices, zone, after, tuple(notes), user)


def number(text: str) -> int:
    is_usable = text.isascii() and text.isdecimal() and len(text) <= NUMBER_LENGTH
    return int(text) if is_usable else 0


def selects(state: LiveState) -> tuple[Select, ...]:
    known = {**known_values(state.choices), "kind": tuple(sorted(CALL_KINDS))}
    lists = []
    for name in NAMES:
        chosen = state.chosen.get(name, "")
        values = tuple(dict.fromkeys((*known[name], *([chosen] if chosen else []))))
        words = [value_words(name, value) for value in values]
        lists.append(select(name, title_of(name), values, chosen, words))
    endings = select(
        "outcome", _("Outcome"), [*ENDED_LABELS], state.wanted.ended or "",
        [str(words) for words in ENDED_LABELS.values()],
    )
    return (*lists, endings)


def _ended(asked: str, notes: list[str]) -> Ended | None:
    if asked in list(Ended):
        return Ended(asked)
    if asked:
        notes.append(
            _("There is no outcome “%(text)s”, so calls are shown however they ended.")
            % {"text": shown(asked)}
        )
    return None

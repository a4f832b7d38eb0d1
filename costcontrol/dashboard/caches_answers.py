"""The list of stored answers as its page shows it: what can be chosen, and one line an answer."""

import re
from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from costcontrol.dashboard.caches_state import kinds
from costcontrol.dashboard.caches_words import name_in, origin_of, side_of, state_of_answer
from costcontrol.dashboard.components import (
    Cell,
    Column,
    Table,
    badge,
    count,
    link,
    money,
    text,
    when,
)
from costcontrol.dashboard.filter_bar import Choice, Select
from costcontrol.dashboard.filters import shown
from costcontrol.dashboard.labels import language
from costcontrol.dashboard.layer_names import LAYER_NAMES
from routing.call_kinds import CALL_KINDS
from routing.debates.types import LANGUAGES
from routing.models import Philosopher, StoredAnswer, Topic
from routing.reports import stored_list as report
from routing.reports.stored import ORIGINS
from routing.reports.stored_list import AnswerFilters, AnswerLine, Order, Place, State

PLACE = re.compile(r"(-?\d{1,18})_(\d{1,18})", re.ASCII)
MAX_TOPIC = 100
SHOWN = 90  # letters of a text
ORDERS = {
    Order.NEWEST: gettext_lazy("newest first"), Order.OLDEST: gettext_lazy("oldest first"),
    Order.SERVED: gettext_lazy("most served first"),
    Order.SAVED: gettext_lazy("most saved first"), Order.WORST: gettext_lazy("worst rated first"),
}
STATES: Mapping[State, Any] = {
    State.SERVED: gettext_lazy("served"), State.STALE: gettext_lazy("to be made anew"),
    State.ENDED: gettext_lazy("ended"),
    **{State(why): words for why, words in StoredAnswer.End.choices},
    State.ANY: gettext_lazy("all"),
}


@dataclass(frozen=True)
class AnswersState:
    filters: AnswerFilters
    order: Order
    after: Place | None
    people: tuple[Philosopher, ...]
    notes: tuple[str, ...]

    @property
    def is_filtered(self) -> bool:
        return self.filters != AnswerFilters()

    def as_query(self, **changes: str) -> str:
        chosen = self.filters
        values = {
            "topic": chosen.topic, "philosopher": chosen.philosopher, "kind": chosen.kind,
            "language": chosen.language, "layer": chosen.layer, "state": str(chosen.state),
            "rated": "badly" if chosen.is_rated_badly else "",
            "served": "never" if chosen.is_never_served else "",
            "order": "" if self.order == Order.NEWEST else str(self.order),
        }
        return urlencode({name: value for name, value in (values | changes).items() if value})


@dataclass(frozen=True, slots=True)
class AnswersPage:
    """A link is empty where there is nothing behind it."""

    selects: tuple[Select, ...]
    table: Table
    first_url: str
    more_url: str
    reset_url: str
    csv_url: str
    is_any: bool


def state_of(query: Mapping[str, str]) -> AnswersState:
    """Never fails."""
    notes: list[str] = []
    people = tuple(Philosopher.objects.filter(owner_id=None, is_current=True))
    choices: Mapping[str, Set[str]] = {
        "philosopher": {each.key for each in people}, "kind": set(CALL_KINDS),
        "language": set(LANGUAGES), "layer": set(ORIGINS), "state": set(State),
        "order": set(Order),
    }
    said = {name: _known(query, name, known, notes) for name, known in choices.items()}
    topic = query.get("topic", "").replace("\x00", "").strip()[:MAX_TOPIC]
    found = AnswerFilters(
        topic=topic, philosopher=said["philosopher"], kind=said["kind"],
        language=said["language"], layer=said["layer"], state=State(said["state"]),
        is_rated_badly=query.get("rated") == "badly",
        is_never_served=query.get("served") == "never",
    )
    order = Order(said["order"]) if said["order"] else Order.NEWEST
    return AnswersState(found, order, _place(query.get("after", "")), people, tuple(notes))


def _known(query: Mapping[str, str], name: str, known: Set[str], notes: list[str]) -> str:
    asked = query.get(name, "").strip()
    if not asked or asked in known:
        return asked
    notes.append(_("“%(text)s” cannot be chosen here, so that filter is not set.")
                 % {"text": shown(asked)})
    return ""


def _place(asked: str) -> Place | None:
    place = PLACE.fullmatch(asked)
    return Place(int(place[1]), int(place[2])) if place else None


def answers_page(state: AnswersState, *, now: datetime) -> AnswersPage:
    here = reverse("dashboard:caches_answers")
    found = report.page(state.filters, now=now, order=state.order, after=state.after)
    return AnswersPage(
        selects=tuple(_selects(state)), table=_table(found.lines, state, now),
        first_url=_address(here, state.as_query()) if state.after else "",
        more_url=_address(here, state.as_query(after=str(found.after))) if found.after else "",
        reset_url=here,
        csv_url=_address(reverse("dashboard:caches_answers_csv"), state.as_query()),
        is_any=bool(found.lines) or report.is_any(),
    )


def _address(path: str, query: str) -> str:
    return f"{path}?{query}" if query else path


def _selects(state: AnswersState) -> list[Select]:
    chosen = state.filters
    people = sorted((name_in(each.name_ko, each.name_en), each.key) for each in state.people)
    return [
        _select("philosopher", _("Philosopher"), [(key, name) for name, key in people],
                chosen.philosopher),
        kinds(chosen.kind),
        _select("language", _("Language"), [(code, language(code)) for code in LANGUAGES],
                chosen.language),
        _select("layer", _("Layer"), [(key, str(LAYER_NAMES[key])) for key in ORIGINS],
                chosen.layer),
        _options("state", _("State"), STATES, chosen.state),
        _options("order", _("Order"), ORDERS, state.order),
    ]


def _select(name: str, label: str, known: list[tuple[str, str]], chosen: str) -> Select:
    choices = [Choice(value, words, value == chosen) for value, words in known]
    return Select(name, label, (Choice("", _("all"), not chosen), *choices))


def _options(name: str, label: str, words: Mapping[Any, object], chosen: str) -> Select:
    return Select(name, label, tuple(
        Choice(str(value), str(said), value == chosen) for value, said in words.items()
    ))


def _table(lines: tuple[AnswerLine, ...], state: AnswersState, now: datetime) -> Table:
    titles = {
        topic.pk: name_in(topic.ko, topic.en)
        for topic in Topic.objects.filter(pk__in={line.topic_key for line in lines})
    }
    people = {each.key: name_in(each.name_ko, each.name_en) for each in state.people}
    numbers = (_("Served"), _("Saved"), _("Cost"), _("Good"), _("Bad"))
    columns = (
        *map(Column, (_("Answer"), _("Topic"), _("Speaker"), _("Language"), _("Origin"),
                      _("State"))),
        *(Column(name, is_number=True) for name in numbers), Column(_("Made")),
    )
    rows = tuple(_row(line, titles, people, now) for line in lines)
    return Table(_("Stored answers"), columns, rows, is_caption_hidden=True)


def _beginning(line: AnswerLine) -> str:
    is_cut = len(line.beginning) > SHOWN
    return f"{line.beginning[:SHOWN].rstrip()}…" if is_cut else line.beginning


def _row(
    line: AnswerLine, titles: Mapping[str, str], people: Mapping[str, str], now: datetime
) -> tuple[Cell, ...]:
    state = state_of_answer(line, now=now)
    name = _("%(kind)s, variant %(number)d") % {"kind": line.kind, "number": line.variant + 1}
    return (
        link(name, reverse("dashboard:caches_answer", args=[line.id]), note=_beginning(line)),
        text(titles.get(line.topic_key, line.topic_key) or None),
        text(people.get(line.philosopher, line.philosopher) or None, note=side_of(line.side)),
        text(language(line.language)), text(origin_of(line.origin)),
        badge(state.text, state.tone), count(line.served), money(line.saved_nanos, places=4),
        money(line.cost_nanos, places=4), count(line.ups), count(line.downs),
        when(line.made_at, zone=settings.DEFAULT_ZONE),
    )

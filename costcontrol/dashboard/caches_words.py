"""What staff read of a stored answer: its state, where it came from, what its key is made of."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Protocol

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from costcontrol import formats
from costcontrol.dashboard.components import Badge, Tone
from costcontrol.dashboard.labels import language
from routing.models import StoredAnswer

ORIGINS = dict(StoredAnswer.Origin.choices)
ENDS = dict(StoredAnswer.End.choices)
SIDES = {"pro": gettext_lazy("for"), "con": gettext_lazy("against")}
FIELDS = {
    "kind": gettext_lazy("Kind of call"), "lang": gettext_lazy("Language"),
    "prompt_version": gettext_lazy("Version of the prompts"), "topic": gettext_lazy("Topic"),
    "topic_epoch": gettext_lazy("Epoch of the topic"), "title": gettext_lazy("Title in the prompt"),
    "side": gettext_lazy("Side"), "philosopher": gettext_lazy("Philosopher"),
    "moderator_style": gettext_lazy("Style of the moderator"), "cast": gettext_lazy("Cast"),
    "is_swapped": gettext_lazy("Sides swapped"), "step": gettext_lazy("Step of the plan"),
    "statement_id": gettext_lazy("About stored answer"),
    "statement_ids": gettext_lazy("About stored answers"),
    "debate_variant_id": gettext_lazy("Only after exactly these answers"),
}


class Told(Protocol):
    """A stored answer, or a line of a list about one."""

    @property
    def ended_at(self) -> datetime | None: ...
    @property
    def ended_why(self) -> str: ...
    @property
    def hard_until(self) -> datetime: ...
    @property
    def soft_until(self) -> datetime: ...


def state_of_answer(row: Told, *, now: datetime) -> Badge:
    if row.ended_at is not None:
        return Badge(str(ENDS.get(row.ended_why, row.ended_why) or _("ended")), Tone.OFF)
    if row.hard_until <= now:
        return Badge(str(ENDS[StoredAnswer.End.EXPIRED]), Tone.OFF)
    if row.soft_until <= now:
        return Badge(_("served, to be made anew"), Tone.WARN)
    return Badge(_("served"), Tone.OK)


def origin_of(origin: str) -> str:
    return str(ORIGINS.get(origin, origin))


def side_of(side: str) -> str:
    return str(SIDES.get(side, side))


def variant_link(answer_id: int | None, variants: Mapping[int, int]) -> tuple[str, str]:
    """Its name and its address; empty where there is nothing to be shown."""
    if answer_id is None or answer_id not in variants:
        return "", ""
    name = _("variant %(number)d") % {"number": variants[answer_id] + 1}
    return name, reverse("dashboard:caches_answer", args=[answer_id])


def name_in(ko: str, en: str) -> str:
    """The name in the language of the page."""
    return ko if formats.language() == "ko" else en


def key_in_words(fields: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What the key of an answer is made of, in the order in which it is told elsewhere."""
    names = [*(name for name in FIELDS if name in fields), *sorted(fields.keys() - FIELDS.keys())]
    for name in names:
        yield str(FIELDS.get(name, name)), _value(name, fields[name])


def _value(name: str, value: Any) -> str:
    match name, value:
        case "lang", str():
            return language(value)
        case "side", str():
            return side_of(value)
        case _, bool():
            return _("yes") if value else _("no")
        case "philosopher", [str(), int(), *_]:
            return _person(value)
        case "cast", [[*pro], [*con]]:
            said = [", ".join(map(_person, side)) for side in (pro, con)]
            return _("for: %(pro)s; against: %(con)s") % {"pro": said[0], "con": said[1]}
        case _, str() | int():
            return str(value)
    return json.dumps(value, ensure_ascii=False)


def _person(value: Any) -> str:
    """[key, version, owner]."""
    if isinstance(value, list | tuple) and len(value) > 1:
        return _("%(key)s, version %(version)s") % {"key": value[0], "version": value[1]}
    return str(value)

"""From the address of the list of calls to what it is asked, and back. Never fails.

The filters of all pages apply; here is what this list alone has.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.models import UsageRecord
from billing.reports.calls import EPOCH, CallFilters, Cursor, Ended
from billing.reports.facts import FilterChoices
from costcontrol.dashboard import filters
from costcontrol.dashboard.filter_names import EVERY
from costcontrol.dashboard.filter_values import choices_now

PLACE = re.compile(r"(\d{1,16})-(\d{1,18})", re.ASCII)
TEXTS = {"debate": 128, "key": 16}  # and how long each can be
ENDED_LABELS = {
    Ended.ANSWERED: gettext_lazy("answered"),
    Ended.CACHED: gettext_lazy("answered from the cache"),
    Ended.TEMPLATE: gettext_lazy("answered by a template"),
    Ended.REFUSED: gettext_lazy("refused"),
    Ended.FAILED: gettext_lazy("failed"),
}


@dataclass(frozen=True)
class CallsState:
    """What the list shows. `shared`: as on other pages."""

    shared: filters.State
    choices: FilterChoices
    ended: Ended | None = None
    debate_id: str = ""
    key_prefix: str = ""
    has_failed_attempts: bool = False
    cursor: Cursor | None = None
    is_newer: bool = False
    notes: tuple[str, ...] = ()

    @property
    def zone(self) -> str:
        return self.shared.zone

    @property
    def call_filters(self) -> CallFilters:
        """A failed attempt is no call: that status asks for calls that had one."""
        chosen, days = self.shared.slices, self.shared.range
        is_failed = chosen.outcome == UsageRecord.Outcome.FAILED
        return CallFilters(
            start=days.start, end=days.end, tier=chosen.tier, language=chosen.language,
            provider=chosen.provider, deployment=chosen.deployment,
            model_class=chosen.model_class, call_kind=chosen.call_kind,
            cache_layer=chosen.cache_layer, outcome="" if is_failed else chosen.outcome,
            ended=self.ended, user_id=chosen.user_id, debate_id=self.debate_id,
            key_prefix=self.key_prefix,
            has_failed_attempts=self.has_failed_attempts or is_failed,
        )

    @property
    def is_filtered(self) -> bool:
        return self.shared.is_filtered or bool(self.own)

    @property
    def own(self) -> dict[str, str]:
        """The filters that this list alone has, by their names in addresses."""
        said = {
            "outcome": self.ended or "", "debate": self.debate_id, "key": self.key_prefix,
            "attempts": "failed" if self.has_failed_attempts else "",
        }
        return {name: value for name, value in said.items() if value}

    def as_query(self, **changes: str) -> str:
        """The query of a link that keeps all filters, but for the changes; not the place."""
        return self.shared.query_with(self.own, changes)

    @property
    def reset_query(self) -> str:
        """The same days, without any filter."""
        return self.shared.as_query(**self.shared.without_filters())


def state_of(query: Mapping[str, str], *, now: datetime) -> CallsState:
    choices = choices_now()
    shared = filters.state_of(query, choices=choices, now=now, applies=EVERY)
    notes = list(shared.notes)
    texts = {name: _text(query, name, notes) for name in TEXTS}
    cursor, is_newer = _cursor(query, notes)
    return CallsState(
        shared=shared, choices=choices, ended=_ended(query, notes),
        debate_id=texts["debate"], key_prefix=texts["key"],
        has_failed_attempts=query.get("attempts") == "failed", cursor=cursor, is_newer=is_newer,
        notes=tuple(dict.fromkeys(notes)),
    )


def _text(query: Mapping[str, str], name: str, notes: list[str]) -> str:
    asked = query.get(name, "").strip()
    if len(asked) <= TEXTS[name] and asked.isprintable():
        return asked
    sentences = {
        "debate": _("“%(text)s” is no debate's id, so calls of all debates are shown."),
        "key": _("“%(text)s” is no key's prefix, so calls by all keys are shown."),
    }
    notes.append(sentences[name] % {"text": filters.shown(asked)})
    return ""


def _ended(query: Mapping[str, str], notes: list[str]) -> Ended | None:
    asked = query.get("outcome", "").strip()
    if asked in list(Ended):
        return Ended(asked)
    if asked:
        notes.append(
            _("There is no outcome “%(text)s”, so calls are shown however they ended.")
            % {"text": filters.shown(asked)}
        )
    return None


def _cursor(query: Mapping[str, str], notes: list[str]) -> tuple[Cursor | None, bool]:
    name = "newer" if query.get("newer") else "older"
    asked = query.get(name, "")
    if not asked:
        return None, False
    place = PLACE.fullmatch(asked)
    if place is None:
        notes.append(_("This place in the list is not known, so the newest calls are shown."))
        return None, False
    at = EPOCH + timedelta(microseconds=int(place[1]))
    return Cursor(at, int(place[2])), name == "newer"

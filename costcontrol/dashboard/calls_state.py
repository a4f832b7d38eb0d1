"""From the address of the list of calls to what it is asked, and back. Never fails.

Range, zone, tier, language and model are parsed with the filters of all pages; here is the rest.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from billing.reports.calls import EPOCH, CallFilters, Cursor, Ended
from billing.reports.facts import FilterChoices, filters_known
from costcontrol.dashboard import filters
from routing.models import Deployment

LANGUAGES = ("en", "ko")
PLACE = re.compile(r"(\d{1,16})-(\d{1,18})", re.ASCII)
NUMBER = re.compile(r"\d{1,18}", re.ASCII)
SHARED = ("range", "zone", "tier", "language", "deployment")
TEXTS = {"kind": 40, "debate": 128, "key": 16}  # and how long each can be
ENDED_LABELS = {
    Ended.ANSWERED: gettext_lazy("answered"),
    Ended.CACHED: gettext_lazy("answered from the cache"),
    Ended.TEMPLATE: gettext_lazy("answered by a template"),
    Ended.REFUSED: gettext_lazy("refused"),
    Ended.FAILED: gettext_lazy("failed"),
}


@dataclass(frozen=True)
class CallsState:
    """What the list shows. `shared`: as on other pages. `user`: as it was typed."""

    shared: filters.State
    choices: FilterChoices
    call_kind: str = ""
    ended: Ended | None = None
    user: str = ""
    user_id: int | None = None
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
        chosen, days = self.shared.question.filters, self.shared.range
        return CallFilters(
            start=days.start, end=days.end, tier=chosen.tier, language=chosen.language,
            deployment=chosen.deployment, call_kind=self.call_kind, ended=self.ended,
            user_id=self.user_id, debate_id=self.debate_id, key_prefix=self.key_prefix,
            has_failed_attempts=self.has_failed_attempts,
        )

    @property
    def is_filtered(self) -> bool:
        return self.shared.is_filtered or bool(self._own)

    @property
    def has_more(self) -> bool:
        """Whether a filter is set that is folded away else."""
        return bool(self._own.keys() - {"kind", "outcome"})

    @property
    def _own(self) -> dict[str, str]:
        said = {
            "kind": self.call_kind, "outcome": self.ended or "", "user": self.user,
            "debate": self.debate_id, "key": self.key_prefix,
            "attempts": "failed" if self.has_failed_attempts else "",
        }
        return {name: value for name, value in said.items() if value}

    def as_query(self, **changes: str) -> str:
        """The query of a link that keeps all filters, but for the changes; not the place."""
        shared = {name: changes.pop(name) for name in SHARED if name in changes}
        own = {name: value for name, value in (self._own | changes).items() if value}
        parts = (self.shared.as_query(**shared), urlencode(own))
        return "&".join(part for part in parts if part)

    @property
    def reset_query(self) -> str:
        """The same days, without any filter."""
        return self.shared.as_query(tier="", language="", deployment="")


def state_of(query: Mapping[str, str], *, now: datetime) -> CallsState:
    choices = _choices()
    shared = filters.state_of(query, choices=choices, now=now)
    notes = list(shared.notes)
    texts = {name: _text(query, name, notes) for name in TEXTS}
    user, user_id = _user(query.get("user", "").strip(), notes)
    cursor, is_newer = _cursor(query, notes)
    return CallsState(
        shared=shared, choices=choices, call_kind=texts["kind"], ended=_ended(query, notes),
        user=user, user_id=user_id, debate_id=texts["debate"], key_prefix=texts["key"],
        has_failed_attempts=query.get("attempts") == "failed", cursor=cursor, is_newer=is_newer,
        notes=tuple(dict.fromkeys(notes)),
    )


def _choices() -> FilterChoices:
    """Also of calls that are too young for the sums: models that are set up, our languages."""
    known = filters_known()
    deployments = {*known.deployments, *Deployment.objects.values_list("name", flat=True)}
    return replace(
        known,
        deployments=tuple(sorted(deployments)),
        languages=tuple(sorted({*known.languages, *LANGUAGES})),
    )


def _text(query: Mapping[str, str], name: str, notes: list[str]) -> str:
    asked = query.get(name, "").strip()
    if len(asked) <= TEXTS[name] and asked.isprintable():
        return asked
    sentences = {
        "kind": _("“%(text)s” is no kind of call, so calls of all kinds are shown."),
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


def _user(asked: str, notes: list[str]) -> tuple[str, int | None]:
    """By number, which outlives the account, or by email."""
    if not asked:
        return "", None
    if NUMBER.fullmatch(asked):
        return asked, int(asked)
    is_email = len(asked) <= 254 and asked.isprintable()
    found = User.objects.filter(email__iexact=asked).first() if is_email else None
    if found is None:
        notes.append(
            _("There is no user “%(text)s”, so calls of all users are shown. Write an email "
              "address or a user's number.") % {"text": filters.shown(asked)}
        )
        return "", None
    return asked, found.pk


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

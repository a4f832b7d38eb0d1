"""The audit log: who changed what, when and why, with what it was before. Only read here."""

import csv
import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from asgiref.sync import sync_to_async
from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import AuditEvent
from accounts.trail import EPOCH, Place, TrailFilters, every, page
from billing.reports.facts import FilterChoices
from costcontrol.dashboard import filters
from costcontrol.dashboard.audit_changes import Fact, facts_of, masked, safe
from costcontrol.dashboard.audit_words import action_typed, action_words
from costcontrol.dashboard.calls_csv import Echo
from costcontrol.dashboard.csvs import Row, Value, plain_row
from costcontrol.dashboard.filter_bar import Chip, FilterBar, filter_bar

DAYS = ("range", "from", "to", "days", "zone")
OWN = ("actor", "action", "target")
LONGEST = 200
MAX_ROWS = 100_000
PLACE = re.compile(r"(\d{1,16})-(\d{1,18})", re.ASCII)
NOTHING_KNOWN = FilterChoices((), (), ())
HEADER = ("at", "who", "action", "target", "before", "after", "reason", "request_id")


@dataclass(frozen=True, slots=True)
class AuditState:
    """What the log shows."""

    shared: filters.State
    own: Mapping[str, str]
    after: Place | None
    notes: tuple[str, ...]

    @property
    def trail(self) -> TrailFilters:
        days = self.shared.range
        return TrailFilters(days.start, days.end, **self.own)

    @property
    def action(self) -> str:
        """As people call it."""
        return action_words(self.own.get("action", ""))

    def as_query(self, **changes: str) -> str:
        return self.shared.query_with(self.own, changes)


@dataclass(frozen=True, slots=True)
class Entry:
    """One change. The addresses narrow the log to changes of the same kind."""

    at: datetime
    actor: str
    action: str
    target: str
    facts: tuple[Fact, ...]
    reason: str
    request_id: str
    actor_url: str
    action_url: str
    target_url: str

    @property
    def words(self) -> str:
        return action_words(self.action)


@dataclass(frozen=True, slots=True)
class AuditPage:
    bar: FilterBar
    entries: tuple[Entry, ...]
    newest_url: str
    older_url: str
    csv_url: str
    reset_url: str
    is_any: bool


def state_of(query: Mapping[str, str], *, now: datetime) -> AuditState:
    """Never fails."""
    days = {name: query.get(name, "") for name in DAYS}
    shared = filters.state_of(days, choices=NOTHING_KNOWN, now=now, applies=frozenset())
    notes = [*shared.notes]
    own = {name: text for name in OWN if (text := _text(query.get(name, ""), notes))}
    if "action" in own:
        own["action"] = action_typed(own["action"])
    return AuditState(shared, own, _place(query.get("older", ""), notes), tuple(notes))


def audit_page(state: AuditState, *, today: str) -> AuditPage:
    rows, older = page(state.trail, after=state.after)
    here = reverse("dashboard:audit")
    return AuditPage(
        bar=filter_bar(
            state.shared, NOTHING_KNOWN, today=today, query=state.as_query, offers=(),
            chips=tuple(_chips(state)),
        ),
        entries=tuple(_entry(row, state, here) for row in rows),
        newest_url=_address(here, state.as_query()) if state.after else "",
        older_url=_address(here, state.as_query(older=str(older))) if older else "",
        csv_url=_address(reverse("dashboard:audit_csv"), state.as_query()),
        reset_url=_address(here, state.as_query(**dict.fromkeys(OWN, ""))),
        is_any=bool(rows) or AuditEvent.objects.exists(),
    )


def _entry(row: AuditEvent, state: AuditState, here: str) -> Entry:
    def narrowed(**changes: str) -> str:
        return _address(here, state.as_query(**changes))

    return Entry(
        at=row.at, actor=row.actor, action=row.action, target=masked(row.target),
        facts=facts_of(row.before, row.after, zone=state.shared.zone), reason=masked(row.reason),
        request_id=row.request_id,
        actor_url=narrowed(actor=row.actor), action_url=narrowed(action=row.action),
        target_url=narrowed(target=row.target) if row.target == masked(row.target) else "",
    )


def _chips(state: AuditState) -> Iterator[Chip]:
    titles = {"actor": _("Who"), "action": _("What"), "target": _("To what")}
    for name, value in state.own.items():
        shown = action_words(value) if name == "action" else value
        yield Chip(titles[name], shown, state.as_query(**{name: ""}))


def texts(trail: TrailFilters, *, zone: str) -> Iterator[str]:
    """The log as a file, in pieces of many rows."""
    writer = csv.writer(Echo())
    yield str(writer.writerow(plain_row(_marked(HEADER, "data"))))
    count = 0
    for rows in every(trail, limit=MAX_ROWS + 1):
        shown = rows[: MAX_ROWS - count]
        lines = (_marked(_csv_row(row, ZoneInfo(zone)), "demo") for row in shown)
        yield "".join(str(writer.writerow(plain_row(line))) for line in lines)
        count += len(rows)
    if count > MAX_ROWS:
        cut = _("Cut after %(count)d changes: choose fewer days or a filter to see the others.")
        yield str(writer.writerow([cut % {"count": MAX_ROWS}]))


async def stream(trail: TrailFilters, *, zone: str) -> AsyncIterator[str]:
    """Each piece is read in a thread while the one before is sent."""
    pieces = texts(trail, zone=zone)
    while (piece := await sync_to_async(lambda: next(pieces, None))()) is not None:
        yield piece


def _csv_row(row: AuditEvent, zone: ZoneInfo) -> Row:
    return (
        row.at.astimezone(zone).isoformat(), row.actor, row.action, masked(row.target),
        _json(row.before), _json(row.after), masked(row.reason), row.request_id,
    )


def _json(value: Any) -> str:
    return "" if value is None else json.dumps(safe(value), ensure_ascii=False, sort_keys=True)


def _marked(row: Sequence[Value], mark: str) -> Sequence[Value]:
    """In a demo each row says so."""
    return (*row, mark) if settings.DEMO else row


def _text(asked: str, notes: list[str]) -> str:
    text = asked.strip()
    if len(text) <= LONGEST and text.isprintable():
        return text
    notes.append(
        _("“%(text)s” cannot be looked for, so that filter is left out.")
        % {"text": filters.shown(text)}
    )
    return ""


def _place(asked: str, notes: list[str]) -> Place | None:
    if not asked:
        return None
    place = PLACE.fullmatch(asked)
    if place is None:
        notes.append(_("This place in the log is not known, so the newest changes are shown."))
        return None
    return Place(EPOCH + timedelta(microseconds=int(place[1])), int(place[2]))


def _address(path: str, query: str) -> str:
    return f"{path}?{query}" if query else path

"""The events of a turn as rows: read from any place on, remade after they were purged, forgotten.

An SSE id is "<attempt>.<seq>". Rows are the truth: what comes over Valkey is only faster.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from costcontrol.lib.errors import CostControlError
from costcontrol.lib.sentences import Sentence as _
from routing.debates import sayings
from routing.debates.errors import EventUnknown
from routing.debates.sharing import cache_of
from routing.debates.states import ACTIVE
from routing.models import Turn, TurnEvent

KEPT = timedelta(days=1)  # after the turn has ended
ROWS_A_DELETE = 2_000
ID = re.compile(r"(\d{1,5})\.(\d{1,9})", re.ASCII)


class Place(NamedTuple):
    """Where a reader is: this event was the last that they have."""

    attempt: int
    seq: int

    def __str__(self) -> str:
        return f"{self.attempt}.{self.seq}"


START = Place(0, 0)


class Sent(NamedTuple):
    """One event, wherever it came from."""

    place: Place
    kind: str
    data: dict[str, Any]
    is_last: bool


def place_of(event_id: str) -> Place:
    """Of a `Last-Event-ID`. Raises EventUnknown."""
    found = ID.fullmatch(event_id.strip())
    if found is None:
        raise unknown(event_id)
    return Place(int(found[1]), int(found[2]))


def unknown(event_id: str) -> EventUnknown:
    return EventUnknown(
        _("There was no event “%(id)s” in this turn. Leave Last-Event-ID out to read it from its "
          "beginning.") % {"id": event_id[:40]},
        param="Last-Event-ID",
    )


def events_after(turn_id: UUID, place: Place) -> list[Sent]:
    rows = TurnEvent.objects.filter(turn=turn_id, attempt__gte=place.attempt).order_by(
        "attempt", "seq"
    )
    values = rows.values_list("attempt", "seq", "kind", "data", "is_last")
    sent = [
        Sent(Place(attempt, seq), kind, data, is_last)
        for attempt, seq, kind, data, is_last in values
    ]
    return [event for event in sent if event.place > place]


def is_ended(turn: Turn) -> bool:
    return turn.status not in ACTIVE


def check_place(turn: Turn, place: Place) -> None:
    """Raises EventUnknown for an event that nobody was ever sent."""
    rows = TurnEvent.objects.filter(turn=turn.pk)
    if place == START or rows.filter(attempt=place.attempt, seq=place.seq).exists():
        return
    if place.attempt > turn.attempt or not is_ended(turn) or rows.exists():
        raise unknown(str(place))


def history(turn: Turn) -> list[Sent] | None:
    """What there was, from what is left of an ended turn. None: it has its rows, or has not ended.

    Whoever had the last of them before the rows were purged has everything.
    """
    if not is_ended(turn) or TurnEvent.objects.filter(turn=turn.pk).exists():
        return None
    events = [*_beginning(turn), _ending(turn)]
    return [
        Sent(Place(turn.attempt, i + 1), kind, dict(data), i == len(events) - 1)
        for i, (kind, data) in enumerate(events)
    ]


def _beginning(turn: Turn) -> Sequence[sayings.Event]:
    if not turn.text:
        return ()
    debate = turn.debate
    return (
        sayings.started(debate, turn), *sayings.searched(turn, language=debate.language),
        sayings.piece(turn.text),
    )


def _ending(turn: Turn) -> sayings.Event:
    if turn.status in (Turn.Status.COMPLETED, Turn.Status.REPLACED):
        return sayings.completed(turn, cache=cache_of(turn.debate, turn))
    if turn.status == Turn.Status.CANCELLED:
        return sayings.cancelled(turn)
    code, data = sayings.failed(CostControlError(turn.error), language=turn.debate.language)
    return code, {**data, "code": turn.error_code}


def purge(*, now: datetime) -> int:
    """Forget the events of turns that ended a day ago. How many there were."""
    old = TurnEvent.objects.filter(turn__completed_at__lt=now - KEPT)
    count = 0
    while ids := list(old.values_list("pk", flat=True)[:ROWS_A_DELETE]):
        count += TurnEvent.objects.filter(pk__in=ids).delete()[0]
    return count

"""`…/turns/{n}/stream` and `replays/{key}/stream`: server-sent events at the short door.

A reader comes back with the id of the last event that they have and is sent what comes after it; a
204 says that there is nothing more. Whoever leaves frees everything.
"""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import aclosing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from accounts.sessions import acaller_of_either
from accounts.types import Caller
from costcontrol.lib import clock, database
from costcontrol.lib.errors import BadRequest, RateLimited
from costcontrol.lib.sentences import Sentence as _
from routing.api.debates.door import AS_IT_IS, debate_id_of, problem_view
from routing.debates import events, pacing, replays, sayings, services, shown, transcripts
from routing.debates.errors import TurnUnknown
from routing.debates.events import Place, Sent
from routing.debates.reading import follow
from routing.models import Debate

HEARTBEAT_S = 15.0
SEEN_EVERY_S = 5.0
MOST_STREAMS = 20  # of one caller, in one process
MOST_REPLAYS = 200  # of one process
REPLAYS = "replays"
RETRY = b"retry: 1000\n\n"  # for browsers: come back after so many milliseconds

_open: Counter[str] = Counter()
_seen: dict[UUID, float] = {}


@dataclass(frozen=True, slots=True)
class Opening:
    """A turn and what is known of it. `told`: all there is; None: there will be more. `due`: of its
    first event, where it was there at once and is told as if somebody wrote it now."""

    debate: Debate
    turn_id: UUID
    place: Place
    told: list[Sent] | None
    due: datetime | None = None

    @property
    def is_over(self) -> bool:
        return self.told is not None and not self.told


@problem_view("GET")
async def turn_stream(request: HttpRequest, debate_id: str, number: str) -> HttpResponseBase:
    """`pace=0`: what is there comes at once. Else it comes like what is being written."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    caller = await acaller_of_either(headers)
    _check_room(who := f"user:{caller.user_id}", MOST_STREAMS)
    opening = await database.run(open_turn, debate_id, number, _last_id(request), caller)
    if opening.is_over:
        return HttpResponse(status=204)
    if request.GET.get("pace") == "0":
        opening = replace(opening, due=None)
    return _response(_of_turn(opening, caller, who))


@problem_view("GET")
async def replay_stream(request: HttpRequest, share_key: str) -> HttpResponseBase:
    speed = _speed(request.GET.get("speed", "1"))
    _check_room(REPLAYS, MOST_REPLAYS)
    said = await database.run(open_replay, share_key, _last_id(request))
    if not said:
        return HttpResponse(status=204)
    return _response(_of_replay(said, speed))


def open_turn(debate_id: str, number: str, last_id: str, caller: Caller) -> Opening:
    """Raises DebateUnknown, TurnUnknown, EventUnknown."""
    debate = services.debate_get(debate_id_of(debate_id), caller=caller)
    turn = services.turn_get(debate, _number(number))
    turn.debate = debate
    place = events.place_of(last_id) if last_id else events.START
    events.check_place(turn, place)
    told = events.history(turn)
    if told is None:
        come = events.events_after(turn.pk, place) if events.is_ended(turn) else None
        return Opening(debate, turn.pk, place, come, pacing.due_of(turn, come or ()))
    return Opening(debate, turn.pk, place, [event for event in told if event.place > place])


def open_replay(share_key: str, last_id: str) -> list[Sent]:
    """Raises DebateUnknown, EventUnknown."""
    said = replays.replay(shown.whole_of(transcripts.replay_get(share_key)))
    place = events.place_of(last_id) if last_id else events.START
    if place not in (events.START, *(event.place for event in said)):
        raise events.unknown(last_id)
    return [event for event in said if event.place > place]


def _last_id(request: HttpRequest) -> str:
    """Clients that cannot send the header put it in the address."""
    given = request.headers.get("last-event-id", "") or request.GET.get("last_event_id", "")
    return str(given)


def _number(text: str) -> int:
    if text.isascii() and text.isdecimal() and len(text) < 7:
        return int(text)
    raise TurnUnknown(_("Turns are numbers, from 1 on."))


def _speed(text: str) -> int:
    if text.isascii() and text.isdecimal() and int(text[:3]) <= replays.FASTEST:
        return int(text[:3])
    raise BadRequest(
        _("“speed” is a number from 1 to %(most)d, or 0 for everything at once.")
        % {"most": replays.FASTEST},
        param="speed",
    )


def _response(stream: AsyncIterator[bytes]) -> StreamingHttpResponse:
    return StreamingHttpResponse(
        stream, content_type="text/event-stream; charset=utf-8",
        headers=AS_IT_IS | {"X-Accel-Buffering": "no"},
    )


async def _of_turn(opening: Opening, caller: Caller, who: str) -> AsyncGenerator[bytes]:
    yield RETRY
    with _counted(who):
        if opening.told is not None:
            for batch, pause_s in pacing.batches(opening.told, opening.due):
                await asyncio.sleep(pause_s)
                yield _frames(batch, caller)
                await _note_seen(opening.debate)
            return
        silent_since = time.monotonic()
        async with aclosing(follow(opening.turn_id, opening.place)) as batches:
            async for batch in batches:
                await _note_seen(opening.debate)
                if batch:
                    yield _frames(batch, caller)
                elif time.monotonic() - silent_since >= HEARTBEAT_S:
                    yield b": heartbeat\n\n"
                else:
                    continue
                silent_since = time.monotonic()


async def _of_replay(said: list[Sent], speed: int) -> AsyncGenerator[bytes]:
    yield RETRY
    with _counted(REPLAYS):
        for event, pause_s in replays.pauses(said, speed=speed):
            yield _frame(event, event.data)
            await asyncio.sleep(pause_s)


def _check_room(who: str, most: int) -> None:
    if _open[who] >= most:
        raise RateLimited(
            _("Already %(limit)d streams at the same time. Close one first.") % {"limit": most},
            retry_after_s=5, limit=most,
        )


@contextmanager
def _counted(who: str) -> Iterator[None]:
    _open[who] += 1
    try:
        yield
    finally:
        _open[who] -= 1
        if not _open[who]:
            del _open[who]


async def _note_seen(debate: Debate) -> None:
    """Somebody watches: what is being written goes on."""
    now = time.monotonic()
    if now - _seen.get(debate.pk, -SEEN_EVERY_S) < SEEN_EVERY_S:
        return
    if len(_seen) > 10_000:
        _seen.clear()
    _seen[debate.pk] = now
    with suppress(DatabaseError):
        await database.run(services.debate_seen, debate, now=clock.now())


def _frames(batch: list[Sent], caller: Caller) -> bytes:
    public = (lambda data: data) if caller.may_see_costs else sayings.without_costs
    return b"".join(_frame(event, public(event.data)) for event in batch)


def _frame(event: Sent, data: Mapping[str, object]) -> bytes:
    said = json.dumps(data, cls=DjangoJSONEncoder, ensure_ascii=False).encode(errors="replace")
    return b"id: %s\nevent: %s\ndata: %s\n\n" % (
        str(event.place).encode(), event.kind.encode(), said
    )

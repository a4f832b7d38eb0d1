"""Somebody who reads a turn: through the view, as a browser would, and back again when cut off."""

import json
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, cast

from django.http import HttpResponse, StreamingHttpResponse
from django.test import AsyncRequestFactory

from routing.api.debates import stream
from routing.models import Turn


@dataclass(frozen=True)
class Event:
    id: str
    kind: str
    data: dict[str, Any]


@dataclass
class Reader:
    """`status` of the last answer; `problem` of a refusal."""

    key: str
    status: int = 0
    problem: Any = None

    async def read(
        self, turn: Turn, *, after: str = "", most: int = 10_000, query: str = ""
    ) -> list[Event]:
        """So many events, then the line is cut; fewer if the stream ends before."""
        request = self._request(after, query)
        response = await stream.turn_stream(
            request, debate_id=str(turn.debate_id), number=str(turn.number)
        )
        return await self._events(response, most)

    async def replay(self, share_key: str, *, after: str = "", query: str = "") -> list[Event]:
        response = await stream.replay_stream(self._request(after, query), share_key=share_key)
        return await self._events(response, 10_000)

    def _request(self, after: str, query: str) -> Any:
        headers = {"authorization": f"Bearer {self.key}"} if self.key else {}
        if after:
            headers["last-event-id"] = after
        return AsyncRequestFactory().get(f"/?{query}", headers=headers)

    async def _events(self, response: Any, most: int) -> list[Event]:
        self.status = response.status_code
        if not isinstance(response, StreamingHttpResponse):
            body = cast(HttpResponse, response).content
            self.problem = json.loads(body) if body else None
            return []
        found: list[Event] = []
        async with aclosing(cast(Any, response).streaming_content) as frames:
            async for frame in frames:
                found += events_in(frame)
                if len(found) >= most:
                    break
        return found[:most]

    async def read_in_pieces(self, turn: Turn, *, piece: int) -> list[Event]:
        """Cut off after every so many events, and back with the id of the last, until a 204."""
        found: list[Event] = []
        while True:
            more = await self.read(turn, after=found[-1].id if found else "", most=piece)
            if self.status == 204:
                return found
            found += more


def events_in(frame: bytes) -> list[Event]:
    events = []
    for block in frame.decode().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if line[:1] != ":")
        if "event" in fields:
            events.append(Event(fields["id"], fields["event"], json.loads(fields["data"])))
    return events


def text_of(events: list[Event]) -> str:
    """As a client puts it together: a restart throws away what there was."""
    text = ""
    for event in events:
        if event.kind == "turn.restarted":
            text = ""
        text += event.data.get("text", "") if event.kind == "delta" else ""
    return text

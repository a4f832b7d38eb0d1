"""A frontend for debates, as somebody would write it: asks for turns and reads their streams."""

import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import aiohttp

LAST = ("turn.completed", "turn.cancelled", "error", "user_turn", "debate.completed")
TIMEOUT = aiohttp.ClientTimeout(total=None, connect=10, sock_read=60)


@dataclass(frozen=True)
class Event:
    id: str
    kind: str
    data: dict[str, Any]
    at: float  # the machine's monotonic clock


@dataclass
class Heard:
    """All that one reader was sent about one turn, across however many connections."""

    events: list[Event] = field(default_factory=list)
    connections: int = 0

    @property
    def last_id(self) -> str:
        return next((event.id for event in reversed(self.events) if event.id), "")

    @property
    def text(self) -> str:
        """As a frontend shows it: thrown away when the turn starts again."""
        text = ""
        for event in self.events:
            text = "" if event.kind == "turn.restarted" else text
            text += str(event.data["text"]) if event.kind == "delta" else ""
        return text

    def first(self, kind: str) -> Event | None:
        return next((event for event in self.events if event.kind == kind), None)

    def faults(self) -> list[str]:
        """What is lost or repeated, by the ids alone: "<attempt>.<seq>", contiguous."""
        found, before = [], (0, 0)
        for event in self.events:
            attempt, seq = (int(part) for part in event.id.split("."))
            is_next = (attempt, seq) == (before[0], before[1] + 1)
            if not is_next and not (attempt > before[0] and seq == FIRST_SEQ):
                found.append(f"{before[0]}.{before[1]} -> {event.id}")
            before = (attempt, seq)
        return found


FIRST_SEQ = 1


@dataclass
class Debater:
    """One signed-in frontend. `urls`: the web processes, which are as good as one another."""

    http: aiohttp.ClientSession
    url: str
    key: str
    pace: str = ""  # "0": what is stored comes at once

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> "Answer":
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {"authorization": f"Bearer {self.key}"} | named
        async with self.http.request(
            method, f"{self.url}/api/v1/{path}", json=body, headers=sent, timeout=TIMEOUT
        ) as reply:
            text = await reply.text()
            return Answer(reply.status, json.loads(text) if text else None, dict(reply.headers))

    async def create(self, **order: Any) -> dict[str, Any]:
        made = await self.call("POST", "debates", order, idempotency_key=str(uuid4()))
        assert made.status == 201, made
        return dict(made.data)

    async def next(self, debate_id: str, **body: Any) -> "Answer":
        return await self.call("POST", f"debates/{debate_id}/turns", body)

    async def see(self, debate_id: str) -> dict[str, Any]:
        seen = await self.call("GET", f"debates/{debate_id}")
        assert seen.status == 200, seen
        return dict(seen.data)

    async def listen(self, debate_id: str, turn: int, *, after: str = "") -> AsyncIterator[Event]:
        """The events of one connection, until it ends. Raises aiohttp.ClientError when it breaks;
        status 204 (nothing more to come) is no event at all."""
        headers = {"authorization": f"Bearer {self.key}", "accept": "text/event-stream"}
        if after:
            headers["last-event-id"] = after
        path = f"{self.url}/api/v1/debates/{debate_id}/turns/{turn}/stream"
        params = {"pace": self.pace} if self.pace else {}
        async with self.http.get(path, headers=headers, params=params, timeout=TIMEOUT) as reply:
            if reply.status == 204:
                return
            if reply.status != 200:
                raise aiohttp.ClientResponseError(
                    reply.request_info, (), status=reply.status, message=await reply.text()
                )
            async for event in events_of(reply.content):
                yield event

    async def hear(self, debate_id: str, turn: int, heard: Heard | None = None) -> Heard:
        """A turn to its end, on one connection."""
        heard = heard or Heard()
        heard.connections += 1
        async for event in self.listen(debate_id, turn, after=heard.last_id):
            heard.events.append(event)
        return heard


@dataclass(frozen=True)
class Answer:
    status: int
    data: Any
    headers: dict[str, str]

    @property
    def code(self) -> str:
        return str(self.data.get("code", "")) if isinstance(self.data, dict) else ""


async def events_of(stream: aiohttp.StreamReader) -> AsyncIterator[Event]:
    id_, kind, data = "", "message", ""
    async for raw in stream:
        line = raw.decode().rstrip("\r\n")
        name, _, value = line.partition(": ")
        if line.startswith(":"):
            continue
        if name == "id":
            id_ = value
        elif name == "event":
            kind = value
        elif name == "data":
            data += value
        elif not line and data:
            yield Event(id_, kind, json.loads(data), time.monotonic())
            kind, data = "message", ""


def session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), trust_env=False)

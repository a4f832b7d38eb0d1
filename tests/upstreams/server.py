"""A scripted HTTP/1.1 server on a free loopback port: one scripted reply for each request.

Unlike a framework it can do what broken upstreams do: cut the line inside a reply, go silent,
end a stream early. It keeps what it was asked, and notices when a client hangs up.
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Received:
    method: str
    path: str
    headers: Mapping[str, str]
    body: Any


class Cut:
    """In place of a piece: drop the connection."""


@dataclass(frozen=True)
class Pause:
    """In place of a piece: say nothing for a while."""

    seconds: float


Piece = bytes | Cut | Pause


@dataclass(frozen=True)
class Reply:
    """Status, headers, and the body piece by piece; each piece leaves on its own."""

    pieces: tuple[Piece, ...] = ()
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    is_silent: bool = False  # cut the line before any reply
    is_last: bool = False  # close the connection after it, without having said so


def json_reply(body: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    kind = {"content-type": "application/json"}
    return Reply((json.dumps(body).encode(),), status=status, headers=kind | dict(headers or {}))


def sse_reply(*events: bytes | Cut | Pause) -> Reply:
    return Reply(events, headers={"content-type": "text/event-stream"})


def ndjson_reply(*lines: Any) -> Reply:
    """Each line an object, or a Cut or Pause."""
    pieces = tuple(
        line if isinstance(line, (bytes, Cut, Pause)) else json.dumps(line).encode() + b"\n"
        for line in lines
    )
    return Reply(pieces, headers={"content-type": "application/x-ndjson"})


async def hang_up(writer: asyncio.StreamWriter) -> None:
    """The connection goes before its loop does."""
    writer.close()
    await asyncio.sleep(0)


class Upstream:
    """What is asked is in `received`; `hang_ups` counts clients that left within a reply."""

    def __init__(self) -> None:
        self.url = ""
        self.received: list[Received] = []
        self.hang_ups = 0
        self.connections = 0
        self._replies: deque[Reply] = deque()
        self._tasks: set[asyncio.Task[None]] = set()

    def will(self, *replies: Reply) -> None:
        """Give these replies next, in this order."""
        self._replies.extend(replies)

    async def until_hung_up(self, within_s: float = 5.0) -> None:
        async with asyncio.timeout(within_s):
            while not self.hang_ups:  # noqa: ASYNC110
                await asyncio.sleep(0.005)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        self.connections += 1
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while await self._exchange(reader, writer):
                pass
        await hang_up(writer)
        self._tasks.discard(task)

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        self.received.append(await read_request(reader))
        reply = self._replies.popleft() if self._replies else json_reply({}, status=599)
        if reply.is_silent:
            writer.transport.abort()
            return False
        head = f"HTTP/1.1 {reply.status} Scripted\r\ntransfer-encoding: chunked\r\n"
        lines = "".join(f"{name}: {value}\r\n" for name, value in reply.headers.items())
        writer.write(f"{head}{lines}\r\n".encode())
        for piece in reply.pieces:
            if not await self._send(piece, reader, writer):
                return False
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return not reply.is_last

    async def _send(
        self, piece: Piece, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        match piece:
            case Cut():
                await asyncio.sleep(0.02)  # what was sent before must arrive first
                writer.transport.abort()
                return False
            case Pause(seconds):
                return not await self._hangs_up(reader, within_s=seconds)
            case bytes():
                writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                await writer.drain()
                await asyncio.sleep(0)
        return True

    async def _hangs_up(self, reader: asyncio.StreamReader, *, within_s: float) -> bool:
        try:
            async with asyncio.timeout(within_s):
                data = await reader.read(1)
        except TimeoutError:
            return False
        except ConnectionError:
            data = b""
        self.hang_ups += data == b""
        return data == b""


async def read_request(reader: asyncio.StreamReader) -> Received:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, path, _ = head[0].split(" ", 2)
    headers = {}
    for line in head[1:]:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = await reader.readexactly(int(headers.get("content-length") or 0))
    return Received(method, path, headers, json.loads(body) if body else None)


@asynccontextmanager
async def running_upstream() -> AsyncIterator[Upstream]:
    upstream = Upstream()
    server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0)
    upstream.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield upstream
    finally:
        server.close()
        await upstream.close()

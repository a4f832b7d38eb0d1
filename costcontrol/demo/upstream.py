"""`python -m costcontrol.demo.upstream PORT`: the simulated providers, as a process of their own.

    /anthropic  Anthropic's messages API        /openai/v1  OpenAI's chat API
    /local/v1   a local server that speaks OpenAI's chat API
    both vendors' batches, a few seconds each
    /control    what is planned, and what was sold: for the replay alone

Planned questions are answered at once: the replay writes down how long they would have taken.
Any other one is answered as slowly as a model would.
"""

import asyncio
import json
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from costcontrol.demo import wire
from costcontrol.demo.batches import Batches
from costcontrol.demo.books import Books, Order

HOST = "127.0.0.1"
PIECES, LIVE_PIECES = 3, 24
LIVE_PIECE = 12  # characters of a long text: people read along
LEAVING_S = 5.0  # how long we go on for a caller who is going to hang up
LIMIT = 8 * 1024 * 1024
STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-type: text/event-stream\r\n\r\n"
)


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    body: bytes


class Upstream:
    def __init__(self) -> None:
        self.books = Books()
        self.batches = Batches(lambda vendor, body: self.books.order(vendor, body).said)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                while await self._exchange(await read(reader), writer):
                    pass
        finally:
            writer.close()

    async def _exchange(self, request: Request, writer: asyncio.StreamWriter) -> bool:
        """Answer one request. False: the line is of no more use."""
        vendor = request.path.split("/")[1]
        if vendor == "control":
            return await self._control(request, writer)
        try:
            if done := self.batches.handle(request.method, request.path, request.body):
                return await send(writer, *done)
            body = json.loads(request.body)
            order = self.books.order(vendor, body)
        except (ValueError, TypeError, LookupError, AttributeError):
            return await send(writer, 400, {"error": {"message": "not understood"}})
        return await self._answer(vendor, order, is_stream=bool(body.get("stream")), writer=writer)

    async def _control(self, request: Request, writer: asyncio.StreamWriter) -> bool:
        match request.path.split("/")[2:]:
            case [player, "plan"]:
                self.books.plan(player, json.loads(request.body))
                return await send(writer, 200, {})
            case [player, "sales"]:
                return await send(writer, 200, self.books.drain(player))
        return await send(writer, 200, {"status": "simulated"})

    async def _answer(
        self, vendor: str, order: Order, *, is_stream: bool, writer: asyncio.StreamWriter
    ) -> bool:
        if order.fate.status != 200:
            return await send(writer, order.fate.status, wire.error(vendor, order.fate.status))
        if is_stream:
            return await self._stream(vendor, order, writer)
        if order.is_live:
            await asyncio.sleep(order.sale.whole_ms / 1000)
        return await send(writer, 200, wire.whole(vendor, order.said))

    async def _stream(self, vendor: str, order: Order, writer: asyncio.StreamWriter) -> bool:
        is_watched = order.is_live or order.fate.waits
        pieces = max(LIVE_PIECES, len(order.said.text) // LIVE_PIECE) if is_watched else PIECES
        events = [
            b"%x\r\n%s\r\n" % (len(event), event)
            for event in wire.events(vendor, order.said, pieces=pieces)
        ]
        writer.write(STREAM_HEAD)
        if order.fate.is_cut:
            return await cut(writer, events[: len(events) // 2])
        if is_watched:
            await self._slowly(order, events, writer)
        else:
            writer.write(b"".join(events))
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True

    async def _slowly(
        self, order: Order, events: list[bytes], writer: asyncio.StreamWriter
    ) -> None:
        sale = order.sale
        rest_s = LEAVING_S if order.fate.waits else (sale.whole_ms - sale.first_ms) / 1000
        if order.is_live:
            await asyncio.sleep(sale.first_ms / 1000)
        for event in events:
            writer.write(event)
            await writer.drain()
            await asyncio.sleep(rest_s / len(events))


async def cut(writer: asyncio.StreamWriter, events: list[bytes]) -> bool:
    writer.write(b"".join(events))
    await writer.drain()
    await asyncio.sleep(0.05)  # what was sent before must arrive first
    writer.transport.abort()
    return False


async def read(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.split("\r\n")
    size = next(
        (int(line.split(":")[1]) for line in lines if line.lower().startswith("content-length:")),
        0,
    )
    method, path = first.split(" ")[:2]
    return Request(method, path, await reader.readexactly(min(size, LIMIT)))


async def send(writer: asyncio.StreamWriter, status: int, body: Any) -> bool:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = (
        f"HTTP/1.1 {status} Simulated\r\ncontent-type: application/json\r\n"
        f"content-length: {len(content)}\r\n\r\n"
    )
    writer.write(head.encode() + content)
    await writer.drain()
    return True


async def main(port: int) -> None:
    server = await asyncio.start_server(Upstream().serve, HOST, port, limit=LIMIT)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main(int(sys.argv[1])))

"""An upstream that speaks OpenAI's and Anthropic's API, knows what was truly bought from it, and
runs in a thread of its own, so that any test and any process can call it.

Every answer bills 100 input and 50 output tokens, fewer if the caller allows fewer. With `prefixes`
the input is counted instead, with what a prompt cache reads and writes. How it answers is a
`Manner`: how fast, in how many pieces, with which failure.
"""

import asyncio
import json
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from tests.upstreams import anthropic, openai
from tests.upstreams.prefixes import Prefixes
from tests.upstreams.server import hang_up, read_request

INPUT_TOKENS, OUTPUT_TOKENS = 100, 50
STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-type: text/event-stream\r\n\r\n"
)
TEXT = "An unexamined life is not worth living. " * 5  # 20 pieces of ten


@dataclass(frozen=True)
class Manner:
    """How one request is answered. `cut_after`: pieces, after which the line is dropped."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    wait_s: float = 0.0
    pieces: int = 20
    piece_s: float = 0.0
    cut_after: int | None = None
    text: str = TEXT
    says: str = "no"  # of a failure
    reports_usage: bool = True
    message: dict[str, Any] = field(default_factory=dict)  # more fields of OpenAI's message


@dataclass
class Sale:
    """One request that reached us, and what became of it."""

    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]
    end: str = "open"  # open | complete | hung_up | cut | failed
    ended_at: float = 0.0
    pieces: int = 0
    peer_port: int = 0  # tells which process asked
    cache: Mapping[str, int] | None = None  # fresh, read, written

    @property
    def is_anthropic(self) -> bool:
        return self.path.endswith("/messages")

    @property
    def output_tokens(self) -> int:
        cap = self.body.get("max_tokens") or self.body.get("max_completion_tokens")
        return min(OUTPUT_TOKENS, cap or OUTPUT_TOKENS)

    @property
    def prompt(self) -> str:
        return "\n".join(str(each["content"]) for each in self.body["messages"])


class Metered:
    """`sales` in the order of arrival. `will` scripts the next answers, `manner` the others."""

    def __init__(self) -> None:
        self.url = ""
        self.sales: list[Sale] = []
        self.manner = Manner()
        self.prefixes: Prefixes | None = None
        self._next: deque[Manner] = deque()

    def reset(self) -> None:
        self.sales, self.manner, self.prefixes = [], Manner(), None
        self._next.clear()

    def will(self, *manners: Manner) -> None:
        self._next.extend(manners)

    def ends(self) -> list[str]:
        return [sale.end for sale in self.sales]

    def wait_until(self, end: str, *, count: int = 1, within_s: float = 5.0) -> None:
        deadline = time.monotonic() + within_s
        while self.ends().count(end) < count:
            assert time.monotonic() < deadline, f"not {count} {end}: {self.ends()}"
            time.sleep(0.01)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                while await self._exchange(reader, writer):
                    pass
        finally:
            await hang_up(writer)

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        asked = await read_request(reader)
        peer_port = writer.get_extra_info("peername")[1]
        sale = Sale(asked.path, asked.headers, asked.body, peer_port=peer_port)
        if self.prefixes is not None:
            vendor = "anthropic" if sale.is_anthropic else "openai"
            sale.cache = self.prefixes.usage(vendor, sale.body)
        manner = self._next.popleft() if self._next else self.manner
        self.sales.append(sale)
        sale.end = await self._answer(sale, manner, reader, writer)
        sale.ended_at = time.monotonic()
        if sale.end == "cut":
            writer.transport.abort()
        return sale.end in ("complete", "failed")

    async def _answer(
        self, sale: Sale, manner: Manner, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> str:
        if await hangs_up(reader, within_s=manner.wait_s):
            return "hung_up"
        if manner.status != 200:
            await send_whole(writer, manner.status, refusal(sale, manner), manner.headers)
            return "failed"
        if not sale.body.get("stream"):
            if manner.cut_after is not None:
                return "cut"
            await send_whole(writer, 200, whole(sale, manner), manner.headers)
            return "complete"
        writer.write(STREAM_HEAD)
        for event in events(sale, manner):
            if sale.pieces == manner.cut_after:
                await asyncio.sleep(0.05)  # what was sent before must arrive first
                return "cut"
            writer.write(b"%x\r\n%s\r\n" % (len(event), event))
            await writer.drain()
            sale.pieces += 1
            if await hangs_up(reader, within_s=manner.piece_s):
                return "hung_up"
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return "complete"


async def hangs_up(reader: asyncio.StreamReader, *, within_s: float) -> bool:
    """Wait so long; True as soon as the client has gone."""
    if not within_s:
        return reader.at_eof()
    try:
        async with asyncio.timeout(within_s):
            return await reader.read(1) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True


async def send_whole(
    writer: asyncio.StreamWriter, status: int, body: Any, headers: Mapping[str, str]
) -> None:
    content = json.dumps(body).encode()
    lines = {"content-type": "application/json", "content-length": str(len(content))}
    head = "".join(f"{name}: {value}\r\n" for name, value in (lines | dict(headers)).items())
    writer.write(f"HTTP/1.1 {status} Metered\r\n{head}\r\n".encode() + content)
    await writer.drain()


def refusal(sale: Sale, manner: Manner) -> Any:
    if sale.is_anthropic:
        return anthropic.error(manner.says, kind="api_error")
    return openai.error(manner.says, kind="server_error")


def whole(sale: Sale, manner: Manner) -> Any:
    if sale.is_anthropic:
        return anthropic.message(manner.text, usage=anthropic_usage(sale), model=sale.body["model"])
    answer = openai.completion(manner.text, usage=openai_usage(sale), model=sale.body["model"])
    answer["choices"][0]["message"] |= manner.message
    if not manner.reports_usage:
        del answer["usage"]
    return answer


def events(sale: Sale, manner: Manner) -> Iterator[bytes]:
    """The stream: an opening, `pieces` pieces of text, and its proper end."""
    size = max(1, -(-len(manner.text) // manner.pieces))
    texts = [manner.text[at : at + size] for at in range(0, len(manner.text), size)]
    if sale.is_anthropic:
        opened = anthropic.start()
        opened["message"]["usage"] = anthropic_usage(sale) | {"output_tokens": 1}
        end = anthropic.end(output_tokens=sale.output_tokens)
        del end["usage"]["server_tool_use"]
        body = [anthropic.delta(text) for text in texts]
        yield from anthropic.sse(opened, *body, end, anthropic.STOP)
        return
    body = [openai.chunk({"role": "assistant", "content": text}) for text in texts]
    ends = [openai.chunk({}, "stop")]
    if manner.reports_usage:
        ends.append(openai.chunk({}, choices=[], usage=openai_usage(sale)))
    yield from openai.sse(*body, *ends)


def openai_usage(sale: Sale) -> dict[str, Any]:
    asked = sum(sale.cache.values()) if sale.cache else INPUT_TOKENS
    usage: dict[str, Any] = {
        "prompt_tokens": asked, "completion_tokens": sale.output_tokens,
        "total_tokens": asked + sale.output_tokens,
    }
    if sale.cache:
        usage["prompt_tokens_details"] = {
            "cached_tokens": sale.cache["read"], "cache_write_tokens": sale.cache["written"]
        }
    return usage


def anthropic_usage(sale: Sale) -> dict[str, Any]:
    cache = sale.cache or {"fresh": INPUT_TOKENS, "read": 0, "written": 0}
    return {"input_tokens": cache["fresh"], "output_tokens": sale.output_tokens,
            "cache_creation_input_tokens": cache["written"],
            "cache_read_input_tokens": cache["read"]}


@contextmanager
def running_metered() -> Iterator[Metered]:
    """Serve from a thread until the block ends."""
    upstream, loop = Metered(), asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    serving = asyncio.start_server(upstream.serve, "127.0.0.1", 0, backlog=1024)
    server = asyncio.run_coroutine_threadsafe(serving, loop).result(10)
    upstream.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield upstream
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _end(server: asyncio.Server) -> None:
    server.close()
    mine = asyncio.current_task()
    tasks = [task for task in asyncio.all_tasks() if task is not mine]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

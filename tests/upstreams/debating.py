"""The providers of whole debates, simulated, in a process of their own: `python -m … PORT`.

Speaks Anthropic's messages API and OpenAI's chat API, streamed and not, as slowly as a model would.
An answer is half as long as it may be (the caps of all call kinds are twice the modelled length),
in the language that was asked in, and made of numbered words, so that a piece that was lost or came
twice shows. Keeps its own books: what was bought, by which debate, and how long it took itself.

    /anthropic/v1/messages    /openai/v1/chat/completions
    GET /_books?after=N       POST /_manner {first_s, tokens_s, piece_s}      POST /_reset
"""

import asyncio
import json
import re
import sys
import time
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.upstreams import anthropic, openai
from tests.upstreams.prefixes import Prefixes
from tests.upstreams.server import hang_up, read_request

STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-type: text/event-stream\r\n\r\n"
)
BODY_LIMIT = 8 * 1024 * 1024
TAG = re.compile(r"#(\d{1,6})#")  # in the topic: which debate it is
SENTENCES = {
    "ko": "정의와 덕은 앎에서 오고 삶은 물음 속에 있으며 우리는 함께 길을 찾는다",
    "en": "justice grows from knowledge while a life without questions finds no way",
}
BLOCK = {"type": "text", "text": ""}
BLOCK_START = {"type": "content_block_start", "index": 0, "content_block": BLOCK}
BLOCK_STOP = {"type": "content_block_stop", "index": 0}
TOKENS_A_WORD = 2  # with its number
TAIL = 900  # of a prompt: where the task is
TONES = re.compile(r"(?:고른다|one of): (\w+)")
MARK = 6  # of ten: something is to be mended


@dataclass
class Manner:
    """How quick we are. Pieces come every `piece_s`, each with what was written meanwhile.
    `finds`: a search of the web finds pages; else it fails, and the model writes all the same."""

    first_s: float = 0.4
    tokens_s: float = 60.0
    piece_s: float = 0.08
    finds: bool = True


@dataclass
class Sale:
    """One request that reached us. Times are of the machine's monotonic clock, in seconds."""

    number: int
    vendor: str
    model: str
    tag: str
    language: str
    is_stream: bool
    max_tokens: int
    task: str  # the end of the prompt
    usage: dict[str, int]
    text: str
    came_at: float
    first_at: float = 0.0
    ended_at: float = 0.0
    sent_tokens: int = 0
    end: str = "open"  # open | complete | hung_up
    searches: int = 0


@dataclass
class Books:
    manner: Manner = field(default_factory=Manner)
    sales: list[Sale] = field(default_factory=list)
    prefixes: Prefixes = field(default_factory=Prefixes)

    def open(self, path: str, body: dict[str, Any]) -> Sale:
        vendor = path.split("/")[1]
        prompt = prompt_of(body)
        cap = int(body.get("max_tokens") or body.get("max_completion_tokens") or 256)
        language = "ko" if len(prompt[-1500:].encode()) > 1.5 * len(prompt[-1500:]) else "en"
        tokens = max(8, cap // 2)
        found = TAG.search(prompt)
        sale = Sale(
            number=len(self.sales), vendor=vendor, model=str(body["model"]),
            tag=found[1] if found else "", language=language, is_stream=bool(body.get("stream")),
            max_tokens=cap, task=prompt[-400:], text=answer(prompt, tokens, language),
            usage=self.prefixes.usage(vendor, body) | {"output": tokens}, came_at=time.monotonic(),
            searches=int(bool(body.get("tools"))),
        )
        self.sales.append(sale)
        return sale


def prompt_of(body: dict[str, Any]) -> str:
    return "\n".join(block_text(block) for block in blocks(body))


def blocks(body: dict[str, Any]) -> Iterator[Any]:
    """All text of a request in order: `system` first, whatever shape it has."""
    for content in (body.get("system"), *(each["content"] for each in body["messages"])):
        yield from content if isinstance(content, list) else [content] if content else []


def block_text(block: Any) -> str:
    return str(block["text"] if isinstance(block, dict) else block)


def answer(prompt: str, tokens: int, language: str) -> str:
    """Numbered words; inside of JSON if the prompt ends with the shape of one."""
    words, seed = SENTENCES[language].split(), zlib.crc32(prompt.encode())
    count = max(1, tokens // TOKENS_A_WORD)
    numbered = [f"{words[(seed + n) % len(words)]}{n}" for n in range(count)]
    shape = shape_asked(prompt[-TAIL:])
    if shape is None:
        return " ".join(numbered) + "."
    tones = TONES.search(prompt[-TAIL:])
    say = tones[1] if tones else " ".join(numbered[: max(1, count // 4)])
    return json.dumps(filled(shape, say), ensure_ascii=False)


def shape_asked(tail: str) -> Any:
    at = tail.find("{", tail.rfind("JSON"))
    if "JSON" not in tail or at < 0:
        return None
    try:
        return json.JSONDecoder().raw_decode(tail[at:])[0]
    except ValueError:
        return None


def filled(shape: Any, say: str) -> Any:
    if isinstance(shape, dict):
        return {name: filled(value, say) for name, value in shape.items()}
    if isinstance(shape, list):
        return [filled(value, say) for value in shape]
    return say if isinstance(shape, str) else MARK


class Upstream:
    def __init__(self) -> None:
        self.books = Books()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                while await self._exchange(reader, writer):
                    pass
        finally:
            await hang_up(writer)

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        asked = await read_request(reader)
        if asked.path.startswith("/_"):
            await send(writer, self._control(asked.path, asked.body))
            return True
        sale = self.books.open(asked.path, asked.body)
        with suppress(ConnectionError):
            await self._answer(sale, reader, writer)
            sale.end = "complete"
        sale.ended_at = time.monotonic()
        if sale.end == "open":
            sale.end = "hung_up"
        return sale.end == "complete"

    def _control(self, path: str, body: Any) -> Any:
        name, _, after = path.partition("?after=")
        if name == "/_reset":
            self.books = Books(manner=self.books.manner)
        if name == "/_manner":
            self.books.manner = Manner(**body)
        if name == "/_books":
            return [asdict(sale) for sale in self.books.sales[int(after or 0):]]
        return {}

    async def _answer(
        self, sale: Sale, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        manner, tokens = self.books.manner, sale.usage["output"]
        await asyncio.sleep(manner.first_s)
        sale.first_at = time.monotonic()
        if sale.is_stream:
            return await self._stream(sale, reader, writer)
        await asyncio.sleep(tokens / manner.tokens_s)
        if reader.at_eof():
            raise ConnectionResetError
        sale.sent_tokens = tokens
        return await send(writer, whole(sale, finds=manner.finds))

    async def _stream(
        self, sale: Sale, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        manner, tokens = self.books.manner, sale.usage["output"]
        opening, ending = frame(sale)
        writer.write(STREAM_HEAD)
        write(writer, opening)
        written = 0
        while sale.sent_tokens < tokens:
            passed = time.monotonic() - sale.first_at
            sale.sent_tokens = min(tokens, int(manner.tokens_s * passed) + 1)
            upto = len(sale.text) * sale.sent_tokens // tokens
            write(writer, [delta(sale, sale.text[written:upto])])
            written = upto
            if sale.sent_tokens < tokens:
                await asyncio.sleep(manner.piece_s)
            if reader.at_eof():
                raise ConnectionResetError
            await writer.drain()
        write(writer, ending)
        writer.write(b"0\r\n\r\n")
        await writer.drain()


def write(writer: asyncio.StreamWriter, events: list[bytes]) -> None:
    for event in events:
        writer.write(b"%x\r\n%s\r\n" % (len(event), event))


async def send(writer: asyncio.StreamWriter, body: Any) -> None:
    content = json.dumps(body).encode()
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(content)}"
    writer.write(f"{head}\r\n\r\n".encode() + content)
    await writer.drain()


def delta(sale: Sale, text: str) -> bytes:
    if sale.vendor == "anthropic":
        return anthropic.sse(anthropic.delta(text))[0]
    return openai.sse(openai.chunk({"content": text}), is_done=False)[0]


def frame(sale: Sale) -> tuple[list[bytes], list[bytes]]:
    """What a stream begins and ends with."""
    if sale.vendor == "anthropic":
        opened, end = anthropic.start(), anthropic.end(output_tokens=sale.usage["output"])
        opened["message"] |= {"model": sale.model, "usage": anthropic_usage(sale, output=1)}
        del end["usage"]["server_tool_use"]
        return anthropic.sse(opened, BLOCK_START), anthropic.sse(BLOCK_STOP, end, anthropic.STOP)
    last = openai.chunk({}, choices=[], usage=openai_usage(sale))
    return [], openai.sse(openai.chunk({}, "stop"), last)


def whole(sale: Sale, *, finds: bool = True) -> Any:
    if sale.vendor == "anthropic":
        usage = anthropic_usage(sale, output=sale.usage["output"])
        if sale.searches:
            content = found(sale) if finds else anthropic.searched(failed="unavailable")
            return anthropic.message(content=content, usage=usage, model=sale.model)
        return anthropic.message(sale.text, usage=usage, model=sale.model)
    return openai.completion(sale.text, usage=openai_usage(sale), model=sale.model)


def found(sale: Sale) -> list[dict[str, Any]]:
    """The model's own search: two pages whose addresses say for which prompt, then its words."""
    seed = zlib.crc32(sale.task.encode())
    pages = [
        anthropic.page(f"Page {n} of {seed}", f"https://page{n}.example/{seed}") for n in (1, 2)
    ]
    quotes = [anthropic.quote(pages[1]["url"], f"What page 2 of {seed} says.")]
    return anthropic.searched(*pages, text=sale.text, quotes=quotes)


def anthropic_usage(sale: Sale, *, output: int) -> dict[str, Any]:
    searched = {"web_search_requests": sale.searches, "web_fetch_requests": 0}
    return {"input_tokens": sale.usage["fresh"], "output_tokens": output,
            "server_tool_use": searched if sale.searches else None,
            "cache_creation_input_tokens": sale.usage["written"],
            "cache_read_input_tokens": sale.usage["read"]}  # fmt: skip


def openai_usage(sale: Sale) -> dict[str, Any]:
    usage = sale.usage
    asked = usage["fresh"] + usage["read"] + usage["written"]
    return {"prompt_tokens": asked, "completion_tokens": usage["output"],
            "total_tokens": asked + usage["output"],
            "prompt_tokens_details": {"cached_tokens": usage["read"],
                                      "cache_write_tokens": usage["written"]}}  # fmt: skip


async def main(port: int) -> None:
    upstream = Upstream()
    server = await asyncio.start_server(
        upstream.serve, "127.0.0.1", port, backlog=1024, limit=BODY_LIMIT
    )
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))

"""A simulated provider on a loopback port, which keeps its own books of what it sold.

It speaks OpenAI's API. How long an answer is follows from the last word of the prompt, so that the
bill of each call can be worked out here without asking the product.
"""

import json
import threading
import time
import zlib
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PROMPT_TOKENS = 5
# Nanos a token, by model: (input, output). `flat`: every answer is as long as it may be.
PRICES = {"flat": (0, 100_000), "usual": (2_000, 50_000)}
PIECES, PIECE_S = 40, 0.06
WORK_S = 0.05  # of an answer that is not streamed


@dataclass
class Sale:
    """One request that reached us: what we made of it, and whether all of it was taken."""

    label: str
    model: str
    tokens: int
    sent: int = 0
    is_complete: bool = False

    @property
    def full_bill(self) -> int:
        return self._bill(self.tokens)

    @property
    def bill(self) -> int:
        """For what was produced until the caller left."""
        return self._bill(self.sent)

    def _bill(self, tokens: int) -> int:
        per_input, per_output = PRICES[self.model]
        return PROMPT_TOKENS * per_input + tokens * per_output


class Books:
    """All sales, by label."""

    def __init__(self) -> None:
        self._sales: dict[str, list[Sale]] = defaultdict(list)
        self._lock = threading.Lock()

    def open(self, body: dict[str, Any]) -> Sale:
        label, model, cap = str(body["messages"][-1]["content"]).split()[-1], *_asked(body)
        tokens = cap if model == "flat" else cap // 5 + zlib.crc32(label.encode()) % (cap * 4 // 5)
        sale = Sale(label, model, tokens)
        with self._lock:
            self._sales[label].append(sale)
        return sale

    def of(self, label: str) -> list[Sale]:
        return self._sales.get(label, [])

    def starting_with(self, prefix: str) -> list[Sale]:
        with self._lock:
            return [
                sale for label, sales in self._sales.items() if label.startswith(prefix)
                for sale in sales
            ]


def _asked(body: dict[str, Any]) -> tuple[str, int]:
    return str(body["model"]), int(body["max_tokens"])


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    books: Books

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        sale = self.books.open(body)
        try:
            if body.get("stream"):
                self._stream(sale)
            else:
                self._answer(sale)
            sale.is_complete = True
        except OSError:  # the caller left, or was killed
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: the books say it all."""

    def _answer(self, sale: Sale) -> None:
        time.sleep(WORK_S)
        sale.sent = sale.tokens
        choice = {"index": 0, "message": {"role": "assistant", "content": words(sale.tokens)},
                  "finish_reason": "stop"}
        reply = envelope(sale, choices=[choice], usage=usage(sale.tokens))
        data = json.dumps(reply).encode()
        self._head("application/json", "content-length", str(len(data)))
        self.wfile.write(data)

    def _stream(self, sale: Sale) -> None:
        self._head("text/event-stream", "transfer-encoding", "chunked")
        for piece in range(1, PIECES + 1):
            time.sleep(PIECE_S)
            count = sale.tokens * piece // PIECES - sale.sent
            sale.sent += count
            self._event(envelope(sale, choices=[choice_of({"content": words(count)})]))
        self._event(envelope(sale, choices=[choice_of({}, "stop")]))
        self._event(envelope(sale, choices=[], usage=usage(sale.tokens)))
        self._chunk(b"data: [DONE]\n\n")
        self._chunk(b"")

    def _head(self, kind: str, name: str, value: str) -> None:
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header(name, value)
        self.end_headers()

    def _event(self, event: dict[str, Any]) -> None:
        self._chunk(f"data: {json.dumps(event)}\n\n".encode())

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Callers that are killed break their lines: that is what we are here for."""


def words(count: int) -> str:
    return " word" * count


def usage(tokens: int) -> dict[str, int]:
    return {"prompt_tokens": PROMPT_TOKENS, "completion_tokens": tokens,
            "total_tokens": PROMPT_TOKENS + tokens}


def choice_of(delta: dict[str, str], finish_reason: str | None = None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "finish_reason": finish_reason}


def envelope(sale: Sale, **more: Any) -> dict[str, Any]:
    return {"id": "proof", "object": "chat.completion.chunk", "created": 0, "model": sale.model,
            **more}


@contextmanager
def running_upstream() -> Iterator[tuple[str, Books]]:
    """Its address, and its books."""
    books = Books()
    handler = type("BoundHandler", (Handler,), {"books": books})
    server = Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1", books
    finally:
        server.shutdown()
        server.server_close()

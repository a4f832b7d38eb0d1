"""Both vendors' batch endpoints on a loopback port, with everything that can go wrong with them.

Every request that is answered bills 100 input and 50 output tokens. `sold` is what was truly
bought: a batch that is handed in twice is there twice.
"""

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

from tests.upstreams import anthropic, openai

INPUT_TOKENS, OUTPUT_TOKENS = 100, 50
OURS = "An answer that was made ahead."


@dataclass
class Faults:
    """What goes wrong. `fates`: by the place of a request. `cut_after`: lines of the results."""

    status: int = 0  # of every reply, instead of an answer
    hangs_up_after_create: int = 0  # so often the batch is made, and its reply is not heard
    hangs_up_before_create: int = 0
    fates: dict[int, str] = field(default_factory=dict)  # errored expired canceled lost garbled
    texts: dict[int, str] = field(default_factory=dict)
    cut_texts: set[int] = field(default_factory=set)  # ended at the cap
    is_reversed: bool = False
    is_twice: bool = False
    strangers: int = 0
    cut_after: int | None = None
    refuses_file: str = ""


@dataclass
class Batch:
    id: str
    vendor: str
    requests: list[dict[str, Any]]
    metadata: dict[str, str] = field(default_factory=dict)
    created_at: int = field(default_factory=lambda: int(time.time()))
    is_ended: bool = False
    is_cancelled: bool = False
    refusal: str = ""


class BatchUpstream:
    """`ends_at_once`: batches are done when they are first asked for."""

    def __init__(self) -> None:
        self.url = ""
        self.faults = Faults()
        self.batches: dict[str, Batch] = {}
        self.files: dict[str, tuple[str, bytes]] = {}
        self.ends_at_once = self.tells_usage = self.has_web = True
        self.answer: Callable[[str, str], str] = lambda custom_id, _prompt: f"{OURS} {custom_id}"
        self.asked: list[tuple[str, str]] = []

    @property
    def sold(self) -> list[str]:
        """Our ids of all requests that were ever handed in."""
        return [each["custom_id"] for batch in self.batches.values() for each in batch.requests]

    def end_all(self) -> None:
        for batch in self.batches.values():
            batch.is_ended = True

    def foreign(self, vendor: str, *, total: int) -> Batch:
        """Somebody else's batch, with the same key."""
        requests = [{"custom_id": f"theirs-{n}", "params": {"model": "m"}} for n in range(total)]
        return self._new(vendor, requests)

    def handle(self, method: str, path: str, body: bytes) -> tuple[int, bytes] | None:
        """Status and body; None: hang up."""
        self.asked.append((method, path))
        if self.faults.status:
            return self.faults.status, b'{"error": {"message": "no", "type": "api_error"}}'
        path, _, _query = path.partition("?")
        if path.startswith("/anthropic/v1/messages/batches"):
            return self._anthropic(method, path.split("/")[5:], body)
        return self._openai(method, path.split("/")[3:], body)

    # --- Anthropic

    def _anthropic(self, method: str, rest: list[str], body: bytes) -> tuple[int, bytes] | None:
        match (method, rest):
            case ("POST", []):
                return self._create("anthropic", json.loads(body)["requests"], {})
            case ("GET", []):
                rows = [self._anthropic_batch(b) for b in self._newest("anthropic")]
                return ok({"data": rows, "has_more": False, "first_id": None, "last_id": None})
            case ("GET", [batch_id]):
                return ok(self._anthropic_batch(self._asked(batch_id)))
            case ("POST", [batch_id, "cancel"]):
                self._cancel(batch_id)
                return ok(self._anthropic_batch(self.batches[batch_id]))
            case ("GET", [batch_id, "results"]):
                return 200, self._lines(self.batches[batch_id], self._anthropic_line)
        return 404, b"{}"

    def _anthropic_batch(self, batch: Batch) -> dict[str, Any]:
        total = len(batch.requests)
        counts = {"processing": 0, "succeeded": 0, "errored": 0, "canceled": 0, "expired": 0}
        counts["succeeded" if batch.is_ended else "processing"] = total
        status = "ended" if batch.is_ended else "in_progress"
        return {
            "id": batch.id, "type": "message_batch", "processing_status": status,
            "request_counts": counts, "created_at": stamp(batch.created_at),
            "expires_at": stamp(batch.created_at + 86_400), "ended_at": None,
            "archived_at": None, "cancel_initiated_at": None, "results_url": None,
        }

    def _anthropic_line(self, batch: Batch, at: int) -> dict[str, Any]:
        request, fate = batch.requests[at], self._fate(batch, at)
        custom_id = request["custom_id"]
        if fate != "succeeded":
            error = {"error": anthropic.error("bad request", kind="invalid_request_error")}
            more = error if fate == "errored" else {}
            return {"custom_id": custom_id, "result": {"type": fate} | more}
        counts: dict[str, Any] = {"input_tokens": INPUT_TOKENS, "output_tokens": OUTPUT_TOKENS}
        if self._searches(batch, at):
            counts["server_tool_use"] = {"web_search_requests": 1, "web_fetch_requests": 0}
        usage = counts if self.tells_usage else {}
        stop = "max_tokens" if at in self.faults.cut_texts else "end_turn"
        text = self._text(batch, at)
        message = anthropic.message(
            text, usage=usage, stop_reason=stop, **self._pages(batch, at, text),
            model=request["params"]["model"],
        )
        return {"custom_id": custom_id, "result": {"type": "succeeded", "message": message}}

    # --- OpenAI

    def _openai(self, method: str, rest: list[str], body: bytes) -> tuple[int, bytes] | None:
        match (method, rest):
            case ("POST", ["files"]):
                name, content = uploaded(body)
                file_id = f"file-{uuid4().hex[:12]}"
                self.files[file_id] = (name, content)
                return ok(self._file(file_id))
            case ("GET", ["files"]):
                return ok({"object": "list", "data": [self._file(each) for each in self.files]})
            case ("GET", ["files", file_id, "content"]):
                return 200, self.files[file_id][1]
            case ("POST", ["batches"]):
                asked = json.loads(body)
                lines = self.files[asked["input_file_id"]][1].decode().splitlines()
                requests = [json.loads(line) for line in lines]
                return self._create("openai", requests, asked.get("metadata") or {})
            case ("GET", ["batches"]):
                rows = [self._openai_batch(b) for b in self._newest("openai")]
                return ok({"object": "list", "data": rows, "has_more": False})
            case ("GET", ["batches", batch_id]):
                return ok(self._openai_batch(self._asked(batch_id)))
            case ("POST", ["batches", batch_id, "cancel"]):
                self._cancel(batch_id)
                return ok(self._openai_batch(self.batches[batch_id]))
        return 404, b"{}"

    def _file(self, file_id: str) -> dict[str, Any]:
        name, content = self.files[file_id]
        return {"id": file_id, "object": "file", "filename": name, "purpose": "batch",
                "bytes": len(content), "created_at": int(time.time()), "status": "processed"}

    def _openai_batch(self, batch: Batch) -> dict[str, Any]:
        status = "completed" if batch.is_ended else "in_progress"
        if self.faults.refuses_file:
            status = "failed"
        total = len(batch.requests)
        errors = [{"message": self.faults.refuses_file, "code": "invalid", "line": 1}]
        return {
            "id": batch.id, "object": "batch", "endpoint": "/v1/chat/completions",
            "completion_window": "24h", "created_at": batch.created_at, "status": status,
            "input_file_id": "file-in", "metadata": batch.metadata,
            "request_counts": {"total": total, "completed": total, "failed": 0},
            "output_file_id": self._output(batch, is_good=True) if batch.is_ended else None,
            "error_file_id": self._output(batch, is_good=False) if batch.is_ended else None,
            "errors": {"object": "list", "data": errors} if status == "failed" else None,
        }

    def _output(self, batch: Batch, *, is_good: bool) -> str:
        file_id = f"file-{batch.id}-{'out' if is_good else 'err'}"
        wanted = [at for at in range(len(batch.requests))
                  if (self._fate(batch, at) == "succeeded") == is_good]
        lines = self._lines(batch, self._openai_line, places=wanted, has_strangers=is_good)
        self.files[file_id] = (f"{file_id}.jsonl", lines)
        return file_id

    def _openai_line(self, batch: Batch, at: int) -> dict[str, Any]:
        request, fate = batch.requests[at], self._fate(batch, at)
        line = {"id": f"r{at}", "custom_id": request["custom_id"]}
        if fate == "errored":
            error = openai.error("bad request", kind="invalid_request_error")
            return line | {"response": {"status_code": 400, "body": error}, "error": None}
        if fate != "succeeded":
            code = {"expired": "batch_expired", "canceled": "batch_cancelled"}[fate]
            return line | {"response": None, "error": {"code": code, "message": fate}}
        usage = {"prompt_tokens": INPUT_TOKENS, "completion_tokens": OUTPUT_TOKENS,
                 "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS}
        answer = openai.completion(
            self._text(batch, at), usage=usage, model=request["body"]["model"]
        )
        if at in self.faults.cut_texts:
            answer["choices"][0]["finish_reason"] = "length"
        return line | {"response": {"status_code": 200, "body": answer}, "error": None}

    # --- both

    def _create(
        self, vendor: str, requests: list[dict[str, Any]], metadata: dict[str, str]
    ) -> tuple[int, bytes] | None:
        if self.faults.hangs_up_before_create:
            self.faults.hangs_up_before_create -= 1
            return None
        batch = self._new(vendor, requests)
        batch.metadata = metadata
        if self.faults.hangs_up_after_create:
            self.faults.hangs_up_after_create -= 1
            return None
        return ok(self._anthropic_batch(batch) if vendor == "anthropic"
                  else self._openai_batch(batch))

    def _new(self, vendor: str, requests: list[dict[str, Any]]) -> Batch:
        batch = Batch(f"batch_{uuid4().hex[:12]}", vendor, requests)
        self.batches[batch.id] = batch
        return batch

    def _newest(self, vendor: str) -> list[Batch]:
        return [b for b in reversed(self.batches.values()) if b.vendor == vendor]

    def _asked(self, batch_id: str) -> Batch:
        batch = self.batches[batch_id]
        batch.is_ended = batch.is_ended or self.ends_at_once
        return batch

    def _cancel(self, batch_id: str) -> None:
        batch = self.batches[batch_id]
        batch.is_cancelled = not batch.is_ended

    def _fate(self, batch: Batch, at: int) -> str:
        usual = "canceled" if batch.is_cancelled else "succeeded"
        fate = self.faults.fates.get(at, usual)
        return "succeeded" if fate in ("lost", "garbled") else fate

    def _searches(self, batch: Batch, at: int) -> bool:
        return bool(batch.requests[at]["params"].get("tools"))

    def _pages(self, batch: Batch, at: int, text: str) -> dict[str, Any]:
        """Two pages for whoever may search; none while the web is away."""
        if not self._searches(batch, at):
            return {}
        pages = [anthropic.page(f"Page {n}", f"https://page{n}.example/") for n in (1, 2)]
        failed = "" if self.has_web else "unavailable"
        return {"content": anthropic.searched(*pages, failed=failed, text=text)}

    def _text(self, batch: Batch, at: int) -> str:
        if at in self.faults.texts:
            return self.faults.texts[at]
        request = batch.requests[at]
        body = request.get("params") or request["body"]
        return self.answer(request["custom_id"], json.dumps(body.get("messages")))

    def _lines(
        self, batch: Batch, line: Callable[[Batch, int], dict[str, Any]],
        places: list[int] | None = None, *, has_strangers: bool = True,
    ) -> bytes:
        faults = self.faults
        chosen = range(len(batch.requests)) if places is None else places
        chosen = [at for at in chosen if faults.fates.get(at) != "lost"]
        chosen = list(reversed(chosen)) if faults.is_reversed else chosen
        lines = []
        for at in chosen:
            text = json.dumps(line(batch, at))
            lines.append('{"custom_id": "' if faults.fates.get(at) == "garbled" else text)
        if faults.is_twice:
            lines += lines
        if has_strangers and faults.strangers and chosen:
            stranger = line(batch, chosen[0])
            lines += [
                json.dumps(stranger | {"custom_id": f"nobody-{n}"})
                for n in range(faults.strangers)
            ]
        return "".join(f"{each}\n" for each in lines).encode()


def stamp(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def ok(value: Any) -> tuple[int, bytes]:
    return 200, json.dumps(value).encode()


def uploaded(body: bytes) -> tuple[str, bytes]:
    """The file in a multipart body: its name and content."""
    found = re.search(rb'filename="([^"]+)"\r\n.*?\r\n\r\n(.*?)\r\n--', body, re.DOTALL)
    assert found, body[:300]
    return found[1].decode(), found[2]


class Server(ThreadingHTTPServer):
    daemon_threads = True
    upstream: BatchUpstream


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        upstream = self.server.upstream
        reply = upstream.handle(self.command, self.path, body)
        if reply is None:
            self.close_connection = True
            return
        status, content = reply
        kept = self._kept(content)
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(kept)
        self.close_connection = self.close_connection or kept != content

    def _kept(self, content: bytes) -> bytes:
        """Results whose line is cut in the middle."""
        after = self.server.upstream.faults.cut_after
        is_results = self.path.endswith(("/results", "/content"))
        if after is None or not is_results:
            return content
        return b"".join(content.splitlines(keepends=True)[:after])

    def log_message(self, *args: Any) -> None:
        """Quiet."""


@contextmanager
def running_batches() -> Iterator[BatchUpstream]:
    server = Server(("127.0.0.1", 0), Handler)
    upstream = server.upstream = BatchUpstream()
    upstream.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield upstream
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)

"""The simulated providers' batches, in both vendors' words. What is handed in is answered by the
same books as any other call, all of it a little later."""

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from costcontrol.demo import wire

TAKES_S = 12.0  # so long a batch is under way: people want to watch it
UPLOADED = re.compile(rb'filename="([^"]+)"\r\n.*?\r\n\r\n(.*?)\r\n--', re.DOTALL)
NAMES = ("processing", "succeeded", "errored", "canceled", "expired")
Json = dict[str, Any]
Answer = Callable[[str, Json], wire.Said]  # vendor, body


@dataclass(slots=True)
class Batch:
    id: str
    requests: list[Json]
    metadata: Json = field(default_factory=dict)
    created: float = field(default_factory=time.time)
    is_cancelled: bool = False

    @property
    def is_ended(self) -> bool:
        return self.is_cancelled or time.time() - self.created >= TAKES_S

    @property
    def answered(self) -> list[Json]:
        return [] if self.is_cancelled else self.requests


class Batches:
    """`handle` gives status and body; a body that is bytes is sent as it is."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._batches: dict[str, Batch] = {}
        self._files: dict[str, tuple[str, bytes]] = {}
        self._said: dict[str, bytes] = {}

    def handle(self, method: str, path: str, body: bytes) -> tuple[int, Json | bytes] | None:
        """None: it is no request about batches."""
        place = path.partition("?")[0].strip("/").split("/")
        if place[:4] == ["anthropic", "v1", "messages", "batches"]:
            return self._anthropic(method, place[4:], body)
        if place[:2] == ["openai", "v1"] and place[2:3] in (["files"], ["batches"]):
            return self._openai(method, place[2:], body)
        return None

    def _anthropic(self, method: str, place: list[str], body: bytes) -> tuple[int, Json | bytes]:
        match (method, place):
            case ("POST", []):
                return 200, _anthropic_batch(self._new(json.loads(body)["requests"], {}))
            case ("GET", []):
                rows = [_anthropic_batch(each) for each in reversed(self._batches.values())]
                return 200, {"data": rows, "has_more": False, "first_id": None, "last_id": None}
            case (_, [name, *rest]) if batch := self._batches.get(name):
                if rest == ["results"]:
                    return 200, self._results(batch, self._anthropic_line)
                batch.is_cancelled |= rest == ["cancel"] and not batch.is_ended
                return 200, _anthropic_batch(batch)
        return 404, wire.error("anthropic", 500)

    def _openai(self, method: str, place: list[str], body: bytes) -> tuple[int, Json | bytes]:
        match (method, place):
            case ("POST", ["files"]) if found := UPLOADED.search(body):
                name = f"file-{uuid4().hex[:20]}"
                self._files[name] = (found[1].decode(), found[2])
                return 200, self._file(name)
            case ("GET", ["files"]):
                return 200, {"object": "list", "data": list(map(self._file, self._files))}
            case ("GET", ["files", name, "content"]) if name in self._files:
                return 200, self._files[name][1]
            case ("POST", ["batches"]):
                asked = json.loads(body)
                lines = self._files[asked["input_file_id"]][1].splitlines()
                made = self._new(list(map(json.loads, lines)), asked.get("metadata") or {})
                return 200, self._openai_batch(made)
            case ("GET", ["batches"]):
                rows = [self._openai_batch(each) for each in reversed(self._batches.values())]
                return 200, {"object": "list", "data": rows, "has_more": False}
            case (_, ["batches", name, *rest]) if batch := self._batches.get(name):
                batch.is_cancelled |= rest == ["cancel"] and not batch.is_ended
                return 200, self._openai_batch(batch)
        return 404, wire.error("openai", 500)

    def _new(self, requests: list[Json], metadata: Json) -> Batch:
        batch = Batch(f"batch_demo_{uuid4().hex[:16]}", requests, metadata)
        self._batches[batch.id] = batch
        return batch

    def _results(self, batch: Batch, line: Callable[[Json], Json]) -> bytes:
        """The same each time it is asked for."""
        if batch.id not in self._said:
            lines = [json.dumps(line(each)) for each in batch.answered]
            self._said[batch.id] = "".join(f"{each}\n" for each in lines).encode()
        return self._said[batch.id]

    def _anthropic_line(self, request: Json) -> Json:
        said = self._answer("anthropic", request["params"])
        message = wire.whole("anthropic", said)
        return {"custom_id": request["custom_id"],
                "result": {"type": "succeeded", "message": message}}

    def _openai_line(self, request: Json) -> Json:
        body = wire.whole("openai", self._answer("openai", request["body"]))
        return {"id": "demo", "custom_id": request["custom_id"],
                "response": {"status_code": 200, "body": body}, "error": None}

    def _file(self, name: str) -> Json:
        return {"id": name, "object": "file", "filename": self._files[name][0], "bytes": 0,
                "purpose": "batch", "created_at": int(time.time()), "status": "processed"}

    def _openai_batch(self, batch: Batch) -> Json:
        output = None
        if batch.is_ended:
            output = f"file-{batch.id}"
            self._files[output] = (output, self._results(batch, self._openai_line))
        total, done = len(batch.requests), len(batch.answered) if batch.is_ended else 0
        usual = "completed" if batch.is_ended else "in_progress"
        return {
            "id": batch.id, "object": "batch", "endpoint": "/v1/chat/completions",
            "completion_window": "24h", "created_at": int(batch.created),
            "metadata": batch.metadata, "input_file_id": "file-demo", "output_file_id": output,
            "error_file_id": None,
            "status": "cancelled" if batch.is_cancelled else usual,
            "request_counts": {"total": total, "completed": done, "failed": 0},
        }


def _anthropic_batch(batch: Batch) -> Json:
    counts = dict.fromkeys(NAMES, 0)
    done = "canceled" if batch.is_cancelled else "succeeded"
    counts[done if batch.is_ended else "processing"] = len(batch.requests)
    return {
        "id": batch.id, "type": "message_batch", "request_counts": counts, "results_url": None,
        "processing_status": "ended" if batch.is_ended else "in_progress",
        "created_at": _stamp(batch.created), "expires_at": _stamp(batch.created + 86_400),
        "ended_at": None, "archived_at": None, "cancel_initiated_at": None,
    }


def _stamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()

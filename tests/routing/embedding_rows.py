"""Prices and limits of vectors that a vendor sells, and the vendor."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from billing.models import Budget, ModelPrice
from routing import snapshot

PAST = datetime(2026, 1, 1, tzinfo=UTC)


class Vendor(BaseHTTPRequestHandler):
    """Speaks like Ollama and like OpenAI: a vector is (length of the text, 1), and a text has as
    many tokens as words."""

    is_short = False
    status = 200
    says_tokens = True
    elsewhere = ""  # where it sends everybody, with what they sent
    asked = 0  # requests

    def do_POST(self) -> None:
        type(self).asked += 1
        if self.elsewhere:
            self.send_response(307)
            self.send_header("Location", f"{self.elsewhere}{self.path}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.status != 200:
            self._answer({"error": {"message": "no"}})
            return
        rows = [[float(len(text)), 1.0] for text in asked["input"]]
        rows = rows[1:] if self.is_short else rows
        tokens = sum(len(text.split()) for text in asked["input"])
        if self.path == "/api/embed":
            told = {"prompt_eval_count": tokens} if self.says_tokens else {}
            self._answer({"model": asked["model"], "embeddings": rows, **told})
        else:
            data = [{"object": "embedding", "index": at, "embedding": row}
                    for at, row in reversed(list(enumerate(rows)))]
            self._answer({"object": "list", "model": asked["model"], "data": data,
                          "usage": {"prompt_tokens": tokens, "total_tokens": tokens}})

    def _answer(self, body: Any) -> None:
        data = json.dumps(body).encode()
        self.send_response(self.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: Any) -> None:
        pass


@contextmanager
def vendor_at(settings: Any) -> Iterator[type[Vendor]]:
    class Mine(Vendor):
        """What a test changes is its own."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Mine)
    Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    settings.OLLAMA_HOST, settings.OPENAI_BASE_URL = address, f"{address}/v1"
    try:
        yield Mine
    finally:
        server.shutdown()
        server.server_close()


def price(provider: str, usd: str, *, model: str = "small") -> ModelPrice:
    """USD for a million tokens."""
    amount = Decimal(usd)
    row = ModelPrice.objects.create(
        provider=provider, model=model, processing="standard", min_input_tokens=0,
        fresh_input=amount, cache_read=amount, cache_write=amount, output=0, search_usd=0,
        source="test", source_date=date(2026, 1, 1), effective_from=PAST,
    )
    snapshot.forget()
    return row


def budget(scope_kind: str, scope_id: str, nanos: int) -> Budget:
    row = Budget.objects.create(
        scope_kind=scope_kind, scope_id=scope_id, period="month", cap_nanos=nanos, zone="UTC"
    )
    snapshot.forget()
    return row

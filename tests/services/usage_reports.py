"""A simulation of the usage and cost reports of Anthropic and OpenAI, over real HTTP, with paging.

Its shapes are those that docs/reconciliation.md names the sources of. It is no vendor: what a live
account answers was not at hand. It keeps an admin key and an ordinary one; each question is kept.
"""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

ADMIN, ORDINARY, UNALLOWED = "admin-key-of-the-simulation", "ordinary-4711", "unallowed-4712"
ANTHROPIC_USAGE = "/v1/organizations/usage_report/messages"
ANTHROPIC_COST = "/v1/organizations/cost_report"
OPENAI_USAGE = "/v1/organization/usage/completions"
OPENAI_EMBEDDINGS = "/v1/organization/usage/embeddings"
OPENAI_COST = "/v1/organization/costs"
DAY = timedelta(days=1)
Results = dict[str, list[dict[str, Any]]]  # by day


@dataclass
class Trouble:
    """Instead of one answer. `body` None: the line is cut."""

    status: int = 500
    body: bytes | None = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    wait_s: float = 0.0


@dataclass
class Reports:
    """`results` by address; `page_days`: how many days one page holds at most; `missing`: days that
    have no bucket yet; `cursor`: what every page names as the next one."""

    url: str = ""
    results: dict[str, Results] = field(default_factory=dict)
    page_days: int = 31
    missing: set[str] = field(default_factory=set)
    cursor: str = ""
    troubles: list[Trouble] = field(default_factory=list)
    asked: list[tuple[str, dict[str, list[str]]]] = field(default_factory=list)

    def put(self, path: str, day: str, *results: dict[str, Any]) -> None:
        self.results.setdefault(path, {}).setdefault(day, []).extend(results)

    def answer(self, path: str, query: dict[str, list[str]]) -> dict[str, Any]:
        is_openai = path.startswith("/v1/organization/")
        first, last = _asked_days(query, is_openai=is_openai)
        days = [first + n * DAY for n in range((last - first).days)]
        begin = int(query["page"][0].removeprefix("page_")) if "page" in query else 0
        size = min(self.page_days, int(query["limit"][0]))
        shown, rest = days[begin:begin + size], days[begin + size:]
        of_path = self.results.get(path, {})
        data = [
            _bucket(day, of_path.get(day.isoformat(), []), is_openai=is_openai)
            for day in shown if day.isoformat() not in self.missing
        ]
        page: dict[str, Any] = {
            "data": data, "has_more": bool(rest) or bool(self.cursor),
            "next_page": self.cursor or (f"page_{begin + size}" if rest else None),
        }
        return page | ({"object": "page"} if is_openai else {})


def _asked_days(query: dict[str, list[str]], *, is_openai: bool) -> tuple[date, date]:
    assert query["bucket_width"] == ["1d"]
    if is_openai:
        times = [int(query[name][0]) for name in ("start_time", "end_time")]
        first, last = (datetime.fromtimestamp(each, UTC).date() for each in times)
    else:
        texts = [query[name][0] for name in ("starting_at", "ending_at")]
        first, last = (datetime.fromisoformat(each).astimezone(UTC).date() for each in texts)
    return first, last


def _bucket(day: date, results: list[dict[str, Any]], *, is_openai: bool) -> dict[str, Any]:
    if not is_openai:
        return {
            "starting_at": f"{day}T00:00:00Z", "ending_at": f"{day + DAY}T00:00:00Z",
            "results": results,
        }
    start = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
    return {"object": "bucket", "start_time": start, "end_time": start + 86_400,
            "results": results}


@contextmanager
def running_reports() -> Iterator[Reports]:
    reports = Reports()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = parse_qs(parts.query)
            reports.asked.append((parts.path, query))
            if reports.troubles:
                self._trouble(reports.troubles.pop(0))
                return
            status = _status(parts.path, dict(self.headers))
            body = reports.answer(parts.path, query) if status == 200 else _error(status)
            self._send(status, json.dumps(body).encode(), {})

        def _trouble(self, trouble: Trouble) -> None:
            time.sleep(trouble.wait_s)
            if trouble.body is None:
                self.connection.close()
                return
            self._send(trouble.status, trouble.body, trouble.headers)

        def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in ({"Content-Type": "application/json"} | headers).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    reports.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield reports
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _status(path: str, headers: dict[str, str]) -> int:
    """As vendors tell keys apart: one of another kind is none."""
    sent = {name.lower(): value for name, value in headers.items()}
    if path in (ANTHROPIC_USAGE, ANTHROPIC_COST):
        key = sent.get("x-api-key", "")
        if sent.get("anthropic-version") != "2023-06-01":
            return 400
    elif path in (OPENAI_USAGE, OPENAI_EMBEDDINGS, OPENAI_COST):
        key = sent.get("authorization", "").removeprefix("Bearer ")
    else:
        return 404
    return {ADMIN: 200, UNALLOWED: 403}.get(key, 401)


def _error(status: int) -> dict[str, Any]:
    return {"type": "error", "error": {"type": "error", "message": f"{ORDINARY}: {status}"}}

"""The HTTP side: `/v1/…` for the SDK, `/_fake/…` for tests, everything else for browsers."""

import json
import secrets
import socket
import time
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.upstreams.stripe import control
from tests.upstreams.stripe.errors import Refusal
from tests.upstreams.stripe.hosted import Shown, Visit, visited
from tests.upstreams.stripe.idempotency import Answer, Keys
from tests.upstreams.stripe.lifecycle import look
from tests.upstreams.stripe.lists import rendered
from tests.upstreams.stripe.params import checked
from tests.upstreams.stripe.routes import found
from tests.upstreams.stripe.shapes import shown as plain
from tests.upstreams.stripe.state import API_VERSION, State

HOST = "127.0.0.1"
LARGEST = 1_000_000


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, state: State, *, port: int = 0) -> None:
        super().__init__((HOST, port), Handler)
        self.state = state
        self.keys = Keys()
        self.troubles = control.Troubles()
        self.received: list[dict[str, Any]] = []
        self._open: set[socket.socket] = set()
        state.origin = self.url

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.server_port}"

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is no news."""

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
        for it in list(self._open):
            self.shutdown_request(it)


class Broken(Exception):
    """The connection was cut on purpose."""


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None: ...

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_DELETE(self) -> None:
        self._answer()

    def _answer(self) -> None:
        try:
            self._dispatch()
        except (Broken, OSError):
            self.close_connection = True
        except Exception as error:  # a bug of ours: said aloud
            traceback.print_exc()
            body = {"error": {"type": "api_error", "message": repr(error)}}
            self._send(500, json.dumps(body).encode())

    def _dispatch(self) -> None:
        address = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        if length > LARGEST:
            self._send(413, b"")
            return
        body = self.rfile.read(length).decode()
        if address.path.startswith("/v1/"):
            self._api(address.path, body if self.command == "POST" else address.query)
        elif address.path.startswith("/_fake/"):
            answer = control.answered(self.server, self.command, address.path, body)
            self._send(200, json.dumps(answer).encode())
        else:
            self._page(address.path, dict(parse_qsl(body, keep_blank_values=True)))

    # the API

    def _api(self, path: str, form: str) -> None:
        request_id = f"req_{secrets.token_hex(7)}"
        key = self.headers.get("Idempotency-Key") if self.command == "POST" else None
        self.server.received.append({
            "id": request_id, "method": self.command, "path": path, "form": form, "key": key,
        })  # fmt: skip
        try:
            self._check_headers()
            answer = self._once(key, path, form, request_id)
        except Refusal as refusal:
            answer = _refused(refusal, request_id)
        if self.server.troubles.cut(self.command, path):
            self.connection.shutdown(socket.SHUT_RDWR)
            raise Broken
        self._send(answer.status, answer.body, {"Request-Id": answer.request_id})

    def _check_headers(self) -> None:
        scheme, _, key = (self.headers.get("Authorization") or "").partition(" ")
        if scheme != "Bearer" or not key.startswith(("sk_", "rk_")):
            raise Refusal("Invalid API Key provided.", status=401)
        version = self.headers.get("Stripe-Version")
        if version != API_VERSION:
            raise Refusal(f"Invalid Stripe API version: {version}. This one is {API_VERSION}.")

    def _once(self, key: str | None, path: str, form: str, request_id: str) -> Answer:
        now = self.server.state.now
        if key and (before := self.server.keys.begin(key, (self.command, path, form), now=now)):
            return before
        try:
            answer = self._done(path, form, request_id, key)
        except BaseException:
            if key:
                self.server.keys.forget(key)
            raise
        if key:
            self.server.keys.end(key, answer)
        return answer

    def _done(self, path: str, form: str, request_id: str, key: str | None) -> Answer:
        """Refusals are raised, their key is free again; a declined card is an answer to keep."""
        state = self.server.state
        route, ids = found(self.command, path)
        params = checked(form, route.takes)
        if wait := self.server.troubles.wait_s(self.command, path):
            time.sleep(wait)
        with state.lock:
            state.clock.catch_up(lambda id: look(state, id))
            state.request = {"id": request_id, "idempotency_key": key}
            try:
                answer = route.handler(state, params, *ids)
                body = rendered(state, answer, params.get("expand", []))
            except Refusal as refusal:
                if refusal.status != 402:
                    raise
                return _refused(refusal, request_id)
            finally:
                state.request = {"id": None, "idempotency_key": None}
        return Answer(200, json.dumps(body).encode(), request_id)

    # pages

    def _page(self, path: str, form: dict[str, str]) -> None:
        state = self.server.state
        visit = Visit(self.command, form, self.headers.get("Accept-Language", ""))
        with state.lock:
            state.clock.catch_up(lambda id: look(state, id))
            try:
                shown = visited(state, path, visit)
            except Refusal as refusal:
                shown = Shown(str(refusal).encode(), status=refusal.status, kind="text/plain")
        headers = {"Location": shown.location} if shown.location else {}
        self._send(shown.status, shown.body, headers, kind=shown.kind)

    def _send(
        self, status: int, body: bytes, headers: dict[str, str] | None = None,
        *, kind: str = "application/json",
    ) -> None:  # fmt: skip
        self.send_response(status)
        for name, value in ({"Content-Type": kind} | (headers or {})).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _refused(refusal: Refusal, request_id: str) -> Answer:
    body = {"error": plain({**refusal.error, "request_log_url": f"/_fake/requests#{request_id}"})}
    return Answer(refusal.status, json.dumps(body).encode(), request_id)

"""A frontend of debates at an address of its own, with a backend that gets tokens for its users."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import uuid4

import httpx
import jwt

from accounts.models import ApiKey
from costcontrol.lib import clock
from tests.services.plain import PLAIN

PAGE = '<!doctype html><meta charset="utf-8"><title>Debates</title>\
<link rel="icon" href="data:,"><script type="module" src="/main.js"></script>'
MAIN = """
import { Debates } from "/client.js";
const token = () => fetch("/token").then((reply) => reply.text());
window.heard = [];
window.begin = async (base, order) => {
  const debates = window.debates = new Debates(base, token);
  const debate = await debates.call("POST", "debates", order);
  const ask = async () => "I do not think so.";
  return debates.play(debate, { show: (event) => window.heard.push(event), ask });
};
window.isReady = true;
"""
TYPES = {"/": "text/html", "/token": "text/plain"}
Answers = Mapping[str, Callable[[], str]]


@contextmanager
def frontend(client: str, *, port: int, token: Callable[[], str]) -> Iterator[str]:
    """Its address. `client`: the module that the guide tells one to write."""
    answers: Answers = {
        "/": lambda: PAGE, "/main.js": lambda: MAIN, "/client.js": lambda: client, "/token": token,
    }
    server = ThreadingHTTPServer(("localhost", port), handler(answers))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://localhost:{port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def handler(answers: Answers) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = answers[self.path]().encode()
            self.send_response(200)
            kind = TYPES.get(self.path, "text/javascript")
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler


def token_for(key: ApiKey, subject: str, *, url: str) -> str:
    """As docs/user-tokens.md tells a backend to do it."""
    now = clock.now()
    claims = {"sub": subject, "iat": now, "exp": now + timedelta(minutes=1), "jti": uuid4().hex}
    text = jwt.encode(claims, key.digest, algorithm="HS256", headers={"kid": key.prefix})
    reply = httpx.post(f"{url}/api/v1/tokens", json={"assertion": text}, **PLAIN)
    return str(reply.raise_for_status().json()["token"])

"""The Stripe of `tests/upstreams/stripe/`, in a thread, for as long as a `with` block lasts."""

import json
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.upstreams.stripe.app import new_server

KEY = "sk_test_fake"
Post = Callable[[bytes, str], int]  # (body, Stripe-Signature) -> status
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class StripeFake:
    """Everything goes over HTTP, so that it is the same for one in a process of its own."""

    url: str
    key: str = KEY

    def ask(self, name: str, **what: Any) -> Any:
        """POST to `/_fake/…`."""
        return self._call(f"/_fake/{name}", json.dumps(what).encode())

    def see(self, name: str) -> Any:
        return self._call(f"/_fake/{name}", None)

    def _call(self, path: str, body: bytes | None) -> Any:
        with _opener.open(urllib.request.Request(self.url + path, data=body), timeout=30) as answer:
            return json.loads(answer.read())

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.see("clock")["now"], UTC)

    @property
    def events(self) -> list[dict[str, Any]]:
        return list(self.see("events"))

    @property
    def requests(self) -> list[dict[str, Any]]:
        """As {"method", "path", "form", "key", "id"}, in order."""
        return list(self.see("requests"))

    def advance(self, *, days: float = 0, hours: float = 0, to: datetime | None = None) -> datetime:
        """Move the clock; what falls due on the way is done."""
        if to is not None:
            moved = self.ask("advance", to=int(to.timestamp()))
        else:
            moved = self.ask(
                "advance", seconds=int(timedelta(days=days, hours=hours).total_seconds())
            )
        return datetime.fromtimestamp(moved["now"], UTC)

    def deliver(self, post: Post | None = None) -> list[dict[str, Any]]:
        """Deliver what is due, to the webhook or by calling `post`: what was sent, with status."""
        if post is None:
            return list(self.ask("deliver"))
        sent = []
        for one in self.ask("take"):
            status = post(one["body"].encode(), one["signature"])
            self.ask("report", number=one["number"], status=status)
            sent.append({"event": one["event"], "type": one["type"], "status": status})
        return sent

    def chaos(self, *, duplicate: float = 0.0, drop: float = 0.0, reorder: bool = False) -> None:
        self.ask("chaos", duplicate=duplicate, drop=drop, reorder=reorder)

    def redeliver(self, event_id: str) -> None:
        self.ask("redeliver", event=event_id)

    def cut(self, pattern: str = "POST *", *, after: int = 0) -> None:
        """The next such request (after so many) takes effect, and its answer is lost."""
        self.ask("trouble", cut=pattern, after=after)

    def slow(self, pattern: str, *, seconds: float) -> None:
        self.ask("trouble", slow=pattern, seconds=seconds)

    def settings(self, **fields: Any) -> None:
        """Fields of `tests.upstreams.stripe.settings.Settings`."""
        self.ask("settings", **fields)

    def card(self, customer: str, number: str) -> None:
        """From now on this card pays for everything of the customer."""
        self.ask("card", customer=customer, number=number)

    def answer_bank(self, intent: str, *, is_yes: bool) -> None:
        self.ask("bank", intent=intent, yes=is_yes)

    def dispute(self, charge: str) -> str:
        return str(self.ask("dispute", charge=charge)["dispute"])

    def visit(self, url: str, **form: str) -> "Visited":
        """As a browser would: GET, or POST with a form. Redirects are not followed."""
        return visit(url, **form)

    def pay(self, url: str, number: str = "4242424242424242") -> "Visited":
        """Give a card on a Checkout or invoice page, and say yes if the bank asks."""
        seen = visit(url, do="pay", number=number)
        while seen.location.startswith(f"{self.url}/3ds/"):
            seen = visit(seen.location, do="complete")
        return seen


@dataclass(frozen=True)
class Visited:
    status: int
    text: str
    location: str


class _Stays(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def visit(url: str, *, language: str = "en", **form: str) -> Visited:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Stays)
    body = urllib.parse.urlencode(form).encode() if form else None
    request = urllib.request.Request(url, data=body, headers={"Accept-Language": language})
    try:
        answer = opener.open(request, timeout=30)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        text = answer.read().decode("utf-8", "replace")
        return Visited(answer.status, text, answer.headers.get("Location") or "")


@contextmanager
def running_stripe(*, clock: datetime | None = None) -> Iterator[StripeFake]:
    """With a time its clock stands there until it is moved; without, it runs with the machine's.
    Deliveries are held until `deliver`."""
    server = new_server(clock=clock)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield StripeFake(server.url)
    finally:
        server.stop()
        thread.join(5)


@pytest.fixture
def stripe_fake() -> Iterator[StripeFake]:
    with running_stripe() as fake:
        yield fake

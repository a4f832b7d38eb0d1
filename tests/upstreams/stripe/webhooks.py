"""Deliveries of events: signed, tried again on the fake's clock, and broken on demand."""

import json
import random
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import Any

from stripe import WebhookSignature

HOUR = 3_600
GIVES_UP_AFTER = 3 * 24 * HOUR


@dataclass
class Delivery:
    number: int
    event_id: str
    due: int
    since: int
    attempts: int = 0


@dataclass(frozen=True)
class Sent:
    """One POST that was made: what `/_fake/deliver` answers with."""

    event_id: str
    status: int


@dataclass
class Outbox:
    """`waiting` is what has not been taken; chaos is applied when deliveries are taken."""

    dice: random.Random
    waiting: list[Delivery] = field(default_factory=list)
    duplicate: float = 0.0
    drop: float = 0.0
    reorder: bool = False
    is_held: bool = True
    taken: dict[int, Delivery] = field(default_factory=dict)
    numbers: int = 0
    counts: dict[str, int] = field(
        default_factory=lambda: {"delivered": 0, "duplicated": 0, "dropped": 0, "refused": 0}
    )

    def put(self, event_id: str, *, now: int, since: int | None = None, attempts: int = 0) -> None:
        self.numbers += 1
        start = now if since is None else since
        self.waiting.append(Delivery(self.numbers, event_id, now, start, attempts))

    def take(self, *, now: int) -> list[Delivery]:
        """What is due, after dropping, repeating and shuffling."""
        due = [it for it in self.waiting if it.due <= now]
        self.waiting = [it for it in self.waiting if it.due > now]
        kept = [it for it in due if not self._happens("dropped", self.drop)]
        again = [it for it in kept if self._happens("duplicated", self.duplicate)]
        out = kept + again
        if self.reorder:
            self.dice.shuffle(out)
        self.taken |= {it.number: it for it in out}
        return out

    def report(self, number: int, status: int, *, now: int) -> None:
        """Not a 2xx: again after 1, 2, 4 … hours, for three days."""
        delivery = self.taken.pop(number, None)
        if 200 <= status < 300:
            self.counts["delivered"] += 1
            return
        self.counts["refused"] += 1
        if delivery is None:
            return
        due = now + HOUR * 2**delivery.attempts
        if due - delivery.since <= GIVES_UP_AFTER:
            self.put(
                delivery.event_id, now=due, since=delivery.since, attempts=delivery.attempts + 1
            )

    def _happens(self, what: str, share: float) -> bool:
        happens = share > 0 and self.dice.random() < share
        self.counts[what] += happens
        return happens


def signed(event: dict[str, Any], *, secret: str, signs_at: int = 0) -> tuple[bytes, str]:
    """Body and Stripe-Signature. The signature carries the machine's time, whatever ours is."""
    body = json.dumps(event, separators=(",", ":"))
    when = int(time.time()) + signs_at
    return body.encode(), WebhookSignature.generate_signature_header(body, secret, when)


def post(url: str, body: bytes, signature: str) -> int:
    """The status, 0 when nobody answered."""
    request = urllib.request.Request(
        url, data=body, method="POST",
        headers={"Content-Type": "application/json; charset=utf-8", "Stripe-Signature": signature},
    )  # fmt: skip
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except OSError:
        return 0

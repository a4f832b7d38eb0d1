"""`/_fake/…`: what tests ask of the fake itself. JSON in, JSON out.

POST advance   {"seconds": n} or {"to": timestamp}     does what is due, in order of time
POST deliver   {}                       sends what is due to the webhook, says what came
POST take      {}                       the same, signed, to be posted by the caller
POST report    {"number": n, "status": 200}           how the caller's post went
POST redeliver {"event": id}                          once more
POST chaos     {"duplicate": 0.3, "drop": 0.3, "reorder": true}    shares of deliveries
POST hold      {"on": true}                           off: a thread delivers by itself
POST trouble   {"cut": "POST /v1/…", "after": n} or {"slow": "POST /v1/…", "seconds": s}
POST settings  fields of settings.Settings
POST card      {"customer": id, "number": "4000…"}    the customer's card is this one from now on
POST bank      {"intent": id, "yes": true}            the answer to 3-D Secure
POST dispute   {"charge": id} or {"dispute": id, "won": false}
POST emit      {"type": t, "object": {…}}             an event about anything
GET  requests, events, clock, counts, deliveries
"""

import json
from dataclasses import asdict, dataclass
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any

from tests.upstreams.stripe import webhooks
from tests.upstreams.stripe.cards import attach, new_method
from tests.upstreams.stripe.customers import make_default
from tests.upstreams.stripe.hosted import answer_bank
from tests.upstreams.stripe.lifecycle import look
from tests.upstreams.stripe.payments import close_dispute, dispute
from tests.upstreams.stripe.shapes import shown
from tests.upstreams.stripe.state import Obj, State

if TYPE_CHECKING:
    from tests.upstreams.stripe.server import Server


@dataclass
class Trouble:
    pattern: str
    skips: int = 0
    seconds: float = 0.0


class Troubles:
    """What goes wrong with an answer; each once."""

    def __init__(self) -> None:
        self.cuts: list[Trouble] = []
        self.slow: list[Trouble] = []

    def cut(self, method: str, path: str) -> bool:
        """The request took effect and nobody hears of it."""
        return self._next(self.cuts, method, path) is not None

    def wait_s(self, method: str, path: str) -> float:
        trouble = self._next(self.slow, method, path)
        return trouble.seconds if trouble else 0.0

    def _next(self, troubles: list[Trouble], method: str, path: str) -> Trouble | None:
        for trouble in troubles:
            if fnmatch(f"{method} {path}", trouble.pattern):
                if trouble.skips:
                    trouble.skips -= 1
                    return None
                troubles.remove(trouble)
                return trouble
        return None


def answered(server: "Server", method: str, path: str, body: str) -> Any:
    name = path.removeprefix("/_fake/")
    asked: Obj = json.loads(body) if body else {}
    if method == "POST" and name == "deliver":
        return deliver(server.state)
    with server.state.lock:
        return _COMMANDS[method, name](server, asked)


def deliver(state: State) -> list[Obj]:
    """Outside the lock: who gets an event asks back at once."""
    sent = []
    for one in _taken(state):
        status = webhooks.post(state.settings.webhook, one["body"].encode(), one["signature"])
        with state.lock:
            state.outbox.report(one["number"], status, now=state.now)
        sent.append({"event": one["event"], "type": one["type"], "status": status})
    return sent


def _taken(state: State) -> list[Obj]:
    with state.lock:
        out = []
        for delivery in state.outbox.take(now=state.now):
            event = shown(state.tables["event"][delivery.event_id])
            settings = state.settings
            body, signature = webhooks.signed(
                event, secret=settings.secret, signs_at=settings.signs_at
            )
            out.append({
                "number": delivery.number, "event": event["id"], "type": event["type"],
                "body": body.decode(), "signature": signature,
            })  # fmt: skip
        return out


def _advance(server: "Server", asked: Obj) -> Obj:
    state = server.state
    seconds = asked["to"] - state.now if "to" in asked else asked["seconds"]
    if seconds < 0:
        raise ValueError("The clock only goes forward.")
    state.clock.advance(int(seconds), lambda id: look(state, id))
    return {"now": state.now}


def _chaos(server: "Server", asked: Obj) -> Obj:
    outbox = server.state.outbox
    outbox.duplicate = asked.get("duplicate", 0.0)
    outbox.drop = asked.get("drop", 0.0)
    outbox.reorder = bool(asked.get("reorder", False))
    return {}


def _hold(server: "Server", asked: Obj) -> Obj:
    server.state.outbox.is_held = asked["on"]
    return {}


def _trouble(server: "Server", asked: Obj) -> Obj:
    if "cut" in asked:
        server.troubles.cuts.append(Trouble(asked["cut"], skips=asked.get("after", 0)))
    if "slow" in asked:
        server.troubles.slow.append(Trouble(asked["slow"], seconds=asked["seconds"]))
    return {}


def _settings(server: "Server", asked: Obj) -> Obj:
    for name, value in asked.items():
        getattr(server.state.settings, name)  # raises when there is none
        setattr(server.state.settings, name, value)
    return asdict(server.state.settings)


def _card(server: "Server", asked: Obj) -> Obj:
    """As if given on a page: this card pays for everything of the customer."""
    state = server.state
    customer = state.tables["customer"][asked["customer"]]
    method = attach(state, new_method(state, asked["number"]), customer)
    make_default(state, customer, method)
    for subscription in state.all("subscription", customer=customer["id"]):
        with state.changing(subscription, "customer.subscription.updated"):
            subscription["default_payment_method"] = method["id"]
    return {"payment_method": method["id"]}


def _bank(server: "Server", asked: Obj) -> Obj:
    intent = server.state.tables["payment_intent"][asked["intent"]]
    answer_bank(server.state, intent, is_yes=asked["yes"])
    return {"status": intent["status"]}


def _dispute(server: "Server", asked: Obj) -> Obj:
    state = server.state
    if "charge" in asked:
        return {"dispute": dispute(state, state.tables["charge"][asked["charge"]])["id"]}
    case = state.tables["dispute"][asked["dispute"]]
    return {"dispute": close_dispute(state, case, is_won=asked["won"])["id"]}


def _redeliver(server: "Server", asked: Obj) -> Obj:
    server.state.outbox.put(asked["event"], now=server.state.now)
    return {}


def _emit(server: "Server", asked: Obj) -> Obj:
    return {"event": server.state.emit(asked["type"], asked["object"])["id"]}


def _report(server: "Server", asked: Obj) -> Obj:
    server.state.outbox.report(asked["number"], asked["status"], now=server.state.now)
    return {}


_COMMANDS = {
    ("POST", "advance"): _advance,
    ("POST", "take"): lambda server, _: _taken(server.state),
    ("POST", "report"): _report,
    ("POST", "redeliver"): _redeliver,
    ("POST", "chaos"): _chaos,
    ("POST", "hold"): _hold,
    ("POST", "trouble"): _trouble,
    ("POST", "settings"): _settings,
    ("POST", "card"): _card,
    ("POST", "bank"): _bank,
    ("POST", "dispute"): _dispute,
    ("POST", "emit"): _emit,
    ("GET", "requests"): lambda server, _: server.received,
    ("GET", "events"): lambda server, _: [shown(it) for it in server.state.all("event")],
    ("GET", "clock"): lambda server, _: {"now": server.state.now},
    ("GET", "counts"): lambda server, _: server.state.outbox.counts,
    ("GET", "deliveries"): lambda server, _: [asdict(it) for it in server.state.outbox.waiting],
}

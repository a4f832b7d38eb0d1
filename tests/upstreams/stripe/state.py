"""Everything the fake knows, in memory, behind one lock. Objects are dicts in Stripe's shape; keys
that begin with an underscore are ours and are never shown."""

import random
import secrets
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

from stripe._api_version import _ApiVersion

from tests.upstreams.stripe.clock import Clock
from tests.upstreams.stripe.errors import missing
from tests.upstreams.stripe.settings import Settings
from tests.upstreams.stripe.shapes import shown
from tests.upstreams.stripe.webhooks import Outbox

Obj = dict[str, Any]
API_VERSION = _ApiVersion.CURRENT
PREFIXES = {
    "customer": "cus", "product": "prod", "price": "price", "payment_method": "pm",
    "payment_intent": "pi", "setup_intent": "seti", "charge": "ch", "refund": "re",
    "dispute": "du", "coupon": "co", "promotion_code": "promo", "discount": "di",
    "subscription": "sub", "subscription_item": "si", "subscription_schedule": "sub_sched",
    "invoice": "in", "invoiceitem": "ii", "line_item": "il", "item": "li",
    "invoice_payment": "inpay", "checkout.session": "cs_test", "billing_portal.session": "bps",
    "billing_portal.configuration": "bpc", "event": "evt", "balance_transaction": "txn",
    "credit_note": "cn",
}  # fmt: skip
WITHOUT_MODE = {"discount", "item", "refund", "subscription_item", "balance_transaction"}
WITHOUT_CREATED = {"discount", "item", "line_item", "invoiceitem"}


class State:
    def __init__(self, *, clock: Clock, settings: Settings | None = None) -> None:
        self.lock = threading.RLock()
        self.clock = clock
        self.settings = settings or Settings()
        self.origin = ""  # where our hosted pages are
        self.tables: defaultdict[str, dict[str, Obj]] = defaultdict(dict)
        self.outbox = Outbox(dice=random.Random(0))
        self.request: Obj = {"id": None, "idempotency_key": None}
        self.changes = 0  # counted, so that they are written down when there are any

    @property
    def now(self) -> int:
        return self.clock.now

    def new(self, kind: str, *, id: str = "", is_kept: bool = True, **fields: Any) -> Obj:
        """An object of this kind; kept, unless it is a part of another or only a preview."""
        thing: Obj = {"id": id or f"{PREFIXES[kind]}_{secrets.token_hex(10)}", "object": kind}
        if kind not in WITHOUT_MODE:
            thing["livemode"] = self.settings.livemode
        if kind not in WITHOUT_CREATED:
            thing["created"] = self.now
        thing |= fields
        self.changes += 1
        if is_kept:
            self.tables[kind][thing["id"]] = thing
        return thing

    def get(self, kind: str, id: str, *, param: str = "") -> Obj:
        """Refuses as Stripe does: 404 for an id in the path, 400 for one in a parameter."""
        thing = self.tables[kind].get(id)
        if thing is None or (param and thing.get("deleted")):
            raise missing(kind, id, param=param or "id", status=400 if param else 404)
        return thing

    def all(self, kind: str, **equal: Any) -> list[Obj]:
        """In order of creation, those whose fields are equal to these."""
        rows = self.tables[kind].values()
        return [it for it in rows if all(it.get(key) == value for key, value in equal.items())]

    def find(self, id: str) -> Obj | None:
        return next((table[id] for table in self.tables.values() if id in table), None)

    def emit(self, type: str, thing: Obj, *, before: Obj | None = None) -> Obj:
        """An event with the object as it is now; `before` is how it was shown."""
        after = shown(deepcopy(thing))
        data: Obj = {"object": after}
        if before is not None:
            data["previous_attributes"] = {
                key: it for key, it in before.items() if after.get(key) != it
            }
        event = self.new(
            "event", type=type, data=data, api_version=self.settings.api_version or API_VERSION,
            pending_webhooks=1, request=dict(self.request),
        )  # fmt: skip
        self.outbox.put(event["id"], now=self.now)
        return event

    @contextmanager
    def changing(self, thing: Obj, type: str) -> Iterator[None]:
        """Emits the event if something that is shown changed."""
        before = shown(deepcopy(thing))
        yield
        if shown(deepcopy(thing)) != before:
            self.emit(type, thing, before=before)

"""One process of the proof: calls through the gateway as fast as it can, until told to stop.

Started by `crew.py`. Says `ready`, waits for a line, writes one JSON line for each call, and stops
when its standard input is closed (also because whoever started it has died).
"""

import asyncio
import json
import os
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "costcontrol.settings")
if __name__ == "__main__":
    django.setup(set_prefix=False)

from accounts.models import User
from accounts.types import Caller, TierRules
from costcontrol.lib import database
from costcontrol.lib.errors import CostControlError
from routing import gateway, keeper, tokens
from routing.types import ChatRequest, Message

ANSWERED, REFUSED = "answered", "quota_exceeded"
PAUSE_S = 0.2  # after a refusal


@dataclass(frozen=True)
class Order:
    """What to call. `calls` None: on and on. `is_repeated`: everybody makes the same calls."""

    name: str
    user_id: int
    model: str
    prefix: str
    max_tokens: int
    width: int = 8
    calls: int | None = None
    is_stream: bool = False
    is_repeated: bool = False

    def labels(self) -> Iterator[str]:
        numbers = count() if self.calls is None else range(self.calls)
        stem = self.prefix if self.is_repeated else f"{self.prefix}-{self.name}"
        return (f"{stem}-{number}" for number in numbers)


class Worker:
    def __init__(self, order: Order, caller: Caller) -> None:
        self.order, self.caller = order, caller
        self._labels = order.labels()
        self._is_stopping = False

    async def run(self) -> None:
        threading.Thread(target=self._stop_when_told, daemon=True).start()
        await asyncio.gather(*(self._call_on_and_on() for _ in range(self.order.width)))
        await keeper.flush()

    def _stop_when_told(self) -> None:
        while os.read(0, 1):
            pass
        self._is_stopping = True

    async def _call_on_and_on(self) -> None:
        for label in self._labels:
            if self._is_stopping:
                return
            outcome = await self._call(label)
            say(label=label, outcome=outcome)
            if outcome != ANSWERED:
                await asyncio.sleep(PAUSE_S)

    async def _call(self, label: str) -> str:
        """As the API does it, without HTTP: one call, read to its end."""
        try:
            answer = await gateway.answer(
                self._request(label), self.caller,
                idempotency_key=label if self.order.is_repeated else "",
            )
            await answer.whole()
        except CostControlError as error:
            return error.code
        return ANSWERED

    def _request(self, label: str) -> ChatRequest:
        """`debate_id` carries the label into the usage row: the upstream knows the call by it."""
        return ChatRequest(
            messages=(Message("user", f"Say words for {label}"),), model=self.order.model,
            max_output_tokens=self.order.max_tokens, is_stream=self.order.is_stream,
            debate_id=label, may_read_cache=False, may_store=False,
        )


def caller_of(order: Order) -> Caller:
    user = User.objects.select_related("tier").get(pk=order.user_id)
    key_prefix = order.prefix if order.is_repeated else order.name
    return Caller(user.pk, str(user.uuid), key_prefix, TierRules.of(user.tier))


def say(**what: str) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def main() -> None:
    order = Order(**json.loads(sys.argv[1]))
    tokens.warm_up()
    worker = Worker(order, caller_of(order))
    say(outcome="ready")
    if sys.stdin.readline():
        asyncio.run(worker.run())
    database.close_threads()


if __name__ == "__main__":
    main()

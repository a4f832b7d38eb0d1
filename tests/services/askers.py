"""A process with the gateway in it, which asks for answers that others may use when it is told to.

As a program it reads one order a line, as JSON: who asks, for what. It answers with one line, when
all have been told.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.conf import settings


@dataclass(frozen=True)
class Told:
    """What one user came to know, and after how long."""

    user_id: int
    text: str
    cache: str
    layer: str
    stored_id: int | None
    after_s: float


class Asker:
    """Started when it is needed, and again when it was killed."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = dict(env)
        self._process: subprocess.Popen[str] | None = None
        self._is_ready = False

    def start(self) -> None:
        if self._process is None:
            self._is_ready = False
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.services.askers"], cwd=settings.BASE_DIR,
                env=self._env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            )

    def wait_until_ready(self) -> None:
        if not self._is_ready:
            assert self._line() == "ready"
            self._is_ready = True

    def ask(self, user_ids: Sequence[int], fields: Mapping[str, Any], *, text: str) -> None:
        """All at once. What they are told is got by `told`."""
        assert self.process.stdin
        order = {"user_ids": list(user_ids), "fields": dict(fields), "text": text}
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()

    def told(self) -> list[Told]:
        return [Told(**each) for each in json.loads(self._line())]

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.communicate()
            self._process = None

    @property
    def process(self) -> "subprocess.Popen[str]":
        assert self._process
        return self._process

    def _line(self) -> str:
        assert self.process.stdout
        line = self.process.stdout.readline().strip()
        assert line, "the asker is gone"
        return line


@contextmanager
def running_askers(count: int, env: Mapping[str, str]) -> Iterator[list[Asker]]:
    askers = [Asker(env) for _ in range(count)]
    try:
        yield askers
    finally:
        for asker in askers:
            asker.kill()


# --- the program ---------------------------------------------------------------------------------


async def serve() -> None:
    from costcontrol.lib import database
    from routing import keeper, snapshot

    await snapshot.current()
    print("ready", flush=True)  # noqa: T201
    while line := await asyncio.to_thread(sys.stdin.readline):
        order = json.loads(line)
        callers = await database.run(_callers, order["user_ids"])
        told = await asyncio.gather(*(_told(who, order) for who in callers))
        await keeper.flush()
        print(json.dumps(told), flush=True)  # noqa: T201


def _callers(user_ids: Sequence[int]) -> list[Any]:
    from accounts.models import User
    from accounts.types import Caller

    people = User.objects.select_related("tier", "member__organisation__tier")
    return [Caller.signed_in(user) for user in people.filter(pk__in=user_ids).order_by("pk")]


async def _told(who: Any, order: Mapping[str, Any]) -> dict[str, Any]:
    from routing import gateway
    from routing.types import ChatRequest, Message, Reuse

    begun = time.monotonic()
    fields = order["fields"]
    request = ChatRequest(
        (Message("user", order["text"]),), call_kind=fields["kind"], language=fields["lang"],
        is_stream=True, is_part=True, reuse=Reuse(fields, variants=3),
    )
    answer = await gateway.answer(request, who)
    chunks = await answer.whole()
    return {
        "user_id": who.user_id, "text": "".join(chunk.text for chunk in chunks),
        "cache": answer.cache, "layer": answer.layer, "stored_id": answer.stored_id,
        "after_s": time.monotonic() - begun,
    }


if __name__ == "__main__":
    import django

    django.setup()
    asyncio.run(serve())

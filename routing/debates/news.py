"""Events on their way between processes, over Valkey: each turn has a channel.

A process has one subscription, whatever the number of its readers. What gets lost on the way is
not missed: readers see the gap, or are told to look, and read the rows.
"""

import asyncio
import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import chain
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from django.core.serializers.json import DjangoJSONEncoder
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from costcontrol.lib import redis
from routing.debates.events import Place, Sent
from routing.models import TurnEvent

LISTEN_S = 5.0  # one wait for a message
AWAY_S = 0.5  # between looks for a Valkey that is away
MAX_WAITING = 1_000  # batches a reader may be behind
log = logging.getLogger(__name__)


def channel_of(turn_id: UUID) -> str:
    return f"turn:{turn_id}"


class Publisher:
    """Sends what was written. While Valkey is away it remembers whose readers should look."""

    def __init__(self) -> None:
        self._waiting: list[TurnEvent] = []
        self._unsaid: set[UUID] = set()
        self._news = asyncio.Event()
        self._task = asyncio.create_task(self._run())

    def publish(self, events: Sequence[TurnEvent]) -> None:
        self._waiting += events
        self._news.set()

    async def close(self) -> None:
        if self._waiting:
            await self._send()
        self._task.cancel()

    async def _run(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(AWAY_S if self._unsaid else None):
                    await self._news.wait()
            await self._send()

    async def _send(self) -> None:
        self._news.clear()
        events, self._waiting = self._waiting, []
        messages: dict[UUID, list[Any]] = {turn_id: [] for turn_id in self._unsaid}
        for event in events:
            messages.setdefault(event.turn_id, []).append(
                [event.attempt, event.seq, event.kind, event.data, event.is_last]
            )
        if messages:
            is_sent = await redis.attempt(lambda client: _sent(client, messages), default=False)
            self._unsaid = set() if is_sent else set(messages)


async def _sent(client: Any, messages: dict[UUID, list[Any]]) -> bool:
    async with client.pipeline(transaction=False) as pipeline:
        for turn_id, events in messages.items():
            pipeline.publish(channel_of(turn_id), json.dumps(events, cls=DjangoJSONEncoder))
        await pipeline.execute()
    return True


class Inbox:
    """What one reader has not read yet. `must_look`: something may be missing, read the rows."""

    def __init__(self) -> None:
        self.must_look = False
        self._messages: list[bytes] = []
        self._news = asyncio.Event()

    def put(self, message: bytes) -> None:
        if len(self._messages) >= MAX_WAITING:
            self._messages.clear()
            self.must_look = True
        self._messages.append(message)
        self._news.set()

    def look(self) -> None:
        self.must_look = True
        self._news.set()

    async def wait(self, timeout_s: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._news.wait()

    def taken(self) -> tuple[list[bytes], bool]:
        """The messages, and whether to look."""
        self._news.clear()
        messages, self._messages = self._messages, []
        must_look, self.must_look = self.must_look, False
        return messages, must_look


class News:
    """The subscription of an event loop, and who reads what comes. It lives while somebody does."""

    def __init__(self) -> None:
        self.is_alive = False
        self._inboxes: dict[str, set[Inbox]] = {}
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._confirmed: set[str] = set()

    @contextmanager
    def following(self, channel: str) -> Iterator[Inbox]:
        """Told to look as soon as nothing more can be missed."""
        inbox = Inbox()
        self._inboxes.setdefault(channel, set()).add(inbox)
        self._changed.set()
        if channel in self._confirmed or not self.is_alive:
            inbox.look()
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        try:
            yield inbox
        finally:
            self._inboxes[channel].discard(inbox)
            self._left(channel)

    def _left(self, channel: str) -> None:
        if self._inboxes[channel]:
            return
        del self._inboxes[channel]
        if self._inboxes:
            self._changed.set()
        elif self._task:
            self._task.cancel()
            self._task = None
            self._lost()

    async def _run(self) -> None:
        while True:
            try:
                await self._listen(redis.client().pubsub())
            except (RedisError, OSError, TimeoutError) as error:
                log.info("news: Valkey is away (%s)", error)
            except Exception:
                log.exception("news: the subscription broke")
            self._lost()
            await asyncio.sleep(AWAY_S)

    def _lost(self) -> None:
        self.is_alive = False
        self._confirmed.clear()
        for inbox in chain.from_iterable(self._inboxes.values()):
            inbox.look()

    async def _listen(self, pubsub: PubSub) -> None:
        asked = set(self._inboxes)
        await pubsub.subscribe(*asked)
        adjusting = asyncio.create_task(self._adjust(pubsub, asked))
        try:
            while True:
                message = await pubsub.get_message(timeout=LISTEN_S)
                if adjusting.done():
                    adjusting.result()
                if message is not None:
                    self._heard(message)
        finally:
            adjusting.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await adjusting
            await pubsub.aclose()  # type: ignore[no-untyped-call]

    async def _adjust(self, pubsub: PubSub, asked: set[str]) -> None:
        """Ask for the channels that somebody follows, and for no others."""
        while True:
            self._changed.clear()
            wanted = set(self._inboxes)
            if more := wanted - asked:
                await pubsub.subscribe(*more)
            if fewer := asked - wanted:
                self._confirmed -= fewer
                await pubsub.unsubscribe(*fewer)
            asked = wanted
            await self._changed.wait()

    def _heard(self, message: dict[str, Any]) -> None:
        channel = message["channel"].decode()
        inboxes = tuple(self._inboxes.get(channel, ()))
        if message["type"] == "subscribe":
            self.is_alive = True
            self._confirmed.add(channel)
            for inbox in inboxes:
                inbox.look()
        if message["type"] == "message":
            for inbox in inboxes:
                inbox.put(message["data"])


_news: "WeakKeyDictionary[asyncio.AbstractEventLoop, News]" = WeakKeyDictionary()


def news() -> News:
    """Of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _news:
        _news[loop] = News()
    return _news[loop]


def sent_of(message: bytes) -> list[Sent]:
    return [
        Sent(Place(attempt, seq), kind, data, is_last)
        for attempt, seq, kind, data, is_last in json.loads(message)
    ]

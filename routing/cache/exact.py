"""L1: the same user asked exactly the same before. In the process, then in Valkey.

The key is the user, and a digest of everything that shapes the answer: one customer's text never
reaches another, and all of one customer's can be found and deleted. Only complete answers are
stored.
"""

import hashlib
import json
import time
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import asdict
from typing import Any

from django.conf import settings

from accounts.types import Caller
from billing.usage import Usage
from costcontrol.lib import redis
from routing.cache.singleflight import Lease, entry_name
from routing.snapshot import Snapshot
from routing.types import ChatRequest, Classified, Completion, ModelClass, StopReason

LAYER = "exact"
VERSION = 2
SWEEP_S = 60.0  # so often what is too old is dropped, even if nobody asks for it


class Memory:
    """A bounded map from key to answer; the least recently used goes first."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._entries: OrderedDict[str, tuple[Completion, float, int]] = OrderedDict()
        self._bytes = 0
        self._swept_at = time.monotonic()

    def get(self, key: str) -> Completion | None:
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry[1] < time.monotonic():
            self._drop(key)
            return None
        self._entries.move_to_end(key)
        return entry[0]

    def put(self, key: str, completion: Completion, *, ttl_s: float) -> None:
        size = len(completion.text.encode()) + 1_000
        if size > self._limit:
            return
        self._drop(key)
        self._sweep()
        self._entries[key] = (completion, time.monotonic() + ttl_s, size)
        self._bytes += size
        while self._bytes > self._limit:
            self._drop(next(iter(self._entries)))

    def clear(self) -> None:
        self._entries.clear()
        self._bytes = 0

    def forget(self, user_uuids: Collection[str]) -> None:
        for key in [key for key in self._entries if user_of(key) in user_uuids]:
            self._drop(key)

    def _sweep(self) -> None:
        now = time.monotonic()
        if now - self._swept_at < SWEEP_S:
            return
        self._swept_at = now
        for key in [key for key, entry in self._entries.items() if entry[1] < now]:
            self._drop(key)

    def _drop(self, key: str) -> None:
        if entry := self._entries.pop(key, None):
            self._bytes -= entry[2]


memory = Memory(settings.CACHE_MEMORY_BYTES)


def fingerprint(request: ChatRequest) -> str:
    """A digest of everything that was asked."""
    return _digest(_asked(request))


def key_of(
    request: ChatRequest, *, caller: Caller, classified: Classified, snapshot: Snapshot,
    is_economy: bool = False,
) -> str:
    """The user, and a digest of what the route depends on and of everything that was asked."""
    tier = caller.tier
    route = [
        VERSION, tier.name, tier.route_mode, tier.allowed_classes,
        snapshot.routes_hash, is_economy, classified.complexity, classified.language,
    ]
    return f"{caller.user_uuid}:{_digest(route + _asked(request))}"


def user_of(key: str) -> str:
    return key.partition(":")[0]


def _asked(request: ChatRequest) -> list[Any]:
    return [
        request.model, request.call_kind, request.max_output_tokens, request.temperature,
        request.top_p, request.stop, request.extra,
        [(message.role, message.content, message.extra) for message in request.messages],
        *([request.max_searches] if request.max_searches else []),
    ]


def _digest(parts: list[Any]) -> str:
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


async def lookup(key: str) -> Completion | None:
    """The stored answer. Valkey being away is a miss."""
    if (found := memory.get(key)) is not None:
        return found
    raw = await redis.attempt(lambda client: client.get(entry_name(key)), default=None)
    return None if raw is None else remember(key, raw)


def remember(key: str, raw: bytes) -> Completion:
    """An answer that came from Valkey, kept in the process too."""
    completion = loads(json.loads(raw))
    memory.put(key, completion, ttl_s=settings.CACHE_TTL_S)
    return completion


async def store(lease: Lease, completion: Completion) -> None:
    """Keep an answer for everybody who waits for it, and for later."""
    memory.put(lease.key, completion, ttl_s=settings.CACHE_TTL_S)
    await lease.publish(json.dumps(dumps(completion)), ttl_s=settings.CACHE_TTL_S)


def dumps(completion: Completion) -> dict[str, Any]:
    return asdict(completion)


def loads(data: dict[str, Any]) -> Completion:
    return Completion(
        **{
            **data,
            "stop_reason": StopReason(data["stop_reason"]),
            "model_class": ModelClass(data["model_class"]),
            "usage": Usage(**data["usage"]),
        }
    )

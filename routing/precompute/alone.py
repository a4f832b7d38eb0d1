"""One process at a time, by a lease in Valkey that a dead one loses in seconds. Async."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from costcontrol.lib import redis
from routing.cache.singleflight import LEASE_MS, leading, lease_name


@asynccontextmanager
async def alone(what: str) -> AsyncIterator[bool]:
    """Is it our turn? Not while another process is at it, nor without Valkey."""
    token = secrets.token_hex(8)
    is_ours = await redis.attempt(
        lambda client: client.set(lease_name(what), token, nx=True, px=LEASE_MS), default=None
    )
    if not is_ours:
        yield False
        return
    async with leading(what, token):
        yield True

"""Answers that others may be given too, as the gateway asks for them: look, keep, and who saw what.

A call that says what its answer depends on (`ChatRequest.reuse`) has a share in the answers of that
key. It is looked up among them and nowhere else: what is kept for one user would be given to them
twice. Stored answers are a convenience: while they cannot be read or written, calls go on. Async.
"""

import logging
from collections.abc import Collection
from dataclasses import replace

from django.conf import settings
from django.db import DatabaseError

from costcontrol.lib import clock, database
from routing import policy
from routing.cache import patterns
from routing.cache.keys import key_of
from routing.cache.patterns import Stored
from routing.call import Call, Share
from routing.meter import Meter
from routing.models import StoredAnswer
from routing.types import DeploymentSpec

log = logging.getLogger(__name__)


def shared(call: Call) -> Call:
    """The same call with its share, if it has one."""
    reuse = call.request.reuse
    if reuse is None or not settings.CACHE_SHARED:
        return call
    route = _route(call)
    try:
        return replace(call, share=Share(reuse, route, key_of(reuse, route=route)))
    except (TypeError, ValueError) as error:
        if route:
            log.error("shares: an answer of %s has no key (%s)", call.request.call_kind, error)
        return call


def _route(call: Call) -> str:
    """Who usually answers it; "" when the caller wants somebody else."""
    request = call.request
    if request.model != policy.AUTO or request.complexity is not None:
        return ""
    return policy.usual_route(
        request.call_kind, tier=call.caller.tier, language=call.classified.language,
        snapshot=call.snapshot,
    )


def is_alone(call: Call) -> bool:
    """Nobody may read along, and nothing keeps the answer for this user: they would be shown it
    twice. So it is where stored answers are off, or where not the usual model answers."""
    reuse = call.request.reuse
    if reuse is None:
        return False
    if call.share is None:
        return patterns.text_is_shown(reuse)
    candidates = call.plan.candidates
    return bool(candidates) and not is_usual(call.share, candidates[0])


def is_usual(share: Share, deployment: DeploymentSpec) -> bool:
    return share.route == f"{deployment.model_class} {deployment.name}"


def is_exact(call: Call) -> bool:
    """It is looked up among this user's own answers."""
    is_own = call.share is None and not is_alone(call)
    return is_own and call.request.may_read_cache


def may_read_along(call: Call, viewers: Collection[int]) -> bool:
    """The same user asks twice at the same time: they want two texts."""
    if call.share is None or not patterns.text_is_shown(call.share.reuse):
        return True
    return call.caller.user_id not in viewers


async def look(call: Call) -> tuple[Call, Stored | None]:
    """The stored answer for this user; else the call, which then knows how many there are."""
    share = call.share
    if share is None or not call.request.may_read_cache:
        return call, None
    try:
        with call.times.of("cache"):
            found, there = await database.run(
                patterns.take_or_count, share.reuse, route=share.route,
                user_id=call.caller.user_id, now=call.at,
            )
    except DatabaseError as error:
        log.warning("shares: the stored answers cannot be read (%s)", error)
        return call, None
    return replace(call, share=replace(share, there=there)), found


async def again(call: Call, viewers: Collection[int]) -> Stored | None:
    """What somebody stored since we looked, that none of these has seen. They have now."""
    assert call.share
    try:
        return await database.run(
            patterns.take, call.share.reuse, route=call.share.route,
            user_id=call.caller.user_id, now=clock.now(), others=viewers,
        )
    except DatabaseError as error:
        log.warning("shares: the stored answers cannot be read (%s)", error)
        return None


async def keep(meter: Meter, viewers: Collection[int]) -> int | None:
    """Store what was just written, and who has seen it. The id of the row, if there is one."""
    call, share = meter.call, meter.call.share
    if share is None or not (call.request.may_store and meter.is_storable):
        return None
    try:
        row = await database.run(
            patterns.store, share.reuse, meter.completion(), route=share.route,
            origin=StoredAnswer.Origin.LIVE, call_id=call.id, cost_nanos=int(meter.cost_nanos),
            now=clock.now(), user_id=call.caller.user_id, others=viewers,
        )
    except DatabaseError as error:
        log.warning("shares: the answer of call %s could not be stored (%s)", call.id, error)
        return None
    return None if row is None else row.pk


async def saw(answer_id: int, user_id: int) -> None:
    """Somebody who came late read it too."""
    try:
        await database.run(patterns.seen, answer_id, user_id, clock.now())
    except DatabaseError as error:
        log.warning("shares: user %d saw answer %d unnoticed (%s)", user_id, answer_id, error)


def reason_of(found: Stored) -> str:
    """As it stands in the usage row; `reasons.py` reads it."""
    return (
        f"stored answer {found.answer_id}, variant {found.variant + 1}: "
        f"answered by call {found.completion.call_id}"
    )

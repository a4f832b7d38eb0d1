"""A call with an `Idempotency-Key`: claim it, wait for whoever has it, or replay its answer."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from uuid import UUID

from costcontrol.lib import clock, database
from costcontrol.lib.errors import Conflict
from costcontrol.lib.sentences import Sentence as _
from routing import idempotency
from routing.answers import Answer
from routing.cache import exact
from routing.call import Call
from routing.idempotency import Claim
from routing.types import Completion

WAIT_S = 30.0
POLL_S = 0.1
Begin = Callable[[Call], Awaitable[Answer]]


async def once(call: Call, key: str, *, begin: Begin) -> Answer:
    """With an Idempotency-Key: claim it, wait for whoever has it, or replay its answer."""
    fingerprint = exact.fingerprint(call.request)
    deadline = asyncio.get_running_loop().time() + WAIT_S
    while True:
        claim = await database.run(
            idempotency.claim, call.caller, key=key, fingerprint=fingerprint, call_id=call.id,
            now=clock.now(),
        )
        if claim.completion is not None:
            return _repeated(call, exact.loads(claim.completion))
        if claim.is_ours:
            return await _answer_claimed(call, claim, begin)
        if asyncio.get_running_loop().time() > deadline:
            raise Conflict(
                _("The first call with this Idempotency-Key still runs. Try again in a moment."),
                retry_after_s=5,
            )
        await asyncio.sleep(POLL_S)


def _repeated(call: Call, completion: Completion) -> Answer:
    """The same answer under the same id: the call that can be explained is the first one."""
    return Answer(replace(call, id=UUID(completion.call_id)), completion=completion)


async def _answer_claimed(call: Call, claim: Claim, begin: Begin) -> Answer:
    """The work keeps the claim, if there is any: it goes on when the caller leaves."""
    try:
        answer = await begin(call)
    except BaseException:
        await finish([claim], None)
        raise
    if answer.work:
        answer.work.keep(claim)
    else:
        await finish([claim], answer.completion)
    return answer


async def finish(claims: Sequence[Claim], completion: Completion | None) -> None:
    stored = exact.dumps(completion) if completion else None
    for claim in claims:
        await database.insist(
            partial(database.run, idempotency.finish, claim, stored),
            what=f"answer of idempotency key {claim.pk}",
        )

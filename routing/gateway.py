"""START HERE. limits -> cache -> policy -> hold -> provider -> settle -> remember.

`answer` decides, and returns as soon as the first chunk is there, so that a refusal is still an
HTTP error. The work itself (`attempts.py`, `spending.py`) belongs to no reader: identical calls
share it, and it ends when nobody reads any more.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from uuid import UUID, uuid4

from django.db import DatabaseError
from django.utils.translation import gettext as _

from accounts.types import Caller
from billing import debates, gauge
from billing.budgets import Rule, debates_rule, rules_of_call
from billing.gauge import Reading
from billing.holds import NoRoom
from costcontrol.lib import clock, database
from costcontrol.lib.errors import BudgetExhausted, Conflict, CostControlError, RateLimited
from routing import (
    health,
    idempotency,
    keeper,
    limits,
    policy,
    records,
    refusals,
    snapshot,
)
from routing.attempts import Attempts, Work
from routing.cache import exact, singleflight
from routing.cache.singleflight import Lease
from routing.call import Call
from routing.classify import classify
from routing.idempotency import Claim
from routing.types import ChatRequest, Chunk, Completion, Plan

SHARED = "shared"  # the cache layer of a call that read along with another
LAST_SEEN_S = 60.0  # quota headers of an answer that took nothing may be so old
IDEMPOTENT_WAIT_S = 30.0
IDEMPOTENT_POLL_S = 0.1


@dataclass(slots=True)
class Answer:
    """A call that is being answered: from a stored completion, or from work under way."""

    call: Call
    readings: tuple[Reading, ...] = ()
    completion: Completion | None = None
    work: Work | None = None

    @property
    def cache(self) -> str:
        """For the X-Cache header. Reading along with the same call of somebody else is a hit."""
        if self.completion or (self.work and (self.work.found or self._reads_along)):
            return "hit"
        return "miss" if self.call.request.may_read_cache else "off"

    @property
    def _reads_along(self) -> bool:
        return self.work is not None and self.work.call_id != self.call.id

    async def chunks(self) -> AsyncGenerator[Chunk]:
        """The answer, once. Leaving early stops the work, unless somebody else reads it."""
        if self.completion is not None:
            yield chunk_of(self.completion)
        if self.work is None:
            return
        try:
            async for chunk in self.work.read():
                yield chunk
            if self._reads_along and self.work.completion:
                _write_hit(self.call, self.work.completion, layer=SHARED)
        finally:
            self.work.leave()

    async def whole(self) -> list[Chunk]:
        """All chunks, after the settlement: costs are final."""
        async with aclosing(self.chunks()) as chunks:
            return [chunk async for chunk in chunks]


async def answer(request: ChatRequest, caller: Caller, *, idempotency_key: str = "") -> Answer:
    """Answer from the cache if we can, else from the cheapest model that will do.

    Raises CostControlError with `call_id` set: refused calls can be explained too.
    """
    call = Call(
        uuid4(), clock.now(), request, caller, classify(request), await _snapshot(), Plan((), "")
    )
    try:
        await limits.admit(caller, now=call.at)
        return await (_once(call, idempotency_key) if idempotency_key else _answer(call))
    except CostControlError as error:
        raise _explainable(call, error) from error.__cause__


async def _answer(call: Call) -> Answer:
    return await _started(await _found_or_begun(call))


async def _started(answer: Answer) -> Answer:
    """With the first chunk there. Whoever is cancelled before it has left."""
    if answer.work:
        try:
            await answer.work.started()
        except BaseException:
            answer.work.leave()
            raise
    return answer


async def _found_or_begun(call: Call) -> Answer:
    if call.request.may_read_cache and (hit := exact.memory.get(_key(call))):
        return _from_cache(call, hit)
    try:
        readings = await _readings(call)
        call = await _planned(call, readings)
        await _take_debate(call)
    except CostControlError:
        if hit := await _cached(call):
            return _from_cache(call, hit)
        raise
    if call.plan.is_economy and (hit := await _cached(call)):
        return _from_cache(call, hit, readings)
    return Answer(call, readings, work=_join(call) or _start(call))


async def _snapshot() -> snapshot.Snapshot:
    try:
        return await snapshot.current()
    except DatabaseError:
        raise _no_database() from None


def _no_database() -> BudgetExhausted:
    return BudgetExhausted(
        _("The ledger's database is away, so no paid call is made. Cached answers still work."),
        retry_after_s=5, still_works=["cache"],
    )


# --- cache ---------------------------------------------------------------------------------


def _key(call: Call, *, is_economy: bool = False) -> str:
    return exact.key_of(
        call.request, caller=call.caller, classified=call.classified, snapshot=call.snapshot,
        is_economy=is_economy,
    )


async def _cached(call: Call) -> Completion | None:
    """A stored answer of the usual route, wherever it is: good in every mode."""
    return await exact.lookup(_key(call)) if call.request.may_read_cache else None


def _from_cache(
    call: Call, hit: Completion, readings: tuple[Reading, ...] = ()
) -> Answer:
    _write_hit(call, hit, layer=exact.LAYER)
    last_seen = gauge.peek(_rules(call), now=call.at, max_age_s=LAST_SEEN_S) or ()
    return Answer(call, readings or last_seen, completion=hit)


def _write_hit(call: Call, hit: Completion, *, layer: str) -> None:
    reason = f"the same question: answered by call {hit.call_id}"
    call = replace(call, plan=replace(call.plan, reason=reason))
    keeper.write_soon(records.of_hit(call, hit, layer=layer))


def chunk_of(completion: Completion) -> Chunk:
    return Chunk(
        text=completion.text, delta=completion.delta, stop_reason=completion.stop_reason,
        usage=completion.usage, served_model=completion.served_model,
    )


# --- policy --------------------------------------------------------------------------------


async def _readings(call: Call) -> tuple[Reading, ...]:
    """How full this caller's windows are; from memory while that is fresh."""
    rules = _rules(call)
    if (readings := gauge.peek(rules, now=call.at)) is not None:
        return readings
    try:
        return await database.run(gauge.read, rules, now=call.at)
    except DatabaseError:
        raise _no_database() from None


def _rules(call: Call) -> list[Rule]:
    caller = call.caller
    return rules_of_call(
        call.snapshot.book, tier=caller.tier, user_id=caller.user_id,
        key_prefix=caller.key_prefix, provider="", debate_id=call.request.debate_id,
    )


async def _planned(call: Call, readings: tuple[Reading, ...]) -> Call:
    is_economy = not call.caller.tier.is_economy_exempt and any(
        reading.is_soft_reached for reading in readings
    )
    situation = policy.Situation(
        request=call.request, classified=call.classified, tier=call.caller.tier,
        snapshot=call.snapshot, problems=await health.problems(call.snapshot.deployments),
        is_economy=is_economy,
    )
    return replace(call, plan=policy.choose(situation))


async def _take_debate(call: Call) -> None:
    """The first call of a debate takes it from the quota; the others are part of it."""
    user_id, debate_id = call.caller.user_id, call.request.debate_id
    rule = debates_rule(call.caller.tier, user_id)
    if not debate_id or rule is None or debates.is_taken(user_id, debate_id):
        return
    try:
        await database.run(
            debates.take, rule, user_id=user_id, debate_id=debate_id, call_id=call.id, now=call.at
        )
    except NoRoom as full:
        raise refusals.of_no_room(full, tier=call.caller.tier, now=call.at) from full
    except DatabaseError:
        raise _no_database() from None


# --- work ----------------------------------------------------------------------------------


def _join(call: Call) -> Work | None:
    """The same question is being answered already: read along."""
    if not call.request.may_read_cache:
        return None
    work = singleflight.running(_flight_key(call))
    if not isinstance(work, Work):
        return None
    work.join()
    return work


def _flight_key(call: Call) -> str:
    return f"{_key(call, is_economy=call.plan.is_economy)}:{call.request.is_stream}"


def _start(call: Call) -> Work:
    work = Work(call.id)
    work.join()
    key = _flight_key(call)
    if call.request.may_read_cache:
        singleflight.register(key, work)
    work.start(lambda: _work(call, work, key))
    return work


async def _work(call: Call, work: Work, flight_key: str) -> None:
    try:
        await _make(call, work)
    except DatabaseError:
        raise _no_database() from None
    finally:
        singleflight.forget(flight_key, work)
        await _finish(work.claims, work.completion)


async def _make(call: Call, work: Work) -> None:
    """Make the answer here, or take it from the process that has it."""
    key = _key(call, is_economy=call.plan.is_economy)
    if not call.request.may_read_cache:
        return await _make_here(call, work, Lease(key, ""))
    found = exact.memory.get(key)
    raw, token = (None, "") if found else await singleflight.find_or_lead(key)
    if raw is not None:
        found = exact.remember(key, raw)
    if found is None:
        async with singleflight.leading(key, token) as lease:
            return await _make_here(call, work, lease)
    work.found = work.completion = found
    _write_hit(call, found, layer=exact.LAYER)
    return work.publish(chunk_of(found))


async def _make_here(call: Call, work: Work, lease: Lease) -> None:
    meter = await Attempts(call, work).run()
    work.completion = meter.completion()
    is_first_choice = meter.deployment.model_class == call.plan.candidates[0].model_class
    is_kept = is_first_choice and meter.is_storable  # a weaker stand-in's answer is not
    if call.request.may_store and is_kept:
        await exact.store(lease, work.completion)


# --- the same call twice ----------------------------------------------------------------------


async def _once(call: Call, key: str) -> Answer:
    """With an Idempotency-Key: claim it, wait for whoever has it, or replay its answer."""
    fingerprint = exact.fingerprint(call.request)
    deadline = asyncio.get_running_loop().time() + IDEMPOTENT_WAIT_S
    while True:
        claim = await database.run(
            idempotency.claim, call.caller, key=key, fingerprint=fingerprint, call_id=call.id,
            now=clock.now(),
        )
        if claim.completion is not None:
            return _repeated(call, exact.loads(claim.completion))
        if claim.is_ours:
            return await _answer_claimed(call, claim)
        if asyncio.get_running_loop().time() > deadline:
            raise Conflict(
                _("The first call with this Idempotency-Key still runs. Try again in a moment."),
                retry_after_s=5,
            )
        await asyncio.sleep(IDEMPOTENT_POLL_S)


def _repeated(call: Call, completion: Completion) -> Answer:
    """The same answer under the same id: the call that can be explained is the first one."""
    return Answer(replace(call, id=UUID(completion.call_id)), completion=completion)


async def _answer_claimed(call: Call, claim: Claim) -> Answer:
    """The work keeps the claim, if there is any: it goes on when the caller leaves."""
    try:
        answer = await _found_or_begun(call)
    except BaseException:
        await _finish([claim], None)
        raise
    if answer.work:
        answer.work.keep(claim)
    else:
        await _finish([claim], answer.completion)
    return await _started(answer)


async def _finish(claims: Sequence[Claim], completion: Completion | None) -> None:
    stored = exact.dumps(completion) if completion else None
    for claim in claims:
        await database.run(idempotency.finish, claim, stored)


def _explainable(call: Call, error: CostControlError) -> CostControlError:
    """Write the refusal down (not each of a flood) and name the call in the error."""
    error.call_id = str(call.id)
    if not isinstance(error, RateLimited):
        keeper.write_soon(records.of_refusal(call, error))
    return error

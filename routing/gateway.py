"""START HERE. limits -> cache -> policy -> hold -> provider -> settle -> remember.

`answer` decides, and returns as soon as the first chunk is there, so that a refusal is still an
HTTP error. The work itself (`attempts.py`, `spending.py`) belongs to no reader: identical calls
share it, and it ends when nobody reads any more.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace
from uuid import uuid4

from django.db import DatabaseError
from django.utils.translation import gettext as _

from accounts.types import Caller
from billing import debates, gauge
from billing.budgets import debates_rule, rules_of_call
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
from routing.call import Call
from routing.classify import classify
from routing.meter import Meter
from routing.types import ChatRequest, Chunk, Completion, Plan

IDEMPOTENT_WAIT_S = 30.0
IDEMPOTENT_POLL_S = 0.1


@dataclass(slots=True)
class Answer:
    """A call that is being answered: from a finished completion, or from work under way."""

    call: Call
    cache: str  # hit | miss | off
    readings: tuple[Reading, ...] = ()
    completion: Completion | None = None
    work: Work | None = None

    async def chunks(self) -> AsyncGenerator[Chunk]:
        """The answer, once. Leaving early stops the work, unless somebody else reads it."""
        if self.completion is not None:
            yield chunk_of(self.completion)
        if self.work is not None:
            try:
                async for chunk in self.work.read():
                    yield chunk
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
        if idempotency_key:
            return await _once(call, idempotency_key)
        return await _answer(call)
    except CostControlError as error:
        raise _explainable(call, error) from error.__cause__


async def _answer(call: Call, claim: idempotency.Claim | None = None) -> Answer:
    if hit := await _cached(call):
        return await _from_cache(call, hit, claim)
    readings = await _readings(call)
    call = await _planned(call, readings)
    if call.plan.is_economy and (hit := await _cached(call)):
        return await _from_cache(call, hit, claim, readings)
    await _take_debate(call)
    work = _join(call) or _start(call, claim)
    try:
        await work.started()
    except BaseException:
        work.leave()
        raise
    return Answer(call, _cache_word(call), readings, work=work)


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


def _key(call: Call) -> str:
    return exact.key_of(
        call.request, caller=call.caller, classified=call.classified, snapshot=call.snapshot,
        is_economy=call.plan.is_economy,
    )


def _cache_word(call: Call) -> str:
    return "miss" if call.request.may_read_cache else "off"


async def _cached(call: Call) -> Completion | None:
    return await exact.lookup(_key(call)) if call.request.may_read_cache else None


async def _from_cache(
    call: Call, hit: Completion, claim: idempotency.Claim | None,
    readings: tuple[Reading, ...] = (),
) -> Answer:
    reason = f"asked before: the answer of call {hit.call_id} was stored"
    call = replace(call, plan=replace(call.plan, reason=reason))
    keeper.write_soon(records.of_hit(call, hit, layer=exact.LAYER))
    if claim:
        await database.run(idempotency.finish, claim, exact.dumps(hit))
    return Answer(call, "hit", readings, completion=hit)


def chunk_of(completion: Completion) -> Chunk:
    return Chunk(
        text=completion.text, stop_reason=completion.stop_reason, usage=completion.usage,
        served_model=completion.served_model,
    )


# --- policy --------------------------------------------------------------------------------


async def _readings(call: Call) -> tuple[Reading, ...]:
    """How full this caller's windows are; from memory while that is fresh."""
    caller = call.caller
    rules = rules_of_call(
        call.snapshot.book, tier=caller.tier, user_id=caller.user_id,
        key_prefix=caller.key_prefix, provider="", debate_id=call.request.debate_id,
    )
    if (readings := gauge.peek(rules, now=call.at)) is not None:
        return readings
    try:
        return await database.run(gauge.read, rules, now=call.at)
    except DatabaseError:
        raise _no_database() from None


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


def _flight_key(call: Call) -> str:
    return f"{_key(call)}:{call.request.is_stream}"


def _join(call: Call) -> Work | None:
    """The same question is being answered already: read along."""
    if not call.request.may_read_cache:
        return None
    work = singleflight.running(_flight_key(call))
    if not isinstance(work, Work):
        return None
    work.join()
    return work


def _start(call: Call, claim: idempotency.Claim | None) -> Work:
    work = Work(is_kept=claim is not None)
    work.join()
    key = _flight_key(call)
    if call.request.may_read_cache:
        singleflight.register(key, work)
    work.start(lambda: _work(call, work, key, claim))
    return work


async def _work(call: Call, work: Work, key: str, claim: idempotency.Claim | None) -> None:
    completion = None
    try:
        completion = await _made(call, work)
    except DatabaseError:
        raise _no_database() from None
    finally:
        singleflight.forget(key, work)
        if claim:
            stored = exact.dumps(completion) if completion else None
            await database.run(idempotency.finish, claim, stored)


async def _made(call: Call, work: Work) -> Completion | None:
    """Make the answer, here or read it from the process that makes it now."""
    key = _key(call)
    if not (call.request.may_read_cache and call.request.may_store):
        return _completion(await Attempts(call, work).run())
    found = exact.memory.get(key) or await singleflight.other_process(key, exact.lookup)
    if isinstance(found, Completion):
        keeper.write_soon(records.of_hit(call, found, layer=exact.LAYER))
        work.publish(chunk_of(found))
        return found
    async with singleflight.leading(key, str(found)):
        meter = await Attempts(call, work).run()
        completion = _completion(meter)
        if completion and _is_first_choice(call, meter):
            await exact.store(key, completion)
    return completion


def _completion(meter: Meter) -> Completion | None:
    return meter.completion() if meter.is_storable else None


def _is_first_choice(call: Call, meter: Meter) -> bool:
    """An answer of a weaker class that stood in is not kept."""
    return meter.deployment.model_class == call.plan.candidates[0].model_class


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
            return Answer(call, "hit", completion=exact.loads(claim.completion))
        if claim.is_ours:
            return await _answer_claimed(call, claim)
        if asyncio.get_running_loop().time() > deadline:
            raise Conflict(
                _("The first call with this Idempotency-Key still runs. Try again in a moment."),
                retry_after_s=5,
            )
        await asyncio.sleep(IDEMPOTENT_POLL_S)


async def _answer_claimed(call: Call, claim: idempotency.Claim) -> Answer:
    try:
        return await _answer(call, claim)
    except BaseException:
        await database.run(idempotency.finish, claim, None)
        raise


def _explainable(call: Call, error: CostControlError) -> CostControlError:
    """Write the refusal down (not each of a flood) and name the call in the error."""
    error.call_id = str(call.id)
    if not isinstance(error, RateLimited):
        keeper.write_soon(records.of_refusal(call, error))
    return error

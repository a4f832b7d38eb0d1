"""START HERE. limits -> cache -> policy -> hold -> provider -> settle -> remember.

`answer` decides, and returns as soon as the first chunk is there, so that a refusal is still an
HTTP error. The work itself (`work.py`, `attempts.py`, `spending.py`) belongs to no reader:
identical calls share it, and it ends when nobody reads any more.
"""

from dataclasses import replace
from uuid import UUID, uuid4

from django.db import DatabaseError

from accounts.throttles import throttles_of
from accounts.types import Caller
from billing import debates, gauge
from billing.budgets import Rule, debates_rule
from billing.gauge import Reading
from billing.holds import NoRoom
from billing.purses import purses_of
from costcontrol.lib import clock, database
from costcontrol.lib.errors import (
    CostControlError,
    RateLimited,
    Refused,
    ReservationLost,
    Unavailable,
)
from routing import (
    alternatives,
    health,
    holdout,
    keeper,
    limits,
    policy,
    records,
    refusals,
    repeats,
    shares,
    snapshot,
    work,
)
from routing.answers import Answer, write_hit, write_stored
from routing.cache import exact
from routing.cache.patterns import Stored
from routing.call import Call
from routing.classify import classify
from routing.types import ChatRequest, Completion, Plan

READ_ALONG_TRIES = 3
LAST_SEEN_S = 60.0  # quota headers of an answer that took nothing may be so old


async def answer(
    request: ChatRequest, caller: Caller, *, idempotency_key: str = "", call_id: UUID | None = None
) -> Answer:
    """Answer from the cache if we can, else from the cheapest model that will do.

    `call_id`: for who must know it before. Raises CostControlError with `call_id` set: refused
    calls can be explained too.
    """
    known = await _snapshot()
    if holdout.is_request_held_out(request, tier=caller.tier, user_id=caller.user_id):
        request = holdout.plain(request)
    call = shares.shared(Call(
        call_id or uuid4(), clock.now(), request, caller, classify(request, kinds=known.kinds),
        known, Plan((), ""),
    ))
    try:
        throttled = throttles_of(known.throttles, caller, now=call.at)
        if request.is_part:
            limits.check_suspended(throttled, now=call.at)
        else:
            with call.times.of("limits"):
                await limits.admit(
                    caller, now=call.at, upgrade=call.upgrade, throttled=throttled
                )
        if idempotency_key:
            return await _started(await repeats.once(call, idempotency_key, begin=_found_or_begun))
        return await _begun(call)
    except CostControlError as error:
        raise _explainable(call, error) from error.__cause__
    except DatabaseError:
        raise _explainable(call, refusals.no_database()) from None


async def _begun(call: Call) -> Answer:
    """Another one's budget is no reason: who read along with a call that was refused, given up or
    sent to a weaker model asks anew, and in the end alone."""
    for _try in range(READ_ALONG_TRIES):
        answer = await _found_or_begun(call)
        is_another_ones = answer.reads_along and call.share
        try:
            await _started(answer)
        except (Refused, ReservationLost, ConnectionAbortedError) as error:
            if not is_another_ones or isinstance(error, Unavailable):
                raise
            continue
        if answer.work is None or not is_another_ones or not work.is_stand_ins(call, answer.work):
            return answer
        answer.work.leave()
    alone = replace(call, request=replace(call.request, may_read_cache=False))
    return await _started(await _found_or_begun(alone))


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
    call, stored = await shares.look(call)
    if stored:
        return _from_store(call, stored)
    if hit := _remembered(call):
        return _from_cache(call, hit)
    try:
        with call.times.of("policy"):
            readings = await _readings(call)
            call = await _planned(call, readings)
            call, debate_readings = await _debate(call)
            if call.is_beyond and call.plan.is_holdout:
                call = await _planned(call, readings)  # it is known by now that it is not held out
            readings = (*debate_readings, *readings)
    except CostControlError:
        if hit := await _cached(call):
            return _from_cache(call, hit)
        raise
    if call.plan.is_economy and (hit := await _cached(call)):
        return _from_cache(call, hit, readings)
    return Answer(call, readings, work=work.join(call) or work.start(call))


async def _snapshot() -> snapshot.Snapshot:
    try:
        return await snapshot.current()
    except DatabaseError:
        raise refusals.no_database() from None


def _remembered(call: Call) -> Completion | None:
    if not shares.is_exact(call):
        return None
    with call.times.of("cache"):
        return exact.memory.get(work.key_of(call))


async def _cached(call: Call) -> Completion | None:
    """A stored answer of the usual route, wherever it is: good in every mode."""
    if not shares.is_exact(call):
        return None
    with call.times.of("cache"):
        return await exact.lookup(work.key_of(call))


def _from_cache(call: Call, hit: Completion, readings: tuple[Reading, ...] = ()) -> Answer:
    write_hit(call, hit, layer=exact.LAYER)
    return Answer(call, readings or _last_seen(call), completion=hit)


def _from_store(call: Call, stored: Stored) -> Answer:
    write_stored(call, stored)
    return Answer(call, _last_seen(call), completion=stored.completion, stored=stored)


def _last_seen(call: Call) -> tuple[Reading, ...]:
    return gauge.peek(call.rules(), now=call.at, max_age_s=LAST_SEEN_S) or ()


async def _readings(call: Call) -> tuple[Reading, ...]:
    """How full this caller's windows are; from memory while that is fresh."""
    return await _read(call.rules(), call)


async def _read(rules: list[Rule], call: Call) -> tuple[Reading, ...]:
    if (readings := gauge.peek(rules, now=call.at)) is not None:
        return readings
    try:
        return await database.run(gauge.read, rules, now=call.at)
    except DatabaseError:
        raise refusals.no_database() from None


async def _planned(call: Call, readings: tuple[Reading, ...]) -> Call:
    situation = policy.Situation(
        request=call.request, classified=call.classified, tier=call.caller.tier,
        snapshot=call.snapshot, problems=await health.problems(call.snapshot.deployments),
        is_economy=await _is_economy(call, readings),
        may_buy=not call.caller.is_end_user,
    )
    plan, caller = policy.choose(situation), call.caller
    if holdout.is_request_held_out(call.request, tier=caller.tier, user_id=caller.user_id):
        plan = holdout.plan_of(plan, situation)
    return replace(call, plan=plan)


async def _is_economy(call: Call, readings: tuple[Reading, ...]) -> bool:
    """A budget is nearly used up. The plan's own does not count for who can pay beyond it."""
    soft = [reading.window.rule for reading in readings if reading.is_soft_reached]
    if not soft or call.caller.tier.is_economy_exempt:
        return False
    if not all(rule.is_quota for rule in soft):
        return True
    return not await database.run(
        purses_of, call.caller.payer, book_version=call.snapshot.book.version, now=call.at
    )


async def _debate(call: Call) -> tuple[Call, tuple[Reading, ...]]:
    """The first call of a debate takes it from the quota; the others are part of it."""
    caller, debate_id = call.caller, call.request.debate_id
    rule = debates_rule(caller.tier, caller.payer)
    if not debate_id or rule is None:
        return call, ()
    if debates.is_taken(caller.user_id, debate_id):
        readings = await _read([rule], call)
    else:
        readings = await _taken(call, rule)
    is_beyond = debates.is_beyond(caller.user_id, debate_id)
    return replace(call, is_beyond=is_beyond), readings


async def _taken(call: Call, rule: Rule) -> tuple[Reading, ...]:
    caller = call.caller
    opener = debates.Opener(caller.payer, caller.user_id, call.request.debate_id, call.id)
    try:
        return await database.run(debates.take, rule, opener, now=call.at)
    except NoRoom as full:
        raise refusals.of_no_room(full, now=call.at, upgrade=call.upgrade()) from full
    except DatabaseError:
        raise refusals.no_database() from None


def _explainable(call: Call, error: CostControlError) -> CostControlError:
    """Write the refusal down (not each of a flood), name the call in the error, and what to do
    instead."""
    error.call_id = str(call.id)
    alternatives.add(
        error, snapshot=call.snapshot, tier=call.caller.tier, language=call.classified.language,
        now=call.at,
    )
    if not isinstance(error, RateLimited):
        keeper.write_soon(records.of_refusal(call, error))
    return error

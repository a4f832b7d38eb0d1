"""Making an answer once, for everybody who asks for it at the same time.

In this process the others read along; in another process they wait for what we store.
"""

from django.db import DatabaseError

from routing import refusals, repeats, shares
from routing.answers import chunk_of, write_hit, write_stored
from routing.attempts import Attempts, Work
from routing.cache import exact, singleflight
from routing.cache.singleflight import Lease
from routing.call import Call


def key_of(call: Call, *, is_economy: bool = False) -> str:
    """Where the answer is stored. What economy mode made never serves another mode."""
    return exact.key_of(
        call.request, caller=call.caller, classified=call.classified, snapshot=call.snapshot,
        is_economy=is_economy,
    )


def join(call: Call) -> Work | None:
    """The same question is being answered already: read along."""
    if not _may_be_shared(call):
        return None
    work = _running(call)
    if work is None or not shares.may_read_along(call, work.viewers):
        return None
    work.join()
    work.viewers.add(call.caller.user_id)
    return work


def _running(call: Call) -> Work | None:
    work = singleflight.running(_flight_key(call))
    return work if isinstance(work, Work) and not is_stand_ins(call, work) else None


def is_stand_ins(call: Call, work: Work) -> bool:
    """Not the usual model writes it: there was no room for that one, or it failed."""
    if call.share is None or work.meter is None:
        return False
    return not shares.is_usual(call.share, work.meter.deployment)


def _may_be_shared(call: Call) -> bool:
    return call.request.may_read_cache and not shares.is_alone(call)


def _flight_key(call: Call) -> str:
    return f"{_lease_key(call)}:{call.request.is_stream}"


def _lease_key(call: Call) -> str:
    """Who has seen all variants that there are waits for the same next one."""
    if call.share:
        return f"{call.share.key}:{call.share.there}"
    return key_of(call, is_economy=call.plan.is_economy)


def start(call: Call) -> Work:
    work = Work(call.id)
    work.join()
    work.viewers.add(call.caller.user_id)
    key = _flight_key(call)
    is_open = _may_be_shared(call) and _running(call) is None
    if is_open:
        singleflight.register(key, work)
    work.start(lambda: _work(call, work, key, is_open=is_open))
    return work


async def _work(call: Call, work: Work, flight_key: str, *, is_open: bool) -> None:
    try:
        await _make(call, work, is_open=is_open)
    except DatabaseError:
        raise refusals.no_database() from None
    finally:
        singleflight.forget(flight_key, work)
        await repeats.finish(work.claims, work.completion)


async def _make(call: Call, work: Work, *, is_open: bool) -> None:
    """Make the answer here, or take it from the process that has it."""
    if not is_open:
        return await _make_here(call, work, Lease(_lease_key(call), ""))
    if call.share:
        return await _make_for_all(call, work)
    key = _lease_key(call)
    found = exact.memory.get(key)
    with call.times.of("cache"):
        raw, token = (None, "") if found else await singleflight.find_or_lead(key)
    if raw is not None:
        found = exact.remember(key, raw)
    if found is None:
        async with singleflight.leading(key, token) as lease:
            return await _make_here(call, work, lease)
    work.found = work.completion = found
    write_hit(call, found, layer=exact.LAYER)
    return work.publish(chunk_of(found))


async def _make_for_all(call: Call, work: Work) -> None:
    """What another process stored meanwhile is taken; else it is made here, and stored before the
    others are let go."""
    key = _lease_key(call)
    with call.times.of("cache"):
        _nothing, token = await singleflight.find_or_lead(key)
    async with singleflight.leading(key, token) as lease:
        with call.times.of("cache"):
            viewers = frozenset(work.viewers)
            found = await shares.again(call, viewers)
        if found is None:
            return await _make_here(call, work, lease)
    work.noted |= viewers
    work.stored, work.stored_id = found, found.answer_id
    work.found = work.completion = found.completion
    write_stored(call, found)
    return work.publish(chunk_of(found.completion))


async def _make_here(call: Call, work: Work, lease: Lease) -> None:
    meter = await Attempts(call, work).run()
    work.completion = meter.completion()
    if call.share:
        viewers = frozenset(work.viewers)
        work.stored_id = await shares.keep(meter, viewers)
        work.noted |= viewers
        return
    is_first_choice = meter.deployment.model_class == call.plan.candidates[0].model_class
    is_kept = is_first_choice and meter.is_storable  # a weaker stand-in's answer is not
    if call.request.may_store and is_kept and not shares.is_alone(call):
        await exact.store(lease, work.completion)

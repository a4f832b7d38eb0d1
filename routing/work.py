"""Making an answer once, for everybody who asks for it at the same time.

In this process the others read along; in another process they wait for what we store.
"""

from django.db import DatabaseError

from routing import refusals, repeats
from routing.answers import chunk_of, write_hit
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
    if not call.request.may_read_cache:
        return None
    work = singleflight.running(_flight_key(call))
    if not isinstance(work, Work):
        return None
    work.join()
    return work


def _flight_key(call: Call) -> str:
    return f"{key_of(call, is_economy=call.plan.is_economy)}:{call.request.is_stream}"


def start(call: Call) -> Work:
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
        raise refusals.no_database() from None
    finally:
        singleflight.forget(flight_key, work)
        await repeats.finish(work.claims, work.completion)


async def _make(call: Call, work: Work) -> None:
    """Make the answer here, or take it from the process that has it."""
    key = key_of(call, is_economy=call.plan.is_economy)
    if not call.request.may_read_cache:
        return await _make_here(call, work, Lease(key, ""))
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


async def _make_here(call: Call, work: Work, lease: Lease) -> None:
    meter = await Attempts(call, work).run()
    work.completion = meter.completion()
    is_first_choice = meter.deployment.model_class == call.plan.candidates[0].model_class
    is_kept = is_first_choice and meter.is_storable  # a weaker stand-in's answer is not
    if call.request.may_store and is_kept:
        await exact.store(lease, work.completion)

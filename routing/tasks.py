"""Work beside the calls, on Celery's clock."""

import asyncio
from collections.abc import Awaitable, Callable

from celery import shared_task

from billing import corrections_work
from billing.usage_imports import fetches
from costcontrol.lib import clock, redis
from routing import forgetting, idempotency, providers, texts
from routing.cache import endings
from routing.debates import events, own, own_texts, topic_audits
from routing.precompute import ahead, machine, refresh
from routing.precompute.beside import beside
from routing.whatif import work as whatif


@shared_task
def purge() -> int:
    """Delete answers that were kept for repeats longer than a day, events of turns that are long
    over, texts of calls, users' own texts in debates and texts that nobody judged that are past
    their days, users' philosophers that nothing needs, stored answers that ended long ago (those
    that are too old end now), and what calls left of accounts that were closed meanwhile."""
    now = clock.now()
    works = (
        idempotency.purge, events.purge, texts.purge, own_texts.purge, own.unused_delete,
        endings.expire, forgetting.stragglers, topic_audits.purge,
    )
    return sum(work(now=now) for work in works)


@shared_task
def precompute() -> bool:
    """The next step of every run that makes answers ahead."""
    return beside("precompute", lambda: machine.step_all(now=clock.now()))


@shared_task
def precompute_ahead() -> bool:
    """What idle local models can write of them."""
    return beside("precompute_ahead", lambda: asyncio.run(_in_a_loop(ahead.work)))


@shared_task
def refresh_answers() -> bool:
    """Make answers anew that grow old and are still asked for."""
    return beside("refresh_answers", lambda: asyncio.run(_in_a_loop(refresh.refresh_answers)))


@shared_task
def what_if() -> bool:
    """Runs that ask what calls of the past would have cost."""
    return beside("what_if", whatif.work)


@shared_task
def fetch_usage() -> bool:
    """What staff, or the night, want to know of providers' own figures."""
    return beside("fetch_usage", fetches.work)


@shared_task
def correct_prices() -> bool:
    """Count and post what people asked to be corrected: hours of it, where calls are many."""
    return beside("correct_prices", lambda: corrections_work.work(clock.now))


async def _in_a_loop(work: Callable[[], Awaitable[int]]) -> int:
    try:
        return await work()
    finally:  # the loop ends with the task, and its connections with it
        await providers.close_all()
        await redis.client().aclose()

"""Work beside the calls, on Celery's clock."""

from celery import shared_task

from costcontrol.lib import clock
from routing import forgetting, idempotency, texts


@shared_task
def purge() -> int:
    """Delete answers that were kept for repeats longer than a day, texts of calls that are past
    their days, and what calls left of accounts that were closed meanwhile."""
    now = clock.now()
    return idempotency.purge(now=now) + texts.purge(now=now) + forgetting.stragglers(now=now)

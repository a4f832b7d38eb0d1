"""Work beside the calls, on Celery's clock."""

from celery import shared_task

from costcontrol.lib import clock
from routing import idempotency


@shared_task
def purge() -> int:
    """Delete answers that were kept for repeats longer than a day."""
    return idempotency.purge(now=clock.now())

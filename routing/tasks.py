"""Work beside the calls, on Celery's clock."""

from celery import shared_task

from costcontrol.lib import clock
from routing import idempotency, texts


@shared_task
def purge() -> int:
    """Delete answers that were kept for repeats longer than a day, and texts of calls that are
    past their days."""
    now = clock.now()
    return idempotency.purge(now=now) + texts.purge(now=now)

"""Work beside the calls, on Celery's clock."""

from celery import shared_task

from costcontrol.lib import clock
from routing import forgetting, idempotency, texts
from routing.debates import own, own_texts


@shared_task
def purge() -> int:
    """Delete answers that were kept for repeats longer than a day, texts of calls and users' own
    texts in debates that are past their days, users' philosophers that nothing needs, and what
    calls left of accounts that were closed meanwhile."""
    now = clock.now()
    kept_too_long = idempotency.purge(now=now) + texts.purge(now=now) + own_texts.purge(now=now)
    return kept_too_long + own.unused_delete(now=now) + forgetting.stragglers(now=now)

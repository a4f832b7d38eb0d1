"""Work beside the calls, on Celery's clock."""

from celery import shared_task

from costcontrol.lib import clock
from routing import forgetting, idempotency, texts
from routing.cache import endings
from routing.debates import events, own, own_texts


@shared_task
def purge() -> int:
    """Delete answers that were kept for repeats longer than a day, events of turns that are long
    over, texts of calls and users' own texts in debates that are past their days, users'
    philosophers that nothing needs, stored answers that ended long ago (those that are too old
    end now), and what calls left of accounts that were closed meanwhile."""
    now = clock.now()
    works = (
        idempotency.purge, events.purge, texts.purge, own_texts.purge, own.unused_delete,
        endings.expire, forgetting.stragglers,
    )
    return sum(work(now=now) for work in works)

"""One process has a batch at a time: whoever moves `next_at` on. A claim outlasts every request, so
one that is still there after it belongs to a process that died."""

from datetime import datetime, timedelta

from django.conf import settings

from routing.models import PrecomputeBatch

CLAIM = timedelta(minutes=10)
LONGEST_PAUSE = timedelta(minutes=10)
AGE_SHARE = 10  # the older a batch, the more seldom it is asked: each tenth of its age


def claim(batch: PrecomputeBatch, *, now: datetime) -> bool:
    """Take it, if it is time. `batch` is then as it is in the database."""
    if batch.next_at is not None and batch.next_at > now:
        return False
    rows = PrecomputeBatch.objects.filter(
        pk=batch.pk, next_at=batch.next_at, status=batch.status
    )
    if not rows.update(next_at=now + CLAIM, asked_at=now):
        return False
    batch.refresh_from_db()
    return True


def renew(batch: PrecomputeBatch, *, now: datetime) -> None:
    PrecomputeBatch.objects.filter(pk=batch.pk).update(next_at=now + CLAIM)


def later(batch: PrecomputeBatch, *, now: datetime, error: str = "") -> None:
    """Give it back until it is asked again."""
    batch.next_at, batch.error = now + pause(batch, now=now), error[:500]
    batch.save(update_fields=["next_at", "error"])


def pause(batch: PrecomputeBatch, *, now: datetime) -> timedelta:
    age = now - (batch.sent_at or batch.created_at)
    least = timedelta(seconds=settings.PRECOMPUTE_POLL_S)
    return min(LONGEST_PAUSE, max(least, age / AGE_SHARE))

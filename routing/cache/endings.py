"""How a stored answer ends: purged, expired, rated badly, refreshed. It stays for its history."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet

from routing.models import StoredAnswer

End = StoredAnswer.End
KEPT = timedelta(days=90)  # after its end, for its history
AT_ONCE = 5_000  # rows a statement, so that nobody waits for long


@dataclass(frozen=True, slots=True)
class Scope:
    """What to purge: all that fits every field that is set. `everything` says that nothing is."""

    topic_key: str = ""
    philosopher: str = ""
    kind: str = ""
    language: str = ""
    route: str = ""
    everything: bool = False

    def rows(self) -> QuerySet[StoredAnswer]:
        """The live ones. Raises ValueError when nothing is named and `everything` is not meant."""
        names = ("topic_key", "philosopher", "kind", "language", "route")
        wanted = {name: value for name in names if (value := getattr(self, name))}
        if not wanted and not self.everything:
            raise ValueError("name what to purge, or say everything")
        return StoredAnswer.objects.filter(ended_at=None, **wanted)


def end(
    answers: QuerySet[StoredAnswer] | Iterable[int], *, why: str, now: datetime
) -> int:
    """None of them (rows, or their ids) is served from now on. How many there were."""
    rows = (
        answers if isinstance(answers, QuerySet)
        else StoredAnswer.objects.filter(pk__in=list(answers))
    )
    return rows.filter(ended_at=None).update(ended_at=now, ended_why=why)


def purge(scope: Scope, *, now: datetime) -> int:
    return end(scope.rows(), why=End.PURGED, now=now)


def expire(*, now: datetime) -> int:
    """End what is too old, and delete what ended long ago. How many rows changed."""
    old = StoredAnswer.objects.filter(ended_at=None, hard_until__lte=now).values("pk")[:AT_ONCE]
    ended = 0
    while moved := end(StoredAnswer.objects.filter(pk__in=old), why=End.EXPIRED, now=now):
        ended += moved
    return ended + _delete(now)


def _delete(now: datetime) -> int:
    long_over = StoredAnswer.objects.filter(ended_at__lt=now - KEPT).values("pk")[:AT_ONCE]
    deleted = 0
    while pks := list(long_over.values_list("pk", flat=True)):
        StoredAnswer.objects.filter(pk__in=pks).delete()
        deleted += len(pks)
    return deleted

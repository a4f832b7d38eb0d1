"""What a purge would end, and which purges can be taken back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, OuterRef, QuerySet, Sum

from accounts.models import AuditEvent
from routing.cache.endings import KEPT, Scope
from routing.models import StoredAnswer

PURGE = "answers_purge"  # in the audit log
SHOWN = 10


@dataclass(frozen=True, slots=True)
class Preview:
    """Of the entries that would end: what it cost to make them, and what they saved so far."""

    entries: int
    keys: int
    cost_nanos: int
    saved_nanos: int
    served: int


@dataclass(frozen=True, slots=True)
class Purge:
    """One that was done. `left`: entries that can be brought back now."""

    event_id: int
    at: datetime
    actor: str
    target: str
    ended: int
    left: int


def preview(scope: Scope) -> Preview:
    sums = scope.rows().aggregate(
        entries=Count("pk"), keys=Count("key", distinct=True), cost=Sum("cost_nanos"),
        saved=Sum("saved_nanos"), served=Sum("served"),
    )
    return Preview(
        sums["entries"], sums["keys"], sums["cost"] or 0, sums["saved"] or 0, sums["served"] or 0
    )


def back_from(moments: Iterable[datetime], *, now: datetime) -> QuerySet[StoredAnswer]:
    """Entries purged then that nothing newer stands in place of, and that are not too old."""
    newer = StoredAnswer.objects.filter(
        key=OuterRef("key"), variant=OuterRef("variant"), ended_at=None
    )
    rows = StoredAnswer.objects.filter(
        ended_at__in=list(moments), ended_why=StoredAnswer.End.PURGED, hard_until__gt=now
    )
    return rows.exclude(Exists(newer))


def ended_at(after: Any) -> datetime | None:
    """When the entries of a purge ended: they all have this very moment."""
    try:
        return datetime.fromisoformat(after["at"])
    except (KeyError, TypeError, ValueError):
        return None


def purges(*, now: datetime, most: int = SHOWN) -> Sequence[Purge]:
    """The last ones, as long as their entries are kept. Two queries."""
    events = AuditEvent.objects.filter(action=PURGE, at__gt=now - KEPT)[:most]
    moments = {at: event for event in events if (at := ended_at(event.after))}
    rows = back_from(moments, now=now).values_list("ended_at").annotate(number=Count("pk"))
    left = dict(rows.order_by())
    return tuple(
        Purge(
            event.pk, event.at, event.actor, event.target, (event.after or {}).get("ended", 0),
            left.get(at, 0),
        )
        for at, event in moments.items()
    )

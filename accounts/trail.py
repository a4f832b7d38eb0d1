"""The audit trail as staff read it: newest first, by key, narrowed by who, what and whom.

Rows are cut at (at, id), so that what is written meanwhile shifts no page.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Q, QuerySet

from accounts.models import AuditEvent

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PAGE = 50
EXPORT_PAGE = 500


@dataclass(frozen=True, slots=True)
class Place:
    """Between two rows, as it stands in an address."""

    at: datetime
    id: int

    def __str__(self) -> str:
        return f"{(self.at - EPOCH) // timedelta(microseconds=1)}-{self.id}"


@dataclass(frozen=True, slots=True)
class TrailFilters:
    """Changes of [start, end). Texts are parts of what is looked for; empty: all."""

    start: datetime
    end: datetime
    actor: str = ""
    action: str = ""
    target: str = ""

    @property
    def rows(self) -> QuerySet[AuditEvent]:
        said = {
            "actor__icontains": self.actor, "action__icontains": self.action,
            "target__icontains": self.target,
        }
        meant = Q(**{name: value for name, value in said.items() if value})
        rows = AuditEvent.objects.filter(meant, at__gte=self.start, at__lt=self.end)
        return rows.order_by("-at", "-pk")


def page(
    filters: TrailFilters, *, after: Place | None = None, size: int = PAGE
) -> tuple[list[AuditEvent], Place | None]:
    """The rows older than a place, and where the next page begins if there is one."""
    rows = filters.rows
    if after:
        rows = rows.filter(at__lte=after.at).filter(Q(at__lt=after.at) | Q(pk__lt=after.id))
    found = list(rows[: size + 1])
    shown = found[:size]
    return shown, Place(shown[-1].at, shown[-1].pk) if len(found) > size else None


def every(filters: TrailFilters, *, limit: int) -> Iterator[list[AuditEvent]]:
    """All of them in pages, for exports. At most so many."""
    place: Place | None = None
    while limit > 0:
        rows, place = page(filters, after=place, size=min(EXPORT_PAGE, limit))
        if rows:
            yield rows
        limit -= len(rows)
        if place is None:
            return

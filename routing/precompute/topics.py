"""Topics that answers are made ahead on: whether anybody came for them, and which are left out.

An answer made ahead that was deleted since says nothing any more and is counted nowhere. That
statements are used shows in their own row; what was only read for them is counted with its topic.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Max, Q, Sum

from accounts.services import audit
from routing.models import PrecomputeItem, PrecomputeRun, Topic

PATIENCE = timedelta(days=14)  # so long nobody has to come before it is said
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Unused:
    """A topic whose answers were all made some time ago, and of which none was ever served."""

    topic: Topic
    answers: int
    cost_nanos: int
    last_made: datetime


@dataclass(frozen=True, slots=True)
class Topics:
    """`unused`: the dearest first. `is_nothing_used`: on any topic, with time enough."""

    unused: tuple[Unused, ...]
    left_out: tuple[Topic, ...]
    is_nothing_used: bool
    cost_nanos: int  # of all that nobody came for, left out or not


def topics_now(*, now: datetime) -> Topics:
    """Three queries."""
    rows = list(
        PrecomputeItem.objects.filter(
            status=PrecomputeItem.Status.MADE, run__kind=PrecomputeRun.Kind.AHEAD,
            answer__isnull=False,
        )
        .order_by().values("topic_key")
        .annotate(
            answers=Count("pk"), cost=Sum("cost_nanos"), last=Max("answer__made_at"),
            used=Count("pk", filter=Q(answer__served__gt=0)),
        )
    )
    known = Topic.objects.in_bulk([row["topic_key"] for row in rows])
    old = [row for row in rows if not row["used"] and row["last"] <= now - PATIENCE]
    unused = [
        Unused(known[row["topic_key"]], row["answers"], row["cost"], row["last"])
        for row in sorted(old, key=lambda row: (-row["cost"], row["topic_key"]))
        if row["topic_key"] in known and known[row["topic_key"]].is_made_ahead
    ]
    return Topics(
        tuple(unused[:SHOWN]), tuple(Topic.objects.filter(is_made_ahead=False)),
        bool(rows) and len(old) == len(rows), sum(row["cost"] for row in old),
    )


@transaction.atomic
def topic_switch(topic: Topic, *, is_made_ahead: bool, actor: str, reason: str = "") -> bool:
    """Whether estimates may choose from it, from the next one on. Runs that go on are not changed.
    False: it was so already."""
    row = Topic.objects.select_for_update().get(pk=topic.pk)
    if row.is_made_ahead == is_made_ahead:
        return False
    row.is_made_ahead = is_made_ahead
    row.save(update_fields=["is_made_ahead"])
    audit(
        actor, "precompute_topic", row.pk, {"is_made_ahead": not is_made_ahead},
        {"is_made_ahead": is_made_ahead}, reason=reason[:300],
    )
    return True

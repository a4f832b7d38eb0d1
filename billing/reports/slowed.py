"""What slowing a user down would have refused: their calls of the last 24 hours, counted as the
gateway counts them (`routing.limits`), in a window that slides over two minutes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from accounts.models import User
from billing.models import UsageRecord

LOOK_BACK = timedelta(hours=24)
MOST_ROWS = 20_000
MINUTE_S = 60


@dataclass(frozen=True, slots=True)
class Calls:
    """When each began, the oldest first. `is_cut`: there were more, these are the newest."""

    moments: tuple[datetime, ...]
    is_cut: bool = False

    def refused(self, limit: int) -> int:
        """How many would have been, with so many allowed a minute."""
        minute, now, before, refused = 0, 0, 0, 0
        for moment in self.moments:
            number, second = divmod(moment.timestamp(), MINUTE_S)
            if number != minute:
                before = now if number == minute + 1 else 0
                minute, now = int(number), 0
            if before * (1 - second / MINUTE_S) + now >= limit:
                refused += 1
            else:
                now += 1
        return refused


def calls_of(user_id: int, *, now: datetime) -> Calls:
    """Theirs, and those of the end users whom their key speaks for, as one limit holds for all.
    Calls that a call made, and those that the plan's own limit refused, are not counted."""
    rows = UsageRecord.objects.filter(at__gt=now - LOOK_BACK, at__lte=now, corrects_id=None)
    end_users = User.objects.filter(owner_id=user_id)
    if end_users.exists():
        everybody = User.objects.filter(Q(pk=user_id) | Q(owner_id=user_id))
        rows = rows.filter(user_id__in=everybody.values("pk"))
    else:
        rows = rows.filter(user_id=user_id)
    rows = rows.filter(parent_call_id=None).exclude(error_code="rate_limited")
    found = list(rows.order_by("-at").values_list("call_id", "at")[: MOST_ROWS + 1])
    return Calls(_begun(found[:MOST_ROWS]), is_cut=len(found) > MOST_ROWS)


def _begun(found: Sequence[tuple[object, datetime]]) -> tuple[datetime, ...]:
    """A call has a row for each attempt."""
    first: dict[object, datetime] = {}
    for call, at in found:
        first[call] = min(at, first.get(call, at))
    return tuple(sorted(first.values()))

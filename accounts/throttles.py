"""Users who are answered more slowly for a while, or not at all: who they are, and who said so.

Every process that answers calls knows all of them (`routing.snapshot`), so a new one holds within
the seconds of a snapshot, for keys, tokens, sessions and debates alike.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.models import Throttle, User
from accounts.services import audit
from accounts.types import Caller

MAX_REASON = 300


@dataclass(frozen=True, slots=True)
class Throttled:
    """How much somebody may still ask, together with all whom their service key speaks for.
    `until` None: until it is lifted."""

    user_id: int
    requests_per_minute: int  # 0: suspended
    until: datetime | None

    def holds(self, now: datetime) -> bool:
        return self.until is None or now < self.until

    @property
    def is_suspended(self) -> bool:
        return self.requests_per_minute == 0


def throttles_now(now: datetime) -> QuerySet[Throttle]:
    return Throttle.objects.filter(Q(until=None) | Q(until__gt=now)).order_by("pk")


def throttles_known(now: datetime) -> Mapping[int, Throttled]:
    """By user id."""
    rows = throttles_now(now).values_list("user_id", "requests_per_minute", "until")
    return {user_id: Throttled(user_id, limit, until) for user_id, limit, until in rows}


def throttles_of(
    known: Mapping[int, Throttled], caller: Caller, *, now: datetime
) -> tuple[Throttled, ...]:
    """Theirs, and that of whose service key speaks for them; the stricter one first. Both hold:
    nobody gets past one by naming an end user, or many of them."""
    ids = (caller.user_id, caller.owner_id)
    found = [known[id] for id in ids if id is not None and id in known and known[id].holds(now)]
    return tuple(sorted(found, key=lambda one: one.requests_per_minute))


@transaction.atomic
def throttle_set(
    *, user: User, requests_per_minute: int, until: datetime | None, reason: str, actor: str,
    now: datetime, request_id: str = "",
) -> Throttle:
    """From now on, instead of what held before. 0 calls a minute suspends the user."""
    old = Throttle.objects.select_for_update().filter(user=user).first()
    before = _facts(old) if old else None
    row, _is_new = Throttle.objects.update_or_create(
        user=user,
        defaults={
            "requests_per_minute": requests_per_minute, "until": until,
            "reason": reason[:MAX_REASON], "made_by": actor, "made_at": now,
        },
    )
    audit(
        actor, "throttle_set", str(user)[:200], before, _facts(row), reason=row.reason,
        request_id=request_id,
    )
    return row


@transaction.atomic
def throttle_lift(*, user_id: int, actor: str, reason: str = "", request_id: str = "") -> bool:
    """False: there was none."""
    rows = Throttle.objects.select_for_update(of=("self",)).select_related("user")
    row = rows.filter(user=user_id).first()
    if row is None:
        return False
    before = _facts(row)
    row.delete()
    audit(
        actor, "throttle_lift", str(row.user)[:200], before, None, reason=reason[:MAX_REASON],
        request_id=request_id,
    )
    return True


def _facts(row: Throttle) -> dict[str, Any]:
    return {
        "requests_per_minute": row.requests_per_minute,
        "until": row.until.isoformat() if row.until else None,
    }

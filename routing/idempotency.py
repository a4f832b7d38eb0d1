"""`Idempotency-Key`: the same call again gets the same answer and is billed once.

A row is claimed before anything is paid. While the first call runs, a repeat waits for it; a
crashed one loses its claim when the lease ends. Answers are kept for a day. Synchronous.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.types import Caller
from costcontrol.lib.errors import Conflict
from costcontrol.lib.sentences import Sentence as _
from routing.models import IdempotentReply

LEASE = timedelta(minutes=10)
KEPT = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Claim:
    """`is_ours`: we may make the call. Else `completion` is its answer, or it still runs."""

    pk: int
    is_ours: bool
    completion: dict[str, Any] | None = None


@transaction.atomic
def claim(
    caller: Caller, *, key: str, fingerprint: str, call_id: UUID, now: datetime
) -> Claim:
    """Raises Conflict when the key was used for another call."""
    reply, is_new = IdempotentReply.objects.select_for_update().get_or_create(
        key_prefix=caller.key_prefix, user_id=caller.user_id, idempotency_key=key,
        defaults={"fingerprint": fingerprint, "call_id": call_id, "created_at": now,
                  "lease_until": now + LEASE},
    )
    if is_new:
        return Claim(reply.pk, is_ours=True)
    if reply.fingerprint != fingerprint:
        raise Conflict(
            _("This Idempotency-Key was used for another call. Use a new key."),
            param="Idempotency-Key",
        )
    if reply.completion is not None:
        return Claim(reply.pk, is_ours=False, completion=reply.completion)
    if reply.lease_until > now:
        return Claim(reply.pk, is_ours=False)
    reply.call_id, reply.lease_until = call_id, now + LEASE
    reply.save(update_fields=["call_id", "lease_until"])
    return Claim(reply.pk, is_ours=True)


def finish(claim: Claim, completion: dict[str, Any] | None) -> None:
    """Keep the answer; without one the key is free again."""
    mine = IdempotentReply.objects.filter(pk=claim.pk)
    if completion is None:
        mine.filter(completion__isnull=True).delete()
        return
    mine.update(completion=completion)


def purge(*, now: datetime) -> int:
    deleted, _per_model = IdempotentReply.objects.filter(created_at__lt=now - KEPT).delete()
    return deleted

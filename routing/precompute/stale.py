"""Answers that grow old and are still asked for. Synchronous.

Between its soft and its hard end an answer is served as before; then a newer one takes its place.
What has hours enough until its hard end waits for a batch, at half the price; what has not, and
what no batch can make, is made at once.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import F, Q, QuerySet

from routing import snapshot as snapshots
from routing.debates.canonical import LEVELS, CannotBeMade, canonical_request
from routing.debates.errors import PhilosopherUnknown
from routing.models import PrecomputeItem, StoredAnswer
from routing.precompute import money
from routing.precompute.closing import OPEN
from routing.precompute.requests import found_for, pages_in, route_of
from routing.precompute.sizes import is_batched
from routing.types import ChatRequest, DeploymentSpec


@dataclass(frozen=True, slots=True)
class Old:
    """One that is to be made anew, by whom, and what is asked."""

    row: StoredAnswer
    deployment: DeploymentSpec
    request: ChatRequest


def at_once(*, most: int, now: datetime) -> list[Old]:
    """Those that end first, of what cannot wait for a batch."""
    rows = _stale(now).exclude(**_waiting(now))
    return list(_old(rows[:most], now))


def in_batches(*, most: int, now: datetime) -> list[Old]:
    """Those that end first, of what can."""
    rows = _stale(now).filter(**_waiting(now))
    return list(_old(rows[:most], now))


def _waiting(now: datetime) -> dict[str, Any]:
    """What is made in batches: of a kind that may be, by a model that takes them, and with time: a
    batch may take two days until it is given up, and then there has to be some to do without."""
    known = snapshots.latest()
    return {
        "kind__in": [name for name, kind in known.kinds.items() if kind.is_batchable],
        "deployment__in": [
            each.name for each in known.deployments if is_batched(each, known.prices)
        ],
        "hard_until__gt": now + timedelta(hours=settings.PRECOMPUTE_REFRESH_HOURS),
    }


def _stale(now: datetime) -> QuerySet[StoredAnswer]:
    """Past their soft end, and served since. What a user's own philosopher said is theirs: nobody
    else pays for it, or keeps what was asked. Nor what is being made anew."""
    if not money.is_on() or not settings.CACHE_SHARED:
        return StoredAnswer.objects.none()
    under_way = PrecomputeItem.objects.filter(status__in=OPEN).exclude(replaces=None)
    return StoredAnswer.objects.filter(
        Q(served_at__gte=F("soft_until")), ended_at=None, soft_until__lte=now, hard_until__gt=now,
        kind__in=LEVELS, owner_id=None,
    ).exclude(pk__in=under_way.values("replaces")).order_by("hard_until", "pk")


def _old(rows: QuerySet[StoredAnswer], now: datetime) -> Iterator[Old]:
    """Not those whose key is asked for by nobody any more, as what it is about has changed."""
    known = snapshots.latest()
    for row in rows:
        deployment = known.deployment(row.deployment)
        if deployment is None or row.kind not in known.kinds or route_of(deployment) != row.route:
            continue
        if request := _request(row, now):
            yield Old(row, deployment, request)


def _request(row: StoredAnswer, now: datetime) -> ChatRequest | None:
    if not _statements_are_live(row.fields, now):
        return None
    try:
        found = found_for(row.fields, row.variant, now=now)
        if row.fields.get("is_searched") and not pages_in(found):
            return None  # the search that it reads is too old: a debate makes both anew
        return canonical_request(row.fields, found=found)
    except (CannotBeMade, PhilosopherUnknown):
        return None


def _statements_are_live(fields: Mapping[str, Any], now: datetime) -> bool:
    """What was learnt from a statement is asked for as long as that one is served."""
    ids = statements_of(fields)
    rows = StoredAnswer.objects.filter(pk__in=ids, ended_at=None, hard_until__gt=now)
    return not ids or rows.count() == len(ids)


def statements_of(fields: Mapping[str, Any]) -> set[int]:
    one = [fields["statement_id"]] if "statement_id" in fields else []
    return {*fields.get("statement_ids", one)}

"""A batch to its provider: once, whatever happens.

The row is there before the request. Whoever comes after a process that died in between looks for
the batch at the provider first, and hands it in only if it is not there.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import uuid4

from django.db import transaction

from billing import ledger
from costcontrol.lib.errors import ProviderError, ProviderRejected
from routing import snapshot as snapshots
from routing.debates.canonical import CannotBeMade
from routing.debates.errors import PhilosopherUnknown
from routing.models import PrecomputeBatch, PrecomputeItem
from routing.precompute import claims, closing
from routing.precompute.filling import Prepared, prepared_of
from routing.precompute.requests import NotNeeded, wanted
from routing.precompute.words import code
from routing.providers.batches import Batches, BatchRequest

log = logging.getLogger(__name__)
LEASE_S = 50 * 3600.0  # a batch takes 24 hours at most, and we may be away for a day
GIVE_UP = timedelta(hours=24)
OVERLOADED = (503, 529)
Status = PrecomputeBatch.Status


def send(batch: PrecomputeBatch, provider: Batches, *, now: datetime) -> None:
    """Under a claim."""
    items = _items(batch)
    marker = marker_of(batch)
    try:
        provider_id = _found(batch, provider, marker, len(items)) if batch.tries else ""
    except ProviderError as error:
        _put_off(batch, error, now=now)
        return
    try:
        provider_id = provider_id or _handed_in(batch, provider, marker, items, now=now)
    except ProviderRejected as error:
        closing.close_batch(batch, code("refused", str(error.message)), now=now)
        return
    except ProviderError as error:
        _put_off(batch, error, now=now, may_be_there=_may_be_there(error))
        return
    if provider_id:
        _sent(batch, provider_id, now=now)


def withdraw(batch: PrecomputeBatch, provider: Batches, *, now: datetime) -> None:
    """Not sent after all, unless it is there already. Under a claim."""
    items = _items(batch)
    try:
        marker = marker_of(batch)
        provider_id = _found(batch, provider, marker, len(items)) if batch.tries else ""
    except ProviderError as error:
        return _put_off(batch, error, now=now)
    if provider_id:
        return _sent(batch, provider_id, now=now)
    for item in items:
        closing.close_item(item, PrecomputeItem.Status.SKIPPED, code("stopped"), now=now)
    return closing.close_empty(batch, now=now)


def _items(batch: PrecomputeBatch) -> list[PrecomputeItem]:
    return list(batch.items.filter(status=PrecomputeItem.Status.PLANNED).order_by("pk"))


def marker_of(batch: PrecomputeBatch) -> str:
    """The same after a crash, whatever became of its items, and no other database's: the moment it
    was made is in it."""
    return f"costcontrol-{batch.run_id}-{batch.pk}-{batch.created_at.timestamp():.6f}"


def _found(batch: PrecomputeBatch, provider: Batches, marker: str, total: int) -> str:
    known = PrecomputeBatch.objects.exclude(provider_id="").values_list("provider_id", flat=True)
    found = provider.find(marker, total=total, since=batch.created_at, known=set(known))
    if found:
        batch.counts = {**batch.counts, "found": 1}
        batch.save(update_fields=["counts"])
        log.warning("precompute: batch %s was at the provider already (%s)", batch.pk, found)
    return found


def _handed_in(
    batch: PrecomputeBatch, provider: Batches, marker: str, items: Sequence[PrecomputeItem], *,
    now: datetime,
) -> str:
    prepared = _prepared(batch, items, now=now)
    ready = [each for each in prepared if _is_ours_to_send(each)]
    _hold_anew([each.wanted.item for each in prepared if each not in ready])
    if not ready:
        closing.close_empty(batch, now=now)
        return ""
    batch.tries += 1
    batch.save(update_fields=["tries"])
    requests = [BatchRequest(each.wanted.item.call_id.hex, each.wanted.call) for each in ready]
    return provider.submit(requests, marker=marker)


def _prepared(
    batch: PrecomputeBatch, items: Sequence[PrecomputeItem], *, now: datetime
) -> list[Prepared]:
    """Written again as they were when money was held for them. What is not needed any more is
    given back."""
    snapshot = snapshots.latest()
    prepared = []
    for item in items:
        try:
            ready = wanted(item, snapshot=snapshot, now=now)
            prepared.append(prepared_of(ready, snapshot))
        except NotNeeded as why:
            closing.close_item(item, PrecomputeItem.Status.SKIPPED, code(str(why)), now=now)
        except (CannotBeMade, PhilosopherUnknown):
            closing.close_item(item, PrecomputeItem.Status.SKIPPED, code("changed"), now=now)
    return prepared


def _is_ours_to_send(each: Prepared) -> bool:
    """The hold is still there; from now on it counts as sent. A sent one is kept longer."""
    call_id = each.wanted.item.call_id
    if ledger.mark_sent(call_id, progress=each.floor, lease_s=LEASE_S):
        return True
    return not ledger.checkpoint({call_id: each.floor}, lease_s=LEASE_S)


@transaction.atomic
def _hold_anew(items: Sequence[PrecomputeItem]) -> None:
    """We were away for so long that the sweeper gave their money back: they are planned again,
    under another name, as what is closed stays closed."""
    for item in items:
        closing.forget_hold(item)
        PrecomputeItem.objects.filter(pk=item.pk).update(batch=None, call_id=uuid4())


@transaction.atomic
def _sent(batch: PrecomputeBatch, provider_id: str, *, now: datetime) -> None:
    batch.status, batch.provider_id, batch.sent_at = Status.SENT, provider_id, now
    batch.error, batch.next_at = "", now
    batch.next_at = now + claims.pause(batch, now=now)
    batch.save(update_fields=["status", "provider_id", "sent_at", "error", "next_at"])
    batch.items.filter(status=PrecomputeItem.Status.PLANNED).update(
        status=PrecomputeItem.Status.SENT
    )


def _put_off(
    batch: PrecomputeBatch, error: ProviderError, *, now: datetime, may_be_there: bool = True
) -> None:
    """Tried again later. `may_be_there`: at the provider, unheard; then it is looked for."""
    log.warning("precompute: batch %s was not sent (%s)", batch.pk, error.message)
    if not may_be_there:
        batch.tries -= 1
        batch.save(update_fields=["tries"])
    age = now - batch.created_at
    if age > GIVE_UP and not batch.tries:
        closing.close_batch(batch, code("gave_up", str(error.message)), now=now)
    elif age > closing.LOST:
        closing.lose_batch(batch, now=now)
    else:
        claims.later(batch, now=now, error=code("unsent", str(error.message)))


def _may_be_there(error: ProviderError) -> bool:
    """Unless nobody was reached, or they said no: a failure inside their house says neither."""
    status = error.upstream_status
    return error.is_billed is not False or ((status or 0) >= 500 and status not in OVERLOADED)

"""One paid attempt: hold on entry, watch what comes back, settle whatever happens.

The bridge between the async gateway and the synchronous ledger. Settlement is shielded: a client
that hangs up cannot stop it. Whoever dies harder than that is closed by the sweeper.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

from accounts import auth
from billing import gauge, ledger
from billing.budgets import WindowRef
from billing.holds import Held, MustWait, NoRoom
from billing.models import Metric
from billing.usage import Usage
from costcontrol.lib import database
from costcontrol.lib.errors import ProviderError
from routing import keeper, queues, receipts, snapshot
from routing.call import Call
from routing.meter import Draft, Meter
from routing.types import DeploymentSpec

WAIT_S = 2.5  # how long a call waits for others' holds to be settled
PART_WAIT_S = 30.0  # and a part of a debate for calls of the same payer to end
POLL_S = 0.03


@asynccontextmanager
async def spending(
    call: Call, deployment: DeploymentSpec, *, attempt: int, is_last: bool
) -> AsyncIterator[Meter]:
    """Hold now, settle whatever happens. Raises NoRoom, or Unavailable while its queue is full."""
    async with queues.slot(deployment, is_last=is_last):
        draft = Draft(call, deployment, attempt, uuid4(), is_last=is_last)
        meter = await _hold_by_new_book(draft)
        keeper.watch(meter)
        error: BaseException | None = None
        try:
            yield meter
        except BaseException as caught:
            error = caught
            raise
        finally:
            keeper.unwatch(meter)
            if meter.has_output:
                keeper.keep_text(call, meter.text, deltas=meter.deltas)
                keeper.keep_uses(call)
            await _shielded(meter, error)


async def _hold_by_new_book(draft: Draft) -> Meter:
    """Hold; when a budget was set since the call began, by the new budgets."""
    while True:
        try:
            return await _hold(draft)
        except ledger.StaleBook:
            auth.forget_all()
            draft = draft.by(await snapshot.reload())


async def _hold(draft: Draft) -> Meter:
    begun = time.monotonic()
    try:
        held = await database.run(draft.hold, may_wait=draft.may_wait)
    except NoRoom as full:
        if not (seconds := _patience_s(draft, full)):
            raise
        held = await _wait_for_room(draft, full, deadline=begun + seconds)
    gauge.note(held.rooms)
    return draft.meter(held, waited_ms=int((time.monotonic() - begun) * 1000))


def _patience_s(draft: Draft, full: NoRoom) -> float:
    """Parts of a debate wait for each other where only calls at once are limited: they end."""
    if draft.call.request.is_part and all(_is_at_once(full, window) for window in full.windows):
        return PART_WAIT_S
    return WAIT_S if isinstance(full, MustWait) else 0.0


def _is_at_once(full: NoRoom, window: WindowRef) -> bool:
    return window.rule.metric == Metric.CONCURRENT and full.room_of(window).held > 0


async def _wait_for_room(draft: Draft, full: NoRoom, *, deadline: float) -> Held:
    """Poll in turn; at the deadline take what is left, or refuse. No connection is kept."""
    seconds = deadline - time.monotonic()
    async with queues.turn(full.windows[0].id, seconds=seconds) as is_our_turn:
        while is_our_turn and time.monotonic() < deadline:
            try:
                return await database.run(
                    draft.hold, may_wait=draft.may_wait, max_age_s=POLL_S
                )
            except NoRoom as still:
                if not _patience_s(draft, still):
                    raise
                await asyncio.sleep(POLL_S)
        return await database.run(draft.hold, may_wait=False, max_age_s=POLL_S)


async def _shielded(meter: Meter, error: BaseException | None) -> None:
    """Run the settlement to its end, even while we are being cancelled."""
    settlement = asyncio.ensure_future(_close(meter, error))
    try:
        await asyncio.shield(settlement)
    except asyncio.CancelledError:
        await settlement
        raise


async def _close(meter: Meter, error: BaseException | None) -> None:
    """Settle or release. After minutes without a database it is left to the sweeper; if that was
    faster, a late settlement corrects its estimate."""
    await database.insist(
        lambda: _close_once(meter, error), what=f"settling {meter.reservation_id}"
    )


async def _close_once(meter: Meter, error: BaseException | None) -> None:
    if _is_unbilled(meter, error):
        record = receipts.of_attempt(meter, Usage(), error)
        await database.run(ledger.release, meter.reservation_id, usage=record)
        return
    usage = meter.billed_usage()
    meter.cost_nanos = meter.charge(usage)
    await database.run(
        ledger.settle, meter.reservation_id, charged=meter.cost_nanos,
        usage=receipts.of_attempt(meter, usage, error), is_estimate=usage.is_estimated,
    )
    gauge.note_spent(meter.money_windows, meter.cost_nanos)
    gauge.note_spent(meter.counted_windows, 1)
    if meter.cost_nanos > meter.held.amount:
        receipts.overrun(meter.reservation_id, held=meter.held.amount, charged=meter.cost_nanos)


def _is_unbilled(meter: Meter, error: BaseException | None) -> bool:
    """The upstream answered with an error before any output: nothing is owed."""
    return isinstance(error, ProviderError) and error.is_billed is False and not meter.has_output

"""From a plan to an answer: one candidate after the other, each attempt held and settled.

A candidate is left when it is full, busy, broken or out of tries. Falling back ends with the first
chunk: what the caller has begun to read is not replaced.
"""

import asyncio
import random
from contextlib import aclosing
from dataclasses import replace
from uuid import UUID

from billing.holds import NoRoom
from billing.models import Metric
from costcontrol.lib.errors import (
    CostControlError,
    ProviderError,
    ProviderMalformed,
    ProviderRejected,
    ReservationLost,
    Unavailable,
)
from costcontrol.lib.sentences import Sentence as _
from routing import health, refusals
from routing.cache.patterns import Stored
from routing.cache.singleflight import Flight
from routing.call import Call
from routing.idempotency import Claim
from routing.meter import Meter
from routing.providers import get_provider
from routing.spending import spending
from routing.types import Chunk, Completion, DeploymentSpec, ProviderCall

TRIES = 2  # per candidate
MAX_PAUSE_S = 2.0  # a longer Retry-After sends the call to the next candidate instead


class Work(Flight):
    """A flight that says whose it is, who answers, and what came out whole."""

    def __init__(self, call_id: UUID) -> None:
        super().__init__()
        self.call_id = call_id
        self.claims: list[Claim] = []
        self.meter: Meter | None = None
        self.completion: Completion | None = None
        self.found: Completion | None = None  # another process had it
        self.stored: Stored | None = None  # the stored answer that it found
        self.stored_id: int | None = None  # the stored answer that it is by now
        self.viewers: set[int] = set()  # users who read it
        self.noted: set[int] = set()  # of them, whom the stored answer is not given again

    def keep(self, claim: Claim) -> None:
        """Somebody may come back for the answer: end with it, whoever leaves."""
        self.claims.append(claim)
        self.must_land = True


class Attempts:
    """The candidates of one call, and what became of those that were tried."""

    def __init__(self, call: Call, work: Work) -> None:
        self.call, self.work = call, work
        self.count = 0
        self.left = list(call.plan.candidates)
        self.last_error: CostControlError | None = None

    async def run(self) -> Meter:
        """The meter of the attempt that answered. Raises why nobody could."""
        while self.left:
            deployment = self.left.pop(0)
            if why := health.breaker(deployment.name).refusal():
                self._leave(deployment, Unavailable(why))
                continue
            meter = await self._candidate(deployment)
            if meter is not None:
                return meter
        raise _last(self.last_error)

    async def _candidate(self, deployment: DeploymentSpec) -> Meter | None:
        """Try one deployment; None: go on to the next."""
        for is_last_try in [False] * (TRIES - 1) + [True]:
            try:
                return await self._attempt(deployment)
            except asyncio.CancelledError:
                health.breaker(deployment.name).abandoned()
                raise
            except NoRoom as full:
                self._leave_full(deployment, full)
                return None
            except Unavailable as busy:
                self._leave(deployment, busy)
                return None
            except ProviderError as error:
                self._note_failure(deployment, error)
                if self.work.chunks:
                    raise
                if is_last_try or not await _pause(error):
                    self._leave(deployment, error)
                    return None
        return None

    async def _attempt(self, deployment: DeploymentSpec) -> Meter:
        self.count += 1
        is_last = not self.left and not self.call.plan.if_closed
        async with spending(
            self.call, deployment, attempt=self.count, is_last=is_last
        ) as meter:
            self.work.meter = meter
            provider_call = ProviderCall(self.call.request, deployment, meter.held.output_tokens)
            stream = get_provider(deployment.provider).stream(provider_call)
            async with aclosing(stream) as chunks:
                async for sent in chunks:
                    self._pass_on(_readable(sent), meter)
            if not meter.is_complete:
                raise ProviderMalformed(_("The answer ended before its end."), is_billed=None)
        health.breaker(deployment.name).succeeded()
        return meter

    def _pass_on(self, chunk: Chunk, meter: Meter) -> None:
        meter.see(chunk)
        if meter.is_lost:
            raise ReservationLost(_("The reservation ran out."), is_billed=None)
        self.work.publish(chunk)

    def _leave(self, deployment: DeploymentSpec, error: CostControlError) -> None:
        """Remember why, in the error and in the reason of the attempts to come."""
        self.last_error = error
        reason = f"{self.call.plan.reason}; left {deployment.name}: {error.message}"
        self.call = replace(self.call, plan=replace(self.call.plan, reason=reason))

    def _leave_full(self, deployment: DeploymentSpec, full: NoRoom) -> None:
        """No room. If it is money that is out, models that cost nothing may still answer."""
        error = refusals.of_no_room(full, now=self.call.at, upgrade=self.call.upgrade())
        self._leave(deployment, error)
        if full.windows[0].rule.metric != Metric.USD:
            self.left.clear()
            return
        known = {d.name for d in (*self.call.plan.candidates, *self.left)}
        self.left += [d for d in self.call.plan.if_closed if d.name not in known]

    def _note_failure(self, deployment: DeploymentSpec, error: ProviderError) -> None:
        if error.opens_breaker:
            health.breaker(deployment.name).failed(error.message, at_once=not error.may_retry)


def _readable(chunk: Chunk) -> Chunk:
    """Half a surrogate pair, which JSON can carry, is no text: nobody could be sent it."""
    try:
        chunk.text.encode()
    except UnicodeEncodeError:
        return replace(chunk, text=chunk.text.encode(errors="replace").decode())
    return chunk


async def _pause(error: ProviderError) -> bool:
    """Wait before another try; False: another try makes no sense."""
    if not error.may_retry or (error.retry_after_s or 0) > MAX_PAUSE_S:
        return False
    await asyncio.sleep(error.retry_after_s or random.uniform(0.05, 0.25))
    return True


def _last(error: CostControlError | None) -> CostControlError:
    """What the caller is told. Our own refusals and "your call is wrong" as they are."""
    if error is None:
        return Unavailable(_("No model can answer right now."), retry_after_s=5)
    if isinstance(error, ProviderRejected) or not isinstance(error, ProviderError):
        return error
    return Unavailable(
        _("The models that could answer this call are failing (%(why)s). Try again in a moment.")
        % {"why": error.message},
        retry_after_s=error.retry_after_s or 5,
    )

"""Which deployments can answer now: probes every few seconds, and a circuit breaker each."""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from costcontrol.lib import clock
from routing.providers import get_provider, missing_key
from routing.types import DeploymentSpec

PROBE_EVERY_S = 5.0
FAILURES_TO_OPEN = 5
OPEN_S = 30.0


@dataclass(slots=True)
class Breaker:
    """Opens after a row of failures; after a while lets one call through to see."""

    failures: int = 0
    open_until: float = 0.0
    why: str = ""
    since: datetime | None = None  # when it opened; None: it is closed

    @property
    def closes_in_s(self) -> float:
        """How long it stays open; 0 while it is closed. Only looks, and takes no trial away."""
        return max(0.0, self.open_until - time.monotonic())

    def refusal(self) -> str:
        now = time.monotonic()
        if now < self.open_until:
            return self.why
        if self.open_until:  # half open: this one call is the trial
            self.open_until = now + OPEN_S
        return ""

    def abandoned(self) -> None:
        """The trial call was given up by its caller: the next one may try."""
        if self.open_until:
            self.open_until = time.monotonic()

    def succeeded(self) -> None:
        self.failures, self.open_until, self.since = 0, 0.0, None

    def failed(self, why: str, *, at_once: bool = False) -> None:
        self.failures += 1
        if at_once or self.failures >= FAILURES_TO_OPEN or self.open_until:
            self.since = self.since if self.open_until else clock.now()
            self.open_until, self.why = time.monotonic() + OPEN_S, why


_breakers: dict[str, Breaker] = {}
_probes: dict[str, str] = {}
_probed_at = 0.0
_probing: asyncio.Task[dict[str, str]] | None = None


def forget_all() -> None:
    global _probed_at
    _breakers.clear()
    _probes.clear()
    _probed_at = 0.0


def breaker(name: str) -> Breaker:
    return _breakers.setdefault(name, Breaker())


async def problems(deployments: Iterable[DeploymentSpec]) -> dict[str, str]:
    """Why a deployment cannot answer, by name; those that can are not in it."""
    global _probing
    wanted = tuple(deployments)
    if any(d.name not in _probes for d in wanted):
        await probe(wanted)
    elif time.monotonic() - _probed_at > PROBE_EVERY_S and (_probing is None or _probing.done()):
        _probing = asyncio.create_task(probe(wanted))
    return {d.name: why for d in wanted if (why := _probes.get(d.name, ""))}


async def _probe(deployment: DeploymentSpec) -> str:
    """A deployment without its key is not asked: that would load the vendor's SDK for nothing."""
    return missing_key(deployment) or await get_provider(deployment.provider).probe(deployment)


async def probe(deployments: Iterable[DeploymentSpec]) -> dict[str, str]:
    """Ask every deployment now."""
    global _probed_at
    wanted = tuple(deployments)
    answers = await asyncio.gather(*map(_probe, wanted))
    _probes.update(zip((d.name for d in wanted), answers, strict=True))
    _probed_at = time.monotonic()
    return dict(_probes)

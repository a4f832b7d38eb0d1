"""One call on its way through the gateway: what was asked, by whom, and what was decided."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts.types import Caller
from billing.budgets import Rule, rules_of_call
from routing.snapshot import Snapshot
from routing.types import ChatRequest, Classified, Plan, Reuse
from routing.upgrades import next_up


@dataclass(slots=True)
class Times:
    """How long the steps before the hold took, in seconds; None: the call did not come to it."""

    limits: float | None = None
    cache: float | None = None
    policy: float | None = None

    @contextmanager
    def of(self, step: str) -> Iterator[None]:
        """Measure a step. One that is passed twice is added up."""
        begun = time.monotonic()
        try:
            yield
        finally:
            setattr(self, step, (getattr(self, step) or 0.0) + time.monotonic() - begun)

    def columns(self) -> dict[str, int | None]:
        return {
            f"{step}_ms": None if seconds is None else int(seconds * 1000)
            for step, seconds in (
                ("limits", self.limits), ("cache", self.cache), ("policy", self.policy)
            )
        }


@dataclass(frozen=True, slots=True)
class Share:
    """Its answer is one that others may be given too. `route`: who usually answers; `there`: how
    many variants there are, all of which this user has seen."""

    reuse: Reuse
    route: str
    key: str
    there: int = 0


@dataclass(frozen=True, slots=True)
class Call:
    """`at` is the one "now" of the call: its windows and its record use it."""

    id: UUID
    at: datetime
    request: ChatRequest
    caller: Caller
    classified: Classified
    snapshot: Snapshot
    plan: Plan
    share: Share | None = None  # None: its answer is this user's alone
    is_beyond: bool = False  # of a debate that was opened beyond the plan: it pays for all of it
    begun: float = field(default_factory=time.monotonic)
    times: Times = field(default_factory=Times)

    def rules(self, *, provider: str = "") -> list[Rule]:
        """Every limit it must fit in, with those of one provider when that is known."""
        caller = self.caller
        return rules_of_call(
            self.snapshot.book, tier=caller.tier, payer=caller.payer, user_id=caller.user_id,
            key_prefix=caller.key_prefix, provider=provider, debate_id=self.request.debate_id,
        )

    def upgrade(self) -> dict[str, Any]:
        """What a refusal may say of the next plan up."""
        caller = self.caller
        found = next_up(
            self.snapshot.plans, tier=caller.tier.name, may_buy=not caller.is_end_user
        )
        return {"upgrade": found} if found else {}

    @property
    def elapsed_ms(self) -> int:
        return int((time.monotonic() - self.begun) * 1000)

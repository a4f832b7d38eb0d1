"""What a debate holds and gives back: its place in the day's quota, and money for its calls.

Synchronous. The refusals are the gateway's: nothing is taken when one is raised.
"""

from datetime import datetime
from uuid import UUID

from accounts.types import Caller
from billing import debates
from billing.budgets import debates_rule
from billing.debates import Opener
from billing.gauge import Reading
from billing.holds import NoRoom
from routing import refusals
from routing.debates.estimates import BriefFacts as BriefFacts
from routing.debates.estimates import Estimate as Estimate
from routing.debates.estimates import StageEstimate as StageEstimate
from routing.debates.estimates import estimate as estimate
from routing.models import Debate
from routing.snapshot import Snapshot


def debate_open(
    debate: Debate, *, caller: Caller, snapshot: Snapshot, now: datetime
) -> tuple[Reading, ...]:
    """Take it from the quota and hold money, all or nothing. Readings of the quota, if any.

    Raises QuotaExceeded, BudgetExhausted, LanguageUnavailable or Unavailable.
    """
    rule = debates_rule(caller.tier, caller.payer)
    if rule is None:
        return ()
    try:
        return debates.take(rule, _opener(debate, caller), now=now)
    except NoRoom as full:
        raise refusals.of_no_room(full, now=now) from full


def stage_hold(
    debate: Debate, stage: str, *, caller: Caller, snapshot: Snapshot, now: datetime
) -> bool:
    """Hold money for a stage at its usual route; False: it goes on with smaller models.

    May be called before every turn: what is held already is only kept for longer.
    """
    return True


def draws_of(debate: Debate, stage: str) -> tuple[UUID, ...]:
    """The reservations that calls of this stage draw on, for `ChatRequest.draws_on`."""
    return ()


def debate_close(debate: Debate, *, now: datetime) -> None:
    """Release whatever is still held. Again: nothing."""


def quota_back(debate: Debate, *, now: datetime) -> bool:
    """Give the debate back to the quota, once. False: it had been, or never was taken."""
    return False


def _opener(debate: Debate, caller: Caller) -> Opener:
    return Opener(caller.payer, caller.user_id, str(debate.id), debate.id)



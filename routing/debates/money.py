"""What a debate holds and gives back: its place in the day's quota, and money for its calls.

Two holds: `stage` for the stage that is on, where its calls are usually answered, and `finish` for
all later ones, on the cheapest models that may do them. So a debate that has begun is finished even
when the budget closes. Synchronous. The refusals are the gateway's; see docs/debate-money.md.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from accounts import auth
from accounts.types import Caller
from billing import debate_holds, debates, gauge
from billing.debate_holds import Kept, Wanted
from billing.gauge import Reading
from billing.holds import NoRoom
from billing.ledger import StaleBook
from billing.models import UsageRecord
from billing.savings import TEMPLATE
from routing import holdout, tokens
from routing import snapshot as snapshots
from routing.debates.estimates import BriefFacts as BriefFacts
from routing.debates.estimates import Estimate as Estimate
from routing.debates.estimates import StageEstimate as StageEstimate
from routing.debates.estimates import estimate as estimate
from routing.debates.estimates import (
    finish_nanos,
    is_economy,
    money_rules_of,
    refusal_of,
    usual_nanos,
)
from routing.debates.openings import Opening, Source
from routing.debates.plan import STAGES
from routing.debates.routes import Routes
from routing.debates.shapes import steps_now
from routing.debates.sharing import is_shared
from routing.debates.sizes import Size, sizes_of
from routing.models import Debate, Turn
from routing.snapshot import Snapshot

STAGE, FINISH = "stage", "finish"
MADE = (UsageRecord.Outcome.COMPLETE, UsageRecord.Outcome.INCOMPLETE, UsageRecord.Outcome.CACHED)


def debate_open(
    debate: Debate, *, caller: Caller, snapshot: Snapshot, now: datetime
) -> tuple[Reading, ...]:
    """Take it from the quota and hold money, all or nothing. Readings of the quota, if any.

    Raises QuotaExceeded, BudgetExhausted, LanguageUnavailable or Unavailable.
    """
    try:
        return Holding(debate, caller, snapshot, now).open()
    except StaleBook:
        return debate_open(debate, caller=caller, snapshot=_newer(), now=now)
    except NoRoom as full:
        raise refusal_of(full, caller=caller, snapshot=snapshot, now=now) from full


def stage_hold(
    debate: Debate, stage: str, *, caller: Caller, snapshot: Snapshot, now: datetime
) -> bool:
    """Hold money for a stage at its usual route; False: it goes on with smaller models.

    May be called before every turn: what is held already is only kept for longer, and moved when
    the day has changed. Raises as `debate_open`, but not for want of room.
    """
    try:
        return Holding(debate, caller, snapshot, now).hold(stage)
    except StaleBook:
        return stage_hold(debate, stage, caller=caller, snapshot=_newer(), now=now)


def draws_of(debate: Debate, stage: str) -> tuple[UUID, ...]:
    """The reservations that calls of this stage draw on, for `ChatRequest.draws_on`."""
    return draws_among(kept_of(debate), stage)


def kept_of(debate: Debate) -> list[Kept]:
    """All that is held for it now."""
    return debate_holds.kept(debate.id)


def is_held_since(kept: Sequence[Kept], stage: str, moment: datetime) -> bool:
    """Money for this stage was held, or drawn on, since then."""
    return any(each.name == f"{STAGE}:{stage}" and each.is_as_of(moment) for each in kept)


def draws_among(kept: Sequence[Kept], stage: str) -> tuple[UUID, ...]:
    ids = {each.name: each.id for each in kept}
    return tuple(ids[name] for name in (f"{STAGE}:{stage}", FINISH) if name in ids)


def debate_close(debate: Debate, *, now: datetime) -> None:
    """Release whatever is still held. Again: nothing.

    The window of its quota is locked with the others, in order, for `quota_back` in the same
    transaction.
    """
    quota = debates.windows_of(debate.user_id, str(debate.id))
    debate_holds.release(debate.id, also=quota)


def quota_back(debate: Debate, *, now: datetime) -> bool:
    """Give the debate back to the quota, once, if nothing was made for it, or only from templates.
    False: it was not."""
    made = UsageRecord.objects.filter(
        debate_id=str(debate.id), user_id=debate.user_id, outcome__in=MADE
    ).exclude(cache_layer=TEMPLATE)
    if made.exclude(debate_id="").exists():  # said for SQLite, which else does not use the index
        return False
    return debates.give_back(debate.user_id, str(debate.id))


def _newer() -> Snapshot:
    """A budget was set since the caller's was loaded."""
    auth.forget_all()
    snapshots.forget()
    return snapshots.latest()


class Holding:
    """What one debate should hold now. Raises LanguageUnavailable, or why nobody can answer."""

    def __init__(
        self, debate: Debate, caller: Caller, snapshot: Snapshot, now: datetime
    ) -> None:
        rules = money_rules_of(caller, snapshot, debate_id=str(debate.id))
        readings = gauge.read(rules, now=now, is_kept=False)
        self.debate = debate
        self.opening = Opening(debate, caller, snapshot, rules, now)
        self.routes = Routes(
            caller=caller, snapshot=snapshot, language=debate.language,
            is_economy=is_economy(caller, snapshot, readings, now=now),
            is_alone=not is_shared(debate, "opening_statement"),
        )
        self.sizes = self._sizes(snapshot)
        if holdout.is_held_out(str(debate.id), tier=caller.tier, user_id=caller.user_id):
            self._hold_out()

    def open(self) -> tuple[Reading, ...]:
        """Nobody is refused, or pays, for being held out."""
        try:
            return self.opening.open(self.wanted(STAGES[0]))
        except NoRoom:
            if not self.routes.is_held_out:
                raise
        self._hold_out(is_on=False)
        return self.open()

    def _hold_out(self, *, is_on: bool = True) -> None:
        """Hold for the model of the baseline, out of the plan only; or as usual after all."""
        self.opening = replace(self.opening, is_plan_only=is_on)
        self.routes = self.routes.held_out(is_on=is_on)

    def hold(self, stage: str) -> bool:
        kept = {each.name: each for each in debate_holds.kept(self.debate.id)}
        wanted = self.wanted(stage)
        if not self._is_kept(kept, wanted) and not self._is_held(stage, wanted, kept):
            if not self.routes.is_held_out:
                return False
            self._hold_out(is_on=False)
            return self.hold(stage)
        debate_holds.release(self.debate.id, names=kept.keys() - {each.name for each in wanted})
        debate_holds.renew(self.debate.id)
        return True

    def wanted(self, stage: str) -> list[Wanted]:
        """For what is left of this stage, and to finish all that comes after it."""
        after = STAGES.index(stage) + 1
        now = [size for size in self.sizes if size.stage == stage]
        later = [size for size in self.sizes if STAGES.index(size.stage) >= after]
        return [
            Wanted(f"{STAGE}:{stage}", usual_nanos(self.routes, now)), self._finish(later)
        ]

    def _finish(self, sizes: Sequence[Size]) -> Wanted:
        return Wanted(FINISH, finish_nanos(self.routes, sizes), self.routes.ceilings(sizes))

    def _is_held(self, stage: str, wanted: Sequence[Wanted], kept: dict[str, Kept]) -> bool:
        """Hold anew, also in the room of stages that are over. Without room the finish stays, moved
        into today's windows if need be."""
        now = {f"{STAGE}:{stage}", FINISH}
        over = [Wanted(name, 0) for name in kept if name not in now]
        try:
            self.opening.hold([*wanted, *over])
        except NoRoom:
            self._keep_finish(kept, over)
            return False
        return True

    def _keep_finish(self, kept: dict[str, Kept], over: Sequence[Wanted]) -> None:
        finish = self._finish(self.sizes)
        if finish.amount and not self._is_kept(kept, [finish]):
            with suppress(NoRoom):  # what is held elsewhere may still help
                self.opening.hold([finish, *over])
        debate_holds.release(self.debate.id, names=[each.name for each in over])
        debate_holds.renew(self.debate.id)  # last: windows are locked before reservations

    def _is_kept(self, kept: dict[str, Kept], wanted: Sequence[Wanted]) -> bool:
        """All that should be held is, in the windows of today. Less of it: calls drew on it."""
        names = [each.name for each in wanted if each.amount]
        if not self.opening.rules or not names:
            return True
        if not all(name in kept for name in names):
            return False
        return all(self._lies_well(kept[name]) for name in names)

    def _lies_well(self, kept: Kept) -> bool:
        return any(_is_of(source, kept) for source in self.opening.sources())

    def _sizes(self, snapshot: Snapshot) -> list[Size]:
        """The calls that are still to be made."""
        turns = Turn.objects.filter(debate=self.debate, status=Turn.Status.COMPLETED)
        done = set(turns.values_list("step", flat=True))
        steps = steps_now(
            self.debate, snapshot=snapshot,
            has_search=not self.debate.is_lean and self.routes.has_search,
        )
        sizes = sizes_of(
            steps, language=self.debate.language, kinds=snapshot.kinds,
            context_tokens=tokens.count(self.debate.context) if self.debate.context else 0,
        )
        return [size for size in sizes if size.step not in done]


def _is_of(source: Source, kept: Kept) -> bool:
    return source.paid_from == kept.paid_from and source.ids == kept.windows

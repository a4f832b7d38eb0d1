"""Opening a debate: money for its first stage, money to finish it, and its place in the quota, in
one transaction. The plan pays, or the first other purse that has room for all of it.

All windows are locked first and in the ledger's order; what is asked one after the other then
cannot meet another caller the wrong way round.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from accounts.types import Caller
from billing import credits, debate_holds, debates, gauge
from billing.budgets import Rule, WindowRef, debates_rule
from billing.debate_holds import Wanted
from billing.debates import Opener
from billing.gauge import Reading
from billing.holds import NoRoom
from billing.ledger import Room
from billing.models import Window
from billing.payment import is_all_used_up
from billing.purses import PaidFrom, Purse, purses_of
from routing.models import Debate
from routing.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Source:
    """Where money is held: the plan's windows, or those that hold for everybody and a purse."""

    windows: tuple[WindowRef, ...]
    purse: Purse | None = None

    @property
    def paid_from(self) -> str:
        return self.purse.paid_from if self.purse else PaidFrom.PLAN

    @property
    def ids(self) -> frozenset[int]:
        return frozenset(ref.id for ref in self.windows)


@dataclass(frozen=True, slots=True)
class Opening:
    """One debate that looks for money. `rules`: every limit of money that it falls in.

    `is_plan_only`: no credit is touched for it, nor use beyond the plan."""

    debate: Debate
    caller: Caller
    snapshot: Snapshot
    rules: Sequence[Rule]
    now: datetime
    is_plan_only: bool = False

    def open(self, wanted: Sequence[Wanted]) -> tuple[Reading, ...]:
        """Readings of the quota. Raises NoRoom, with nothing taken, or StaleBook."""
        rule = debates_rule(self.caller.tier, self.caller.payer)
        quota = self._windows([rule])[0] if rule else None
        self._from_first(wanted, quota)
        return gauge.read([rule], now=self.now, is_kept=False) if rule else ()

    def hold(self, wanted: Sequence[Wanted]) -> None:
        """Hold these anew, or leave all as it is. Raises NoRoom or StaleBook."""
        self._from_first(wanted, None)

    def sources(self) -> Iterator[Source]:
        """The plan, then what else may pay. Asked one by one: the purses cost a query."""
        in_plan = self._windows(self.rules)
        yield Source(in_plan)
        if self.is_plan_only:
            return
        payer, version = self.caller.payer, self.snapshot.book.version
        for purse in purses_of(payer, book_version=version, now=self.now):
            ref = self._windows([purse.rule])[0]
            kept = tuple(ref for ref in in_plan if not ref.rule.is_quota)
            yield Source((*kept, ref), purse)

    def _windows(self, rules: Sequence[Rule]) -> tuple[WindowRef, ...]:
        """Whoever opens a debate or begins a turn may be in a transaction that rolls back."""
        return gauge.windows(rules, now=self.now, is_kept=False)

    def _from_first(self, wanted: Sequence[Wanted], quota: WindowRef | None) -> None:
        """From the first source that has room. What the plan says of itself is told, if none."""
        told = None
        for source in self.sources():
            try:
                return self._take(source, wanted, quota)
            except NoRoom as full:
                if not _may_go_on(full):
                    raise
                told = told or full
        assert told is not None
        raise told

    @transaction.atomic
    def _take(self, source: Source, wanted: Sequence[Wanted], quota: WindowRef | None) -> None:
        self._lock(source, quota)
        debate_holds.hold(
            self.debate.id, wanted, windows=source.windows, paid_from=source.paid_from,
            book_version=self.snapshot.book.version,
        )
        if quota is not None:
            self._count(quota, may_be_beyond=source.purse is not None)

    def _lock(self, source: Source, quota: WindowRef | None) -> None:
        held = {pk for kept in debate_holds.kept(self.debate.id) for pk in kept.windows}
        ids = held | source.ids | ({quota.id} if quota else set())
        rows = Window.objects.filter(pk__in=ids).order_by("rank", "pk").select_for_update()
        windows = {window.pk: window for window in rows}
        if source.purse and source.paid_from == PaidFrom.CREDIT:
            self._close_ended(source.purse, source.windows[-1], windows[source.windows[-1].id])

    def _close_ended(self, purse: Purse, ref: WindowRef, window: Window) -> None:
        """Credit that has ended goes first, as for every call on credit."""
        credits.close_ended(window, customer_id=purse.customer_id, now=self.now)
        if window.cap <= window.spent:
            raise NoRoom([ref], (Room(window.pk, window.cap, window.spent, window.held),))

    def _count(self, quota: WindowRef, *, may_be_beyond: bool) -> None:
        opener = Opener(
            self.caller.payer, self.caller.user_id, str(self.debate.id), self.debate.id
        )
        try:
            is_beyond = debates.count(quota, opener)
        except NoRoom:
            if not may_be_beyond:
                raise
            is_beyond = debates.open_beyond(opener)
        debates.remember(opener, is_beyond=is_beyond)


def _may_go_on(full: NoRoom) -> bool:
    """Another purse can stand in for the plan's own windows, and for a purse that is used up."""
    return is_all_used_up(full) or any(window.rule.is_quota for window in full.windows)

"""One day of past calls, decided twice: by the rules of then, and by the changed ones.

The first shows how far a replay can be trusted: where it comes to what was booked, the second one
differs by the changes alone. All state between days is plain JSON, so a run goes on after a restart
with the day that it was at.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings

from routing.whatif.changes import Changes
from routing.whatif.decide import NOBODY, Decided, Gap, Player
from routing.whatif.limits import Days
from routing.whatif.quotas import Debates, opened_before
from routing.whatif.rows import Outcome, PastCall, Row, calls_between
from routing.whatif.rules import Rules
from routing.whatif.tally import CACHE, REFUSED, Fate, Tally, fate_then
from routing.whatif.world import World

PULSE_CALLS = 2_000
BY_NO_MODEL = (CACHE, REFUSED)


@dataclass
class Figures:
    """`then`: as booked; `same`: replayed by the rules of then; `now`: with the changes.

    `gaps`: calls that could not be replayed, by what is missing; they stay as they were. `strange`:
    calls that today's models and plans would have sent elsewhere under the table of then. `moves`:
    by "from>to".
    """

    then: Tally = field(default_factory=Tally)
    same: Tally = field(default_factory=Tally)
    now: Tally = field(default_factory=Tally)
    gaps: Counter[str] = field(default_factory=Counter)
    moves: Counter[str] = field(default_factory=Counter)
    strange: int = 0

    def as_json(self) -> dict[str, Any]:
        return {
            "then": self.then.as_json(), "same": self.same.as_json(), "now": self.now.as_json(),
            "gaps": dict(self.gaps), "moves": dict(self.moves), "strange": self.strange,
        }

    @classmethod
    def of_json(cls, said: Mapping[str, Any]) -> "Figures":
        then, same, now = (Tally.of_json(said.get(name, {})) for name in ("then", "same", "now"))
        return cls(
            then, same, now, Counter(said.get("gaps", {})), Counter(said.get("moves", {})),
            said.get("strange", 0),
        )


class Play:
    """`state`: what another process left between two days."""

    def __init__(
        self, world: World, changes: Changes, figures: Figures, state: Mapping[str, Any]
    ) -> None:
        self.figures = figures
        self._days = [Days.of_json(state.get(name, ())) for name in ("same", "now")]
        self._debates = Debates(
            state.get("refused"), opened=state.get("opened", 0), nanos=state.get("nanos", 0)
        )
        self._counts_debates = any("debates_per_day" in each for each in changes.tiers.values())
        then = Rules(world)
        self._same = Player(
            then, then, tally=figures.same, days=self._days[0], debates=Debates()
        )
        self._now = Player(
            Rules(world, changes), then, tally=figures.now, days=self._days[1],
            debates=self._debates,
        )

    def state(self) -> dict[str, Any]:
        return {
            "same": self._days[0].as_json(), "now": self._days[1].as_json(),
            "refused": self._debates.refused, "opened": self._debates.opened,
            "nanos": self._debates.nanos,
        }

    @property
    def debate_nanos(self) -> int | None:
        """What a debate cost then, on average, of plans whose number of debates is changed."""
        return self._debates.average

    def day(self, start: datetime, end: datetime, *, pulse: Callable[[int], None]) -> None:
        """`pulse` is told now and then how many calls it has come to; it may raise to stop."""
        earlier = opened_before(start, end) if self._counts_debates else ()
        self._debates.begin(earlier)
        number = 0
        for number, call in enumerate(calls_between(start, end), start=1):
            self._call(call)
            if number % PULSE_CALLS == 0:
                pulse(number)
        self._forget(end)
        pulse(number)

    def _forget(self, end: datetime) -> None:
        """In zones that are behind, this day is still on, and its windows are open."""
        day = end.astimezone(ZoneInfo(settings.DEFAULT_ZONE)).date() - timedelta(days=1)
        for days in self._days:
            days.forget_before(day)
        self._debates.forget_before(day)

    def _call(self, call: PastCall) -> None:
        row, then = call.last, fate_then(call)
        if row is None:
            for tally in (self.figures.then, self.figures.same, self.figures.now):
                tally.orphan(then.cost_nanos)
            return
        self.figures.then.add(row, then)
        same, now = self._decided(call, row)
        self._same.book(call, row, same.fate)
        self._now.book(call, row, now.fate)
        self._note(row, same, now)

    def _decided(self, call: PastCall, row: Row) -> tuple[Decided, Decided]:
        try:
            same = self._same.decide(call, row, None)
            return same, self._now.decide(call, row, same.passed or NOBODY)
        except Gap as gap:
            self.figures.gaps[str(gap)] += 1
            booked = Decided(fate_then(call))
            return booked, booked

    def _note(self, row: Row, same: Decided, now: Decided) -> None:
        was_answered = row.outcome not in (Outcome.CACHED, Outcome.REFUSED)
        self.figures.strange += was_answered and same.passed is None
        if _place(same.fate) != _place(now.fate):
            self.figures.moves[f"{same.fate.group}>{now.fate.group}"] += 1


def _place(fate: Fate) -> str:
    return fate.group if fate.group in BY_NO_MODEL else fate.deployment

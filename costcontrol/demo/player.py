"""`python -m costcontrol.demo.player`: plays a part of the days. Started by `players.py`.

Reads its order as a JSON line, says now and then how far it is, and at last what became of it.
"""

import asyncio
import gc
import json
import os
import sys
import time
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "costcontrol.settings")
if __name__ == "__main__":
    django.setup(set_prefix=False)

from costcontrol.demo import script
from costcontrol.demo.replay import Day, Replay
from costcontrol.demo.scenario import Scenario
from costcontrol.demo.timetravel import ContextLoop, simulated_database_clock
from costcontrol.lib import database
from routing import providers, tokens

SAYS_EVERY_S = 0.2


@dataclass(frozen=True, slots=True)
class Order:
    """Which part of which scenario. `now` as ISO text, so that it can be sent."""

    now: str
    seed: str
    days: int
    debates_a_day: float
    part: int
    parts: int
    address: str
    secrets: dict[str, str]

    @property
    def scenario(self) -> Scenario:
        now = datetime.fromisoformat(self.now)
        return Scenario(now, self.seed, self.days, self.debates_a_day)


@dataclass(frozen=True, slots=True)
class Played:
    """What became of a part."""

    outcomes: dict[str, int]
    rows: int
    differences: list[str]


class Teller:
    """Says how far we are, not too often."""

    def __init__(self) -> None:
        self._done = self._days = 0
        self._said_at = 0.0

    def step(self) -> None:
        self._done += 1
        if time.monotonic() - self._said_at > SAYS_EVERY_S:
            self._say()

    def day_done(self) -> None:
        self._days += 1
        self._say()

    def _say(self) -> None:
        self._said_at = time.monotonic()
        say(done=self._done, days=self._days)


def say(**what: Any) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def part_of(days: list[Day], *, part: int, parts: int) -> list[Day]:
    """Days that follow one another, with an equal share of the calls."""
    total, before = sum(map(_calls, days)), 0
    mine = []
    for day in days:
        if min(parts - 1, before * parts // max(1, total)) == part:
            mine.append(day)
        before += _calls(day)
    return mine


def _calls(day: Day) -> int:
    return sum(len(lane) for lane in day[1])


def play(order: Order) -> Played:
    days = part_of(list(script.days(order.scenario)), part=order.part, parts=order.parts)
    replay = Replay(f"{order.address}/control/{order.part}", order.secrets, Teller())
    tokens.warm_up()
    providers.warm_up()
    gc.freeze()  # what is loaded now stays: no collection needs to look at it again
    with simulated_database_clock(), asyncio.Runner(loop_factory=ContextLoop) as runner:
        try:
            runner.run(replay.run(days))
        finally:
            database.close_threads()
    return Played(replay.outcomes, replay.stamps.rows, replay.stamps.differences)


if __name__ == "__main__":
    say(played=asdict(play(Order(**json.loads(sys.stdin.readline())))))

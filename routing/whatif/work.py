"""Working on runs, a day at a time. Whoever does has a lease; who dies leaves the day undone.

What is known so far stands in the row after each day, so another process goes on from there. While
a day is played the lease is moved on now and then, which is also where a stop is noticed.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Q

from billing.reports.ranges import day_span
from costcontrol.lib import clock
from routing.models import WhatIfRun
from routing.whatif.changes import Changes
from routing.whatif.outcome import frozen
from routing.whatif.play import Figures, Play
from routing.whatif.rows import count_between
from routing.whatif.world import world_load

LEASE = timedelta(minutes=2)
State = WhatIfRun.State
log = logging.getLogger(__name__)


class Lost(Exception):
    """Somebody stopped the run, or another process has it by now."""


@dataclass
class Held:
    """A run in our hands. Each write says which lease it holds, and fails when it is not ours."""

    run: WhatIfRun
    lease: datetime

    def write(self, **columns: Any) -> None:
        lease = clock.now() + LEASE
        columns = {"lease_until": lease} | columns
        if not self._mine().update(**columns):
            raise Lost
        self.lease = lease

    def pulse(self, before: int) -> Callable[[int], None]:
        return lambda number: self.write(done=before + number)

    def end(self, state: str, **columns: Any) -> None:
        self.write(state=state, ended_at=clock.now(), lease_until=None, **columns)

    def _mine(self) -> Any:
        return WhatIfRun.objects.filter(
            pk=self.run.pk, state=State.RUNNING, lease_until=self.lease
        )


def work() -> int:
    """All that waits, and all whose worker died. How many ended."""
    ended = 0
    while (run := _next()) is not None:
        ended += advance(run)
    return ended


def _next() -> WhatIfRun | None:
    is_left = Q(state=State.RUNNING, lease_until__lt=clock.now())
    waiting = WhatIfRun.objects.filter(Q(state=State.WAITING) | is_left)
    return waiting.order_by("made_at", "pk").first()


def advance(run: WhatIfRun) -> bool:
    """Take it and play it to its end. False: somebody else has it, or it was stopped."""
    held = _claim(run)
    if held is None:
        return False
    try:
        _play(held)
    except Lost:
        return False
    except Exception:
        _fail(held)
    return True


def _claim(run: WhatIfRun) -> Held | None:
    lease = clock.now() + LEASE
    same = WhatIfRun.objects.filter(pk=run.pk, state=run.state, lease_until=run.lease_until)
    if not same.update(state=State.RUNNING, lease_until=lease):
        return None
    run.refresh_from_db()
    return Held(run, lease)


def _play(held: Held) -> None:
    run = held.run
    changes = Changes.of_json(run.changes)
    figures = Figures.of_json(run.result.get("figures", {}))
    state, done = run.result.get("state", {}), run.done
    if not run.total:
        held.write(total=count_between(run.start, run.end))
    play = Play(world_load(start=run.start, end=run.end), changes, figures, state)
    for start, end in days_of(_begun(run), run.end):
        play.day(start, end, pulse=held.pulse(done))
        done = figures.then.calls
        held.write(done=done, result={
            "until": end.isoformat(), "figures": figures.as_json(), "state": play.state(),
        })
    held.end(State.DONE, done=done, total=done, result=frozen(
        figures, changes, debate_nanos=play.debate_nanos, now=clock.now()
    ))


def _begun(run: WhatIfRun) -> datetime:
    until = run.result.get("until")
    return datetime.fromisoformat(until) if until else run.start


def days_of(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Cut at midnights of the server's zone, where quotas begin anew."""
    zone = settings.DEFAULT_ZONE
    while start < end:
        day = day_span(start.astimezone(ZoneInfo(zone)).date(), zone)
        after = min(day.end, end)
        yield start, after
        start = after


def _fail(held: Held) -> None:
    """What happened stands in the log; the page says where to look."""
    reference = uuid4().hex[:8]
    log.exception("what-if run %d failed, reference %s", held.run.pk, reference)
    try:
        held.end(State.FAILED, failure=reference, result={})
    except Lost:
        log.info("what-if run %d was stopped meanwhile", held.run.pk)

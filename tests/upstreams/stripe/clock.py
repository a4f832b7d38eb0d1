"""The fake's own time, and what is due in it. It stands still if it was set, else runs with the
machine's; in both cases it can be moved on, never back."""

import heapq
import time
from collections.abc import Callable
from itertools import count


class Clock:
    """`look` is called with the id of what is due, in order of time; it finds out what is to do."""

    def __init__(self, *, stands_at: int | None = None) -> None:
        self._stands = stands_at is not None
        self._start = stands_at or 0
        self.moved = 0
        self._due_now: int | None = None  # while the past is caught up with
        self._reached = 0
        self.agenda: list[tuple[int, int, str]] = []
        self._order = count(time.time_ns())  # also after what was kept in a file

    @property
    def now(self) -> int:
        return self._target() if self._due_now is None else self._due_now

    def at(self, when: int, id: str) -> None:
        heapq.heappush(self.agenda, (when, next(self._order), id))

    def advance(self, seconds: int, look: Callable[[str], None]) -> None:
        self.moved += seconds
        self.catch_up(look)

    def catch_up(self, look: Callable[[str], None]) -> None:
        target = self._target()
        while self.agenda and self.agenda[0][0] <= target:
            when, _, id = heapq.heappop(self.agenda)
            self._due_now = self._reached = max(when, self._reached)
            try:
                look(id)
            finally:
                self._due_now = None
        self._reached = target

    def _target(self) -> int:
        return (self._start if self._stands else int(time.time())) + self.moved

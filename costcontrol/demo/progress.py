"""How far the replay is: a bar on a terminal, a line every few days elsewhere."""

import time
from datetime import date
from typing import Protocol

BAR = 28
LINES = 10


class Stream(Protocol):
    def write(self, text: str, /) -> object: ...
    def flush(self) -> object: ...
    def isatty(self) -> bool: ...


class Progress:
    def __init__(self, stream: Stream, *, calls: int, days: int) -> None:
        self._stream, self._calls, self._days = stream, max(1, calls), days
        self._is_bar = stream.isatty()
        self._begun = time.monotonic()
        self._shown_at = 0.0
        self._day = 0
        self.done = 0

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._begun

    def step(self, day: date) -> None:
        """One call was played."""
        self.done += 1
        if self._is_bar and time.monotonic() - self._shown_at > 0.1:
            self._shown_at = time.monotonic()
            self._write(f"\r{self._bar()} {self._line(day)} ")

    def day_done(self, day: date) -> None:
        self._day += 1
        is_due = self._day * LINES // self._days > (self._day - 1) * LINES // self._days
        if not self._is_bar and is_due:
            self._write(f"  {self._line(day)}\n")

    def end(self) -> None:
        if self._is_bar:
            self._write("\r" + " " * 78 + "\r")

    def _line(self, day: date) -> str:
        speed = self.done / max(0.001, self.seconds)
        left = (self._calls - self.done) / max(1.0, speed)
        return (
            f"{day:%Y-%m-%d}  {self.done:,} of {self._calls:,} calls  {speed:.0f}/s  "
            f"{left:.0f} s left"
        )

    def _bar(self) -> str:
        full = min(BAR, self.done * BAR // self._calls)
        return "█" * full + "░" * (BAR - full)

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()

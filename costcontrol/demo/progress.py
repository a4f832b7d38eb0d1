"""How far the replay is: a bar on a terminal, a line every few days elsewhere."""

import time
from typing import Protocol

BAR = 28
LINES = 10
SHOWN_EVERY_S = 0.1


class Stream(Protocol):
    def write(self, text: str, /) -> object: ...
    def flush(self) -> object: ...
    def isatty(self) -> bool: ...


class Progress:
    """Added up over the players."""

    def __init__(self, stream: Stream, *, calls: int, days: int) -> None:
        self._stream, self._calls, self._days = stream, max(1, calls), max(1, days)
        self._is_bar = stream.isatty()
        self._begun = time.monotonic()
        self._shown_at = 0.0
        self._lines = 0
        self._told: dict[int, tuple[int, int]] = {}  # calls and days of each player

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._begun

    def tell(self, player: int, *, done: int, days: int) -> None:
        self._told[player] = (done, days)
        if not self._is_bar:
            self._line_if_due()
        elif time.monotonic() - self._shown_at > SHOWN_EVERY_S:
            self._shown_at = time.monotonic()
            self._write(f"\r{self._bar()} {self._text()} ")

    def end(self) -> None:
        if self._is_bar:
            self._write("\r" + " " * 100 + "\r")

    def _line_if_due(self) -> None:
        lines = self._sum(1) * LINES // self._days
        if lines > self._lines:
            self._lines = lines
            self._write(f"  {self._text()}\n")

    def _sum(self, which: int) -> int:
        return sum(told[which] for told in self._told.values())

    def _text(self) -> str:
        done = self._sum(0)
        speed = done / max(0.001, self.seconds)
        left = (self._calls - done) / max(1.0, speed)
        return (
            f"day {self._sum(1)} of {self._days}  {done:,} of {self._calls:,} calls  "
            f"{speed:.0f}/s  {left:.0f} s left"
        )

    def _bar(self) -> str:
        full = min(BAR, self._sum(0) * BAR // self._calls)
        return "█" * full + "░" * (BAR - full)

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()

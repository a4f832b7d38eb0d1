"""How far a replay is: a bar on a terminal, a line each tenth elsewhere."""

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

    def __init__(self, stream: Stream, *, title: str, debates: int) -> None:
        self._stream, self._title, self._debates = stream, title, max(1, debates)
        self._is_bar = stream.isatty()
        self._begun = time.monotonic()
        self._shown_at = 0.0
        self._lines = 0
        self._told: dict[int, tuple[int, int]] = {}  # debates and calls of each player

    def tell(self, player: int, *, debates: int, calls: int) -> None:
        self._told[player] = (debates, calls)
        if not self._is_bar:
            self._line_if_due()
        elif time.monotonic() - self._shown_at > SHOWN_EVERY_S:
            self._shown_at = time.monotonic()
            self._write(f"\r{self._bar()} {self._text()} ")

    def end(self) -> None:
        if self._is_bar:
            self._write("\r" + " " * 100 + "\r")

    def _line_if_due(self) -> None:
        lines = self._sum(0) * LINES // self._debates
        if lines > self._lines:
            self._lines = lines
            self._write(f"  {self._text()}\n")

    def _sum(self, which: int) -> int:
        return sum(told[which] for told in self._told.values())

    def _text(self) -> str:
        debates, calls = self._sum(0), self._sum(1)
        seconds = max(0.001, time.monotonic() - self._begun)
        left = (self._debates - debates) * seconds / max(1, debates)
        return (
            f"{self._title}: {debates:,} of {self._debates:,} debates, {calls:,} calls  "
            f"{calls / seconds:.0f}/s  {left:.0f} s left"
        )

    def _bar(self) -> str:
        full = min(BAR, self._sum(0) * BAR // self._debates)
        return "█" * full + "░" * (BAR - full)

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
